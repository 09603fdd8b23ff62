/**
 * Takes a backup of the live server that the settings name.
 *
 * @module
 */

import { claimArchive } from '../archive/archive-identity.ts';
import { backupSourceOf } from '../backup/backup-source.ts';
import { takeBackup, type TakenBackup } from '../backup/take.ts';
import type { OnProgress } from '../base/progress.ts';
import type { Settings } from '../config/load-settings.ts';
import { controlFileOf } from '../instance/control-file-of.ts';
import type { Archive } from './open-archive.ts';
import { connectionSettings } from './open-instance.ts';

/** What may be said about one backup. */
export interface BackupWishes {
  readonly isPermanent?: boolean;
  readonly allowCorruptPages?: boolean;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
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
  const dataDirectory = settings.require('dataDirectory', 'take a backup');
  const { systemIdentifier } = await controlFileOf(dataDirectory);
  await claimArchive(archive.store, systemIdentifier, wishes.signal === undefined ? {} : { signal: wishes.signal });
  return takeBackup({
    ...wishes,
    store: archive.store,
    instance: backupSourceOf(await connectionSettings(settings)),
    dataDirectory,
    compression: archive.compression,
    ...(level === undefined ? {} : { level }),
    concurrency: settings.get('uploadDiskConcurrency'),
    walTimeoutMs: settings.get('archiveTimeout'),
  });
}
