/**
 * The PostgreSQL clusters of a namespace of Kubernetes, or of all that may be read.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import type { KubernetesApi, WhereWeAre } from '../kubernetes/api/kubernetes-api.ts';
import type { KubernetesObject, StatefulSet } from '../kubernetes/api/kubernetes-objects.ts';
import { databaseContainer } from '../kubernetes/find/database-container.ts';
import { listClusters } from '../kubernetes/find/find-cluster.ts';
import { keptVolumes, type KeptVolume } from './kept-volumes.ts';
import { openNamespace } from './open-namespace.ts';

/** One line. */
export interface ListedCluster {
  readonly namespace: string;
  readonly name: string;
  /** Asked for, and ready. */
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly image: string;
  /** What recoveries and resets of it keep until they are released; `null`: this user may not look. */
  readonly kept: readonly KeptVolume[] | null;
}

/** The list, and where it is from. */
export interface ListedClusters {
  readonly where: WhereWeAre;
  /** False: those of all namespaces. */
  readonly isOneNamespace: boolean;
  readonly clusters: readonly ListedCluster[];
}

async function listed(
  statefulSet: StatefulSet,
  apiOf: (namespace: string) => Promise<KubernetesApi>,
): Promise<ListedCluster> {
  const { metadata, spec, status } = statefulSet;
  const { namespace = '', name = '' } = metadata ?? {};
  return {
    namespace,
    name,
    replicas: spec?.replicas ?? 1,
    readyReplicas: status?.readyReplicas ?? 0,
    image: databaseContainer(statefulSet)?.image ?? '',
    kept: await keptVolumes(await apiOf(namespace), name),
  };
}

/** An OpenShift user may not list StatefulSets everywhere, but may list the projects that are theirs. */
async function ofEveryProject(api: KubernetesApi, settings: Settings): Promise<StatefulSet[]> {
  const projects = await api.list<KubernetesObject>({ apiVersion: 'project.openshift.io/v1', kind: 'Project' });
  const found: StatefulSet[] = [];
  for (const { metadata } of projects) {
    await using one = await openNamespace(settings, metadata?.name);
    found.push(...(await listClusters(one, false).catch(() => [])));
  }
  return found;
}

/** Lists them. @throws {Failure} `denied` if this user may not list StatefulSets. */
export async function listNamespaceClusters(settings: Settings, isEverywhere: boolean): Promise<ListedClusters> {
  await using api = await openNamespace(settings);
  const found = await listClusters(api, isEverywhere).catch(async (error: unknown) => {
    if (!isEverywhere || !isFailure(error, 'denied')) throw error;
    return ofEveryProject(api, settings).catch(() => {
      throw error;
    });
  });
  await using others = new AsyncDisposableStack();
  const opened = new Map<string, Promise<KubernetesApi>>([[api.where.namespace, Promise.resolve(api)]]);
  const apiOf = async (namespace: string): Promise<KubernetesApi> => {
    const known = opened.get(namespace) ?? openNamespace(settings, namespace).then((other) => others.use(other));
    opened.set(namespace, known);
    return known;
  };
  const all = await Promise.all(found.map(async (one) => listed(one, apiOf)));
  const clusters = all.toSorted((a, b) => `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`));
  return { where: api.where, isOneNamespace: !isEverywhere, clusters };
}
