/**
 * From the environment of a pod to what work on its volume is given.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../base/failure.ts';
import { Settings } from '../config/load-settings.ts';
import { planOwnArchive } from '../container/plan-own-archive.ts';
import type { VolumeUses } from '../kubernetes/volume/volume-context.ts';
import type { VolumeRole } from '../kubernetes/volume/volume-plan.ts';
import { bundledRestoreScript } from './bundled-restore-script.ts';
import { gatherContainerFacts } from './container-facts.ts';
import { networkLimiter } from './network-limiter.ts';
import { openArchive, type Archive } from './open-archive.ts';
import { binariesIn } from './open-bootstrap.ts';
import { restoreConcurrency } from './restore-concurrency.ts';

/** How the environment is to be read. */
export interface VolumeEnvironment {
  /** It is Spilo's, as for `walkback entrypoint`; otherwise it holds walkback's and WAL-G's own variables. */
  readonly isContainer: boolean;
  /** The major of the data that will be there; that of the data which are there unless told. */
  readonly major?: number;
}

async function archiveSettings(settings: Settings, { isContainer, major }: VolumeEnvironment): Promise<Settings> {
  if (!isContainer) return settings;
  const facts = await gatherContainerFacts(settings.environment);
  const found = planOwnArchive(settings.environment, {
    ...facts,
    ...(major === undefined ? {} : { dataVersion: String(major) }),
  });
  if (found !== undefined) return new Settings(new Map(), found.variables, undefined);
  throw new Failure('usage', {
    message: 'cannot work on this volume: no variable of the pod names an archive',
    remedy:
      'The pod must have the variables of the cluster: WALG_S3_PREFIX, WAL_S3_BUCKET or another one of an archive.',
  });
}

/** The archive that the pod's environment names. @throws {Failure} `usage`. */
export async function openVolumeArchive(settings: Settings, environment: VolumeEnvironment): Promise<Archive> {
  return openArchive(await archiveSettings(settings, environment));
}

async function passwordFrom(settings: Settings, { user, password }: VolumeRole): Promise<string | undefined> {
  if (password === null) return undefined;
  const where = 'variable' in password ? password.variable : password.file;
  const text =
    'variable' in password
      ? settings.environment[password.variable]
      : await readFile(password.file, 'utf8').catch((error: unknown) => {
          throw noPassword(user, where, messageOf(error));
        });
  const given = text?.replace(/\r?\n$/, '') ?? '';
  if (given !== '') return given;
  throw noPassword(user, where, 'it is empty');
}

function noPassword(user: string, where: string, found: string): Failure {
  return new Failure('usage', {
    message: `cannot set the password of ${user} from ${where}: ${found}`,
    remedy: 'The pod must have it as the pods of the cluster have: by reference to the same Secret.',
  });
}

/** What work on a volume is given, but for the archive. */
export function volumeUses(
  settings: Settings,
  given: { readonly dataDirectory: string; readonly signal: AbortSignal },
): Omit<VolumeUses, 'store'> {
  const named = settings.get('binDirectory');
  const restoreScript = bundledRestoreScript();
  return {
    dataDirectory: given.dataDirectory,
    binariesOf: binariesIn(named === undefined ? [] : [named]),
    passwordOf: (role) => passwordFrom(settings, role),
    now: () => new Date(),
    concurrency: restoreConcurrency(settings),
    limiter: networkLimiter(settings),
    signal: given.signal,
    ...(restoreScript === undefined ? {} : { restoreScript }),
  };
}
