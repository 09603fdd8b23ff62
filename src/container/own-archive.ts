/**
 * The cluster's own archive, and the directory of variables that commands in the container go by.
 *
 * @module
 */

import { ENV_DIRECTORY_VARIABLE } from '../config/environment.ts';
import { environmentName } from '../config/setting.ts';
import { SETTING_NAMES, settingOf } from '../config/settings.ts';
import { agentVariables } from './agent-plan.ts';
import { environmentPath } from './container-paths.ts';
import type { ContainerPaths, PlannedAgent, PlannedArchive } from './container-plan.ts';
import { formArchive } from './form-archive.ts';
import { bucketScopePrefix } from './namespace.ts';
import type { ChosenMajor } from './postgres-major.ts';
import { quoted } from './quote.ts';
import type { Reading } from './reading.ts';
import { Secret } from './secret.ts';

/** What every directory of variables holds. */
export function sharedVariables(paths: ContainerPaths): Readonly<Record<string, string>> {
  return { TMPDIR: paths.temporaryDirectory };
}

/** Settings of walkback by their own names. */
function ownSettings(reading: Reading): Readonly<Record<string, string | Secret>> {
  const secrets = new Set(SETTING_NAMES.filter((name) => settingOf(name).secret === true).map(environmentName));
  const names = Object.keys(reading.environment).filter(
    (name) => name.startsWith('WALKBACK_') && name !== ENV_DIRECTORY_VARIABLE && reading.get(name) !== undefined,
  );
  return Object.fromEntries(
    names.map((name) => [name, secrets.has(name) ? new Secret(reading.get(name) ?? '') : (reading.get(name) ?? '')]),
  );
}

/** By these, commands that are typed in the container find the server. */
export function ownVariables(
  reading: Reading,
  paths: ContainerPaths,
  given: { readonly scope: string; readonly port: number; readonly superuser: string },
): Readonly<Record<string, string | Secret>> {
  return {
    ...ownSettings(reading),
    ...sharedVariables(paths),
    SCOPE: given.scope,
    PGDATA: paths.dataDirectory,
    PGHOST: paths.socketDirectory,
    PGPORT: String(given.port),
    PGUSER: given.superuser,
    ...patroniVariables(paths),
  };
}

/**
 * By these a recovery that is typed in the container takes the whole cluster along. Patroni is stopped by a file that the
 * supervisor looks at: `src/supervise/hold.ts`.
 */
function patroniVariables({ dataDirectory, runDirectory }: ContainerPaths): Readonly<Record<string, string>> {
  const held = quoted(`${dataDirectory}.walkback/patroni-held`);
  return {
    WALKBACK_CLUSTER_KIND: 'patroni',
    WALKBACK_PATRONI_CONFIG: `${runDirectory}/postgres.yml`,
    WALKBACK_PATRONI_STOP_COMMAND: `touch ${held}`,
    WALKBACK_PATRONI_START_COMMAND: `rm -f ${held}`,
  };
}

/** The archive that this cluster writes; `undefined` if no variable names one. */
export function ownArchive(
  reading: Reading,
  chosen: ChosenMajor,
  given: {
    readonly scope: string;
    readonly agent: PlannedAgent;
    readonly variables: Readonly<Record<string, string | Secret>>;
  },
): PlannedArchive | undefined {
  const concurrency = String(Math.min(reading.facts.cpuCount, 10));
  const found = formArchive(reading, '', {
    path: {
      scope: given.scope,
      scopePrefix: bucketScopePrefix(reading),
      scopeSuffix: reading.get('WAL_BUCKET_SCOPE_SUFFIX') ?? '',
      version: String(chosen.major),
    },
    environmentPath: environmentPath(reading, '', undefined),
    variables: {
      ...given.variables,
      ...agentVariables(reading, given.agent),
      WALG_DOWNLOAD_CONCURRENCY: concurrency,
      WALG_UPLOAD_CONCURRENCY: concurrency,
    },
    checksFiles: true,
  });
  if (found !== undefined) return found;
  reading.warn('no variable names an archive: WAL is thrown away, and there are no backups');
  if (reading.get('USE_WALE')?.toLowerCase() === 'true')
    reading.refuse({
      of: 'USE_WALE',
      found: 'it is true, and no variable says where the archive is',
      remedy: 'Set WAL_S3_BUCKET, WAL_GS_BUCKET or another variable of an archive.',
    });
  return undefined;
}
