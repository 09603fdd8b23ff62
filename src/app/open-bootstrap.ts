/**
 * From settings to what a bootstrap works with: the archive that is cloned, the one that will be written, PostgreSQL's
 * programs.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import type { CopiedServer } from '../bootstrap/copy-server.ts';
import { bootstrapPlace } from '../bootstrap/place.ts';
import type { BasebackupUses } from '../bootstrap/plan-basebackup.ts';
import type { BootstrapRun, CloneUses } from '../bootstrap/uses.ts';
import type { Environment } from '../config/environment.ts';
import { readEnvironmentDirectory } from '../config/environment-directory.ts';
import { Settings } from '../config/load-settings.ts';
import { findBinaries } from '../instance/find-binaries.ts';
import { readServerPosition } from '../instance/replication-connection.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { archiveToClone } from './archive-to-clone.ts';
import { bundledRestoreScript } from './bundled-restore-script.ts';
import { networkLimiter } from './network-limiter.ts';
import { openArchive } from './open-archive.ts';
import { connectionSettings } from './open-instance.ts';
import { restoreConcurrency } from './restore-concurrency.ts';

const [OLDEST_MAJOR, NEWEST_MAJOR] = [14, 18] as const;
const USUAL_PORT = 5432;

/** How a run is watched and stopped. */
export interface BootstrapWatch {
  readonly onProgress: OnProgress;
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Which archives and programs. */
export interface CloneSources {
  readonly dataDirectory: string;
  /** Archives to look in instead of the settings' own, first to last: the first that serves the target is cloned. */
  readonly lookIn: readonly string[];
  readonly target: RecoveryTarget;
  /** The directory of variables of the archive that the new cluster will write. */
  readonly archiveEnvironment: string | undefined;
  /** Folders with programs of PostgreSQL, of any major; the usual ones are looked in after them. */
  readonly binaries: readonly string[];
}

/** Uses, to be disposed of at the end of the run. */
export interface OpenCloneUses extends AsyncDisposable {
  readonly uses: CloneUses;
}

/** What every bootstrap has. */
export function bootstrapRun(dataDirectory: string, watch: BootstrapWatch): BootstrapRun {
  return { place: bootstrapPlace(dataDirectory), nowUs: () => BigInt(Date.now()) * 1000n, ...watch };
}

/** The folder with a major's programs: one of those named, else where packages put them. */
export function binariesIn(folders: readonly string[]): (major: number) => Promise<string> {
  return async (major) => {
    for (const folder of folders) {
      const found = await findBinaries(major, folder).catch(() => undefined);
      if (found !== undefined) return found;
    }
    return findBinaries(major);
  };
}

/** A directory of variables says all: what was set to reach the archive that is cloned must not lead there. */
async function settingsOfNew(directory: string | undefined, environment: Environment): Promise<Settings | undefined> {
  if (directory === undefined) return undefined;
  const { PATH, HOME } = environment;
  const variables = { PATH, HOME, ...(await readEnvironmentDirectory(directory)) };
  return new Settings(new Map(), variables, undefined);
}

/** The superuser: as it is set for the clone, otherwise that of the new cluster, which has the same name. */
function superuserOf(settings: Settings, ofNew: Settings | undefined): string {
  const isSet = settings.find('pgUser')?.source.kind !== 'default';
  return (isSet ? settings : (ofNew ?? settings)).get('pgUser');
}

/** The folder with programs of the newest major there is. */
async function newestBinaries(binariesOf: (major: number) => Promise<string>): Promise<string> {
  for (let major = NEWEST_MAJOR; major >= OLDEST_MAJOR; major -= 1) {
    const found = await binariesOf(major).catch(() => undefined);
    if (found !== undefined) return found;
  }
  return binariesOf(OLDEST_MAJOR);
}

/** The server that PGHOST, PGPORT, PGUSER and PGPASSWORD name. @throws {Failure} `usage` if no host is named. */
function copiedServer(settings: Settings): CopiedServer {
  return {
    host: settings.require('pgHost', 'tell which server is copied'),
    port: settings.get('pgPort') ?? USUAL_PORT,
    user: settings.get('pgUser'),
    password: settings.get('pgPassword'),
    sslMode: settings.get('pgSslMode'),
    sslRootCert: settings.get('pgSslRootCert'),
  };
}

/** What a copy is asked for. */
export interface CopyRequest extends Pick<CloneSources, 'dataDirectory' | 'archiveEnvironment' | 'binaries'> {
  readonly scope: string;
  readonly major: number | undefined;
  /** A superuser of the server that is copied. */
  readonly superuser: string;
}

/** Opens what a copy of a running server needs. @throws {Failure} `usage`. */
export async function openBasebackupUses(
  settings: Settings,
  request: CopyRequest,
  watch: BootstrapWatch & Pick<BasebackupUses, 'isOrphan' | 'onEntry'>,
): Promise<{ readonly uses: BasebackupUses } & AsyncDisposable> {
  const ofNew = await settingsOfNew(request.archiveEnvironment, settings.environment);
  const toWrite = ofNew === undefined ? undefined : await openArchive(ofNew);
  const binariesOf = binariesIn(foldersOf(settings, request.binaries));
  return {
    uses: {
      ...bootstrapRun(request.dataDirectory, watch),
      isOrphan: watch.isOrphan,
      onEntry: watch.onEntry,
      server: copiedServer(settings),
      readPosition: async () => readServerPosition([await connectionSettings(settings)]),
      writesTo: toWrite?.store,
      newestBinaries: () => newestBinaries(binariesOf),
      binariesOf,
      environment: settings.environment,
      superuser: request.superuser,
      scope: request.scope,
      major: request.major,
    },
    [Symbol.asyncDispose]: async () => toWrite?.[Symbol.asyncDispose](),
  };
}

function foldersOf(settings: Settings, binaries: readonly string[]): string[] {
  const named = settings.get('binDirectory');
  return [...binaries, ...(named === undefined ? [] : [named])];
}

/** Opens what a clone needs. @throws {Failure} `usage`, when the settings name no archive; and what the stores throw. */
export async function openCloneUses(
  settings: Settings,
  sources: CloneSources,
  watch: BootstrapWatch,
): Promise<OpenCloneUses> {
  const ofNew = await settingsOfNew(sources.archiveEnvironment, settings.environment);
  const toWrite = ofNew === undefined ? undefined : await openArchive(ofNew);
  const { archive, passedOver } = await archiveToClone(settings, sources, watch);
  const restoreScript = bundledRestoreScript();
  const writesTo: ObjectStore | undefined = toWrite?.store;
  return {
    uses: {
      ...bootstrapRun(sources.dataDirectory, watch),
      store: archive.store,
      passedOver,
      writesTo,
      binariesOf: binariesIn(foldersOf(settings, sources.binaries)),
      environment: settings.environment,
      user: superuserOf(settings, ofNew),
      ...(restoreScript === undefined ? {} : { restoreScript }),
      concurrency: restoreConcurrency(settings),
      limiter: networkLimiter(settings),
    },
    [Symbol.asyncDispose]: async () => {
      await archive[Symbol.asyncDispose]();
      await toWrite?.[Symbol.asyncDispose]();
    },
  };
}
