/**
 * Takes a backup of the live server that the settings name.
 *
 * @module
 */

import { claimArchive } from '../archive/archive-identity.ts';
import { backupSourceOf } from '../backup/backup-source.ts';
import { takeBackup, type TakenBackup } from '../backup/take.ts';
import type { DeltaWish } from '../backup/choose-parent.ts';
import { findByUserData, parseUserData } from '../backup/find-by-user-data.ts';
import { Failure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import type { Settings } from '../config/load-settings.ts';
import { controlFileOf } from '../instance/control-file-of.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { JsonValue } from '../walg/json64.ts';
import { networkLimiter } from './network-limiter.ts';
import type { Archive } from './open-archive.ts';
import { connectionSettings } from './open-instance.ts';

/** What may be said about one backup. */
export interface BackupWishes {
  readonly isPermanent?: boolean;
  readonly allowCorruptPages?: boolean;
  /** A full backup, or a delta where one can be; unless told, what the settings say. */
  readonly kind?: 'full' | 'delta' | undefined;
  readonly userData?: JsonValue;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

/** The longest chain where a delta is asked for and no setting says. */
const USUAL_MAX_STEPS = 7;

/** The parent that is named. @throws {Failure} `usage` if two are, `notInArchive` if none has the user data. */
async function namedParent(
  settings: Settings,
  store: ObjectStore,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const [name, userData] = [settings.find('deltaFromName'), settings.find('deltaFromUserData')];
  if (name !== undefined && userData !== undefined) {
    throw new Failure('usage', {
      message: `both ${name.source.where} and ${userData.source.where} name the backup that a delta builds on`,
      remedy: 'Give one of them.',
    });
  }
  return userData === undefined ? name?.text : findByUserData(store, parseUserData(userData.text), signal);
}

async function deltaWish(
  settings: Settings,
  store: ObjectStore,
  { kind, signal }: BackupWishes,
): Promise<DeltaWish | undefined> {
  if (kind === 'full') return undefined;
  const fromName = await namedParent(settings, store, signal);
  const maxSteps = settings.get('deltaMaxSteps');
  if (kind === undefined && maxSteps === 0 && fromName === undefined) return undefined;
  const origin = settings.get('deltaOrigin');
  return {
    maxSteps: maxSteps === 0 ? USUAL_MAX_STEPS : maxSteps,
    origin,
    ...(fromName === undefined ? {} : { fromName }),
  };
}

/**
 * Takes it.
 *
 * @throws {Failure} `usage` if the data directory is not set, `conflict` if the archive is another cluster's (before
 *   anything is written), and what `takeBackup` throws.
 */
export async function takeBackupOfServer(
  settings: Settings,
  archive: Archive,
  wishes: BackupWishes,
): Promise<TakenBackup> {
  const level = settings.get('compressionLevel');
  const diskBytesPerS = settings.get('diskRateLimit');
  const delta = await deltaWish(settings, archive.forWriting, wishes);
  const dataDirectory = settings.require('dataDirectory', 'take a backup');
  const { systemIdentifier } = await controlFileOf(dataDirectory);
  await claimArchive(
    archive.forWriting,
    systemIdentifier,
    wishes.signal === undefined ? {} : { signal: wishes.signal },
  );
  const { kind: _kind, ...others } = wishes;
  return takeBackup({
    ...others,
    ...(delta === undefined ? {} : { delta }),
    store: archive.forWriting,
    whole: archive.store,
    instance: backupSourceOf(await connectionSettings(settings)),
    dataDirectory,
    compression: archive.compression,
    ...(level === undefined ? {} : { level }),
    ...(diskBytesPerS === undefined ? {} : { diskBytesPerS }),
    limiter: networkLimiter(settings),
    concurrency: settings.get('uploadDiskConcurrency'),
    walTimeoutMs: settings.get('archiveTimeout'),
  });
}
