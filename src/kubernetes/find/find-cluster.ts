/**
 * Finds a cluster in a namespace, from its StatefulSet. Everything here only reads.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type {
  ConfigMap,
  KubernetesObject,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  StatefulSet,
} from '../api/kubernetes-objects.ts';
import {
  containerEnvironment,
  referencesOf,
  type ContainerVariable,
  type ReferencedObjects,
} from './container-environment.ts';
import { databaseContainer, type Container } from './database-container.ts';
import { claimName, describeCluster, ordinalOf } from './describe-cluster.ts';
import type { ClusterObjects, KubernetesCluster } from './kubernetes-cluster.ts';
import { readLoginFiles } from './login-files.ts';
import type { PatroniObjectsRead } from './patroni-in-namespace.ts';
import { objectNames, patroniNames, type PatroniNames } from './patroni-names.ts';
import { askRunningServer } from './running-server.ts';

/** What the operator named. */
export interface ClusterChoice {
  readonly statefulSet?: string;
  /** Patroni's scope, where that is what is known. */
  readonly scope?: string;
  /** Asked for one that is not there (of that name, or of any): as it was before somebody at work removed it. */
  readonly whenGone?: (api: KubernetesApi, name: string | undefined) => Promise<StatefulSet | undefined>;
}

/** A cluster, with what pods are made of. */
export interface FoundCluster {
  readonly cluster: KubernetesCluster;
  readonly objects: ClusterObjects;
  readonly container: Container;
  /** Variables with their values: hold secrets, never shown. */
  readonly environment: ReadonlyMap<string, ContainerVariable>;
  /** Users and passwords that the container has as files, by the variable that such a file stands for: never shown. */
  readonly files: ReadonlyMap<string, ContainerVariable>;
  /** Of the container whose variables name the archive; the same as {@link environment} where that is the database's. */
  readonly archive:
    | { readonly container: Container; readonly environment: ReadonlyMap<string, ContainerVariable> }
    | undefined;
}

const ARCHIVE_VARIABLE = /^(?:WAL[EG]_\w+_PREFIX|WAL_(?:S3|GS|GCS)_BUCKET|WALKBACK_ARCHIVE)$/;

async function listStatefulSets(api: KubernetesApi, isEverywhere = false): Promise<StatefulSet[]> {
  const kind = { apiVersion: 'apps/v1', kind: 'StatefulSet' };
  const all = await api.list<StatefulSet>(isEverywhere ? { ...kind, namespace: '*' } : kind);
  return all.filter((one) => databaseContainer(one) !== undefined);
}

/** The StatefulSets that run PostgreSQL, of the namespace or of all that may be read. */
export async function listClusters(api: KubernetesApi, isEverywhere: boolean): Promise<readonly StatefulSet[]> {
  return listStatefulSets(api, isEverywhere);
}

function nameOf({ metadata }: KubernetesObject): string {
  return metadata?.name ?? '';
}

function chooseOne(found: readonly StatefulSet[], { where }: KubernetesApi, asked: string): StatefulSet {
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const names = found.map(nameOf).join(', ');
  throw new Failure('usage', {
    message:
      first === undefined
        ? `cannot find a cluster in namespace ${where.namespace}: no StatefulSet there ${asked}`
        : `cannot tell which cluster is meant: ${found.length} StatefulSets in namespace ${where.namespace} ${asked}`,
    remedy:
      first === undefined
        ? `Name another namespace with --namespace, or look at all of them: walkback cluster list --all-namespaces`
        : `Name one: --statefulset ${nameOf(first)}`,
    facts: [`context ${where.context}, server ${where.server}`, ...(names === '' ? [] : [`there are: ${names}`])],
  });
}

async function findStatefulSet(api: KubernetesApi, choice: ClusterChoice): Promise<StatefulSet> {
  if (choice.statefulSet !== undefined) {
    const found = await api.get<StatefulSet>({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: choice.statefulSet });
    const whole = found ?? (await choice.whenGone?.(api, choice.statefulSet));
    if (whole !== undefined) return whole;
    const others = await listStatefulSets(api).catch(() => []);
    throw new Failure('usage', {
      message: `cannot find StatefulSet ${choice.statefulSet}: there is none in namespace ${api.where.namespace}`,
      remedy: 'Correct --statefulset, or name another namespace with --namespace, or another cluster with --context.',
      facts: [
        `context ${api.where.context}, server ${api.where.server}`,
        ...(others.length === 0 ? [] : [`there are: ${others.map(nameOf).join(', ')}`]),
      ],
    });
  }
  const all = await listStatefulSets(api);
  const gone = all.length === 0 ? await choice.whenGone?.(api, undefined) : undefined;
  if (gone !== undefined) return gone;
  if (choice.scope === undefined) return chooseOne(all, api, 'runs PostgreSQL');
  const ofScope = all.filter((one) => scopeIn(databaseContainer(one)) === choice.scope);
  return chooseOne(ofScope, api, `has the scope ${choice.scope}`);
}

/** Of the specification alone: what is in a ConfigMap is not seen here. */
function scopeIn(container: Container | undefined): string | undefined {
  const literal = (name: string): string | undefined => container?.env?.find((one) => one.name === name)?.value;
  return literal('PATRONI_SCOPE') ?? literal('SCOPE');
}

/** What is read, or why it could not be. */
async function readOrWhy<T extends KubernetesObject>(
  api: KubernetesApi,
  kind: string,
  name: string,
): Promise<T | string | undefined> {
  try {
    return await api.get<T>({ apiVersion: 'v1', kind, name });
  } catch (error) {
    if (isFailure(error, 'denied')) return 'this user may not read it';
    throw error;
  }
}

async function readReferences(api: KubernetesApi, containers: readonly Container[]): Promise<ReferencedObjects> {
  const names = containers.map(referencesOf);
  const readAll = async <T extends KubernetesObject>(kind: string, wanted: readonly string[]) =>
    new Map(
      await Promise.all([...new Set(wanted)].map(async (name) => [name, await readOrWhy<T>(api, kind, name)] as const)),
    );
  const [secrets, configMaps] = await Promise.all([
    readAll<Secret>(
      'Secret',
      names.flatMap((one) => one.secrets),
    ),
    readAll<ConfigMap>(
      'ConfigMap',
      names.flatMap((one) => one.configMaps),
    ),
  ]);
  return { secrets, configMaps };
}

async function podsOf(api: KubernetesApi, statefulSet: StatefulSet): Promise<Pod[]> {
  const labels = Object.entries(statefulSet.spec?.selector.matchLabels ?? {}).map(
    ([name, value]) => `${name}=${value}`,
  );
  const pods = await api.list<Pod>({ apiVersion: 'v1', kind: 'Pod' }, { labels: labels.join(',') });
  const name = nameOf(statefulSet);
  return pods
    .filter((pod) => ordinalOf(name, pod.metadata?.name) !== undefined)
    .toSorted((a, b) => (ordinalOf(name, nameOf(a)) ?? 0) - (ordinalOf(name, nameOf(b)) ?? 0));
}

/** By exact names; those of ordinals that a scale-down left behind too, where claims may be listed. */
async function claimsOf(api: KubernetesApi, statefulSet: StatefulSet): Promise<PersistentVolumeClaim[]> {
  const templates = (statefulSet.spec?.volumeClaimTemplates ?? []).map(nameOf);
  const name = nameOf(statefulSet);
  const kind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
  const isOurs = (claim: PersistentVolumeClaim): boolean =>
    templates.some((template) => ordinalOf(`${template}-${name}`, claim.metadata?.name) !== undefined);
  try {
    return (await api.list<PersistentVolumeClaim>(kind)).filter(isOurs);
  } catch (error) {
    if (!isFailure(error, 'denied')) throw error;
  }
  const ordinals = Array.from({ length: Math.max(1, statefulSet.spec?.replicas ?? 1) }, (_, ordinal) => ordinal);
  const wanted = templates.flatMap((template) => ordinals.map((ordinal) => claimName(template, name, ordinal)));
  const read = await Promise.all(wanted.map(async (one) => api.get<PersistentVolumeClaim>({ ...kind, name: one })));
  return read.filter((claim) => claim !== undefined);
}

async function volumesOf(
  api: KubernetesApi,
  claims: readonly PersistentVolumeClaim[],
): Promise<{ readonly volumes: PersistentVolume[]; readonly canReadVolumes: boolean }> {
  const names = claims.flatMap(({ spec }) =>
    spec?.volumeName === undefined || spec.volumeName === '' ? [] : [spec.volumeName],
  );
  try {
    const ref = { apiVersion: 'v1', kind: 'PersistentVolume' };
    const read = await Promise.all(names.map(async (name) => api.get<PersistentVolume>({ ...ref, name })));
    return { volumes: read.filter((volume) => volume !== undefined), canReadVolumes: true };
  } catch (error) {
    if (isFailure(error, 'denied')) return { volumes: [], canReadVolumes: false };
    throw error;
  }
}

async function readPatroniObjects(api: KubernetesApi, names: PatroniNames): Promise<PatroniObjectsRead> {
  const called = objectNames(names);
  const read = async (name: string): Promise<KubernetesObject | undefined> =>
    api.get<KubernetesObject>({ apiVersion: 'v1', kind: names.kind, name });
  const [config, leader, failover, sync] = await Promise.all([
    read(called.config),
    read(called.leader),
    read(called.failover),
    read(called.sync),
  ]);
  return { config, leader, failover, sync };
}

/** Variables may leave the kind open to what people add to Patroni's configuration: then what is there decides. */
async function readPatroni(api: KubernetesApi, given: PatroniNames | undefined) {
  if (given === undefined) return undefined;
  const read = await readPatroniObjects(api, given);
  if (read.config !== undefined) return { names: given, read };
  const other: PatroniNames = { ...given, kind: given.kind === 'ConfigMap' ? 'Endpoints' : 'ConfigMap' };
  const elsewhere = await readPatroniObjects(api, other).catch(() => undefined);
  return elsewhere?.config === undefined ? { names: given, read } : { names: other, read: elsewhere };
}

function refuseUnknown(statefulSet: StatefulSet, { where }: KubernetesApi): Failure {
  return new Failure('refused', {
    message: `cannot use StatefulSet ${nameOf(statefulSet)} of namespace ${where.namespace}: none of its containers looks like PostgreSQL`,
    remedy: 'Name the StatefulSet of the database: walkback cluster list',
  });
}

/** What a pod would say of itself where none is: enough for its namespace and its labels. */
function expectedPod({ spec }: StatefulSet, namespace: string): Pod {
  const { labels, annotations } = spec?.template.metadata ?? {};
  return { metadata: { namespace, ...(labels && { labels }), ...(annotations && { annotations }) } };
}

/** Finds it. @throws {Failure} `usage` if none, or more than one, is meant; `denied` for what has to be read. */
export async function findCluster(api: KubernetesApi, choice: ClusterChoice): Promise<FoundCluster> {
  const statefulSet = await findStatefulSet(api, choice);
  const container = databaseContainer(statefulSet);
  if (container === undefined) throw refuseUnknown(statefulSet, api);
  const containers: readonly Container[] = statefulSet.spec?.template.spec?.containers ?? [];
  const [referenced, pods, claims, namespaceObject] = await Promise.all([
    readReferences(api, containers),
    podsOf(api, statefulSet),
    claimsOf(api, statefulSet),
    readOrWhy<KubernetesObject>(api, 'Namespace', api.where.namespace).catch(() => undefined),
  ]);
  const { volumes, canReadVolumes } = await volumesOf(api, claims);
  const witness = pods[0] ?? expectedPod(statefulSet, api.where.namespace);
  const environmentOf = (one: Container) => containerEnvironment(one, referenced, witness);
  const environment = environmentOf(container);
  const naming = [container, ...containers].find((one) =>
    [...environmentOf(one).keys()].some((name) => ARCHIVE_VARIABLE.test(name)),
  );
  const archive = naming === undefined ? undefined : { container: naming, environment: environmentOf(naming) };
  const get = (name: string): string | undefined => environment.get(name)?.secretValue || undefined;
  const patroni = await readPatroni(api, patroniNames(get));
  const objects = { statefulSet, pods, claims, volumes };
  const running = await askRunningServer(api, pods, container.name);
  const podVolumes = statefulSet.spec?.template.spec?.volumes ?? [];
  const files = await readLoginFiles(api, { container, volumes: podVolumes, environment });
  const cluster = describeCluster({
    where: api.where,
    objects,
    canReadVolumes,
    container,
    archiveContainer: archive?.container.name,
    variables: environment,
    patroni,
    running,
    namespaceObject: typeof namespaceObject === 'string' ? undefined : namespaceObject,
  });
  return { cluster, objects, container, environment, files, archive };
}
