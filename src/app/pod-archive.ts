/**
 * The archive of a cluster in a namespace, by its pods' own variables: read as the container reads them, and used from here.
 *
 * Values come out of Secrets into the settings of this process, and files that they name into files without a name, which end with
 * this process however that ends. Nothing of it is shown, or written anywhere else.
 *
 * @module
 */

import { tmpdir } from 'node:os';

import { Failure } from '../base/failure.ts';
import { isSettingVariable, variablesOf } from '../config/environment.ts';
import type { Settings, SettingsInUse } from '../config/load-settings.ts';
import { NETWORK_SETTINGS } from '../config/settings-network.ts';
import { SETTING_NAMES, settingOf, type SettingName } from '../config/settings.ts';
import { isFileSetting } from '../container/archive-variables.ts';
import type { ContainerFacts } from '../container/container-facts.ts';
import { formArchive } from '../container/form-archive.ts';
import { bucketScopePrefix } from '../container/namespace.ts';
import { refusedContainer } from '../container/plan-container.ts';
import { Reading } from '../container/reading.ts';
import { revealedAll } from '../container/secret.ts';
import type { KubernetesApi } from '../kubernetes/api/kubernetes-api.ts';
import { findCluster, type FoundCluster } from '../kubernetes/find/find-cluster.ts';
import { mountedFile, readMountedFile } from '../kubernetes/find/mounted-file.ts';
import { MAJORS } from '../postgres/versions.ts';
import { namelessFile } from './nameless-file.ts';
import { openArchive } from './open-archive.ts';
import { clusterChoice, openNamespace } from './open-namespace.ts';

/** What the container's rules ask of a machine: here none is looked at, since the container runs elsewhere. */
const ELSEWHERE: ContainerFacts = {
  installed: [],
  dataVersion: undefined,
  canRead: () => true,
  locales: undefined,
  hostname: '',
  hostAddress: '',
  cpuCount: 1,
  memoryBytes: 0,
  nowMs: 0,
};

/** Settings that come from the pod alone: the archive's, and nothing of the way that this machine takes to it. */
function isOfPod(name: SettingName): boolean {
  const { group } = settingOf(name);
  return (group === 'archive' || group === 'writing') && !(name in NETWORK_SETTINGS);
}

/** Those that would mean this machine's server, which is another one. */
function isOfThisMachine(name: SettingName): boolean {
  return settingOf(name).group === 'server';
}

function environmentOf({ archive, cluster }: FoundCluster): Record<string, string> {
  const variables = [...(archive?.environment.values() ?? [])];
  const known = Object.fromEntries(
    variables.flatMap(({ name, secretValue }) => (secretValue === undefined ? [] : [[name, secretValue]])),
  );
  // In a pod Kubernetes sets it, and Spilo asks for it before it takes POD_NAMESPACE into an address.
  return { KUBERNETES_SERVICE_HOST: cluster.where.server, ...known };
}

/** @throws {Failure} `refused` if no variable of the pods names an archive. */
function noArchive({ cluster }: FoundCluster): Failure {
  return new Failure('refused', {
    message: `cannot tell where the archive of ${cluster.where.namespace}/${cluster.name} is: no variable of its pods names one`,
    remedy: 'Name it with --archive, if it has one; otherwise nothing can be recovered.',
    facts: [`context ${cluster.where.context}, server ${cluster.where.server}`],
  });
}

/**
 * The variables by which commands reach the archive, as the container itself would form them.
 *
 * @param major of PostgreSQL, which is part of the addresses that Spilo makes; `undefined` where nothing tells it.
 * @throws {Failure} `refused` if they name no archive, `usage` for what the container would refuse as well.
 */
export function archiveVariables(found: FoundCluster, major: number | undefined): Readonly<Record<string, string>> {
  const environment = environmentOf(found);
  if (environment['WALKBACK_ARCHIVE'] !== undefined) return settingVariables(environment);
  const reading = new Reading(environment, ELSEWHERE);
  const archive = formArchive(reading, '', {
    path: {
      scope: reading.get('SCOPE') ?? found.cluster.patroni?.scope,
      scopePrefix: bucketScopePrefix(reading),
      scopeSuffix: reading.get('WAL_BUCKET_SCOPE_SUFFIX') ?? '',
      version: major === undefined ? '' : String(major),
    },
    environmentPath: '',
    variables: {},
    checksFiles: false,
  });
  if (archive === undefined) throw noArchive(found);
  if (reading.refusals.length > 0) throw refusedContainer(reading.refusals);
  return revealedAll(archive.environment.variables);
}

function settingVariables(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => isSettingVariable(name)));
}

async function contentOf(api: KubernetesApi, found: FoundCluster, path: string): Promise<string | undefined> {
  const { archive, objects } = found;
  const volumes = objects.statefulSet.spec?.template.spec?.volumes ?? [];
  const file = archive === undefined ? undefined : mountedFile(archive.container, volumes, path);
  return file === undefined ? undefined : readMountedFile(api, file);
}

function notMounted(variable: string, path: string, { cluster }: FoundCluster): Failure {
  return new Failure('refused', {
    message: `cannot reach the archive of ${cluster.where.namespace}/${cluster.name} from here: ${variable} names ${path}, which no Secret or ConfigMap of its pods holds`,
    remedy: 'Run walkback in the pod, or name the archive and its credentials with settings of your own and --archive.',
  });
}

/** Files that the variables name, brought here. */
async function bringFiles(
  api: KubernetesApi,
  found: FoundCluster,
  variables: Readonly<Record<string, string>>,
  files: AsyncDisposableStack,
): Promise<Record<string, string>> {
  const brought: Record<string, string> = { ...variables };
  const fileVariables = new Set(
    SETTING_NAMES.filter((name) => isOfPod(name) && isFileSetting(name)).flatMap(variablesOf),
  );
  for (const [variable, path] of Object.entries(variables)) {
    if (!fileVariables.has(variable) || !path.startsWith('/')) continue;
    const content = await contentOf(api, found, path);
    if (content === undefined) throw notMounted(variable, path, found);
    brought[variable] = files.use(await namelessFile(tmpdir(), content)).path;
  }
  return brought;
}

/** What a server that runs, or the variables, say; `undefined` when neither does: a cluster that is scaled to 0. */
function toldMajor({ cluster, archive }: FoundCluster): number | undefined {
  const told = Number.parseInt(archive?.environment.get('PGVERSION')?.secretValue ?? '', 10);
  return cluster.postgresMajor ?? (Number.isNaN(told) ? undefined : told);
}

/** True if the address is one that Spilo makes of a bucket: it ends with the major. */
function needsMajor(found: FoundCluster): boolean {
  const [one, other] = [1, 2].map((major) => JSON.stringify(archiveVariables(found, major)));
  return one !== other;
}

/** The newest major that has anything in the archive. */
async function majorInArchive(settingsOf: (major: number) => Promise<Settings>): Promise<number | undefined> {
  for (const major of MAJORS.toReversed()) {
    await using archive = await openArchive(await settingsOf(major));
    const { objects, folders } = await archive.store.listFolder('');
    if (objects.length + folders.length > 0) return major;
  }
  return undefined;
}

/** The settings by which the archive of a cluster is reached from here. @throws {Failure} */
export async function podArchiveSettings(
  api: KubernetesApi,
  found: FoundCluster,
  settings: Settings,
): Promise<SettingsInUse> {
  const files = new AsyncDisposableStack();
  const name =
    settings.find('clusterName') === undefined ? `${found.cluster.where.namespace}/${found.cluster.name}` : '';
  const settingsOf = async (major: number | undefined): Promise<Settings> => {
    const variables = await bringFiles(api, found, archiveVariables(found, major), files);
    const named = name === '' ? {} : { WALKBACK_CLUSTER_NAME: name };
    return settings.withEnvironment({ ...variables, ...named }, (one) => !isOfPod(one) && !isOfThisMachine(one));
  };
  try {
    const told = toldMajor(found);
    const major = told ?? (needsMajor(found) ? await majorInArchive(settingsOf) : undefined);
    return { settings: await settingsOf(major), [Symbol.asyncDispose]: async () => files.disposeAsync() };
  } catch (error) {
    await files.disposeAsync();
    throw error;
  }
}

/** The same, from settings alone; an archive that is named on the command line is taken as it is. @throws {Failure} */
export async function openPodSettings(settings: Settings): Promise<SettingsInUse> {
  if (settings.find('archive')?.source.kind === 'flag') return { settings, [Symbol.asyncDispose]: async () => {} };
  await using api = await openNamespace(settings);
  // The API is closed when this returns.
  return await podArchiveSettings(api, await findCluster(api, clusterChoice(settings)), settings);
}
