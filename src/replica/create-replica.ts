/**
 * Makes the data directory of a new replica from a backup: beside its place, then put there by one rename.
 *
 * ```
 * <data directory>.walkback/replica      while it is being restored; nobody starts anything there
 * ```
 *
 * Killed anywhere, it has left either nothing at the data directory or all of it, with `standby.signal`: whoever starts it,
 * it follows and does not open. What a killed one has left beside is removed by the next.
 *
 * @module
 */

import { readdir, rm, rmdir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import { makeFolder, renameDurably } from '../instance/durable-rename.ts';
import { isMountPoint } from '../instance/mount-point.ts';
import { openWorkNote } from '../instance/work-note.ts';
import { lockRecoveries } from '../recovery/lock.ts';
import { restoreBackup, type RestoreReport } from '../restore/restore-backup.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** What is made, and where. */
export interface CreateReplicaOptions {
  readonly store: ObjectStore;
  readonly backup: Backup;
  /** Empty, or absent. */
  readonly dataDirectory: string;
  readonly concurrency: number;
  /** How fast the store is read; as fast as it goes unless told. */
  readonly limiter?: RateLimiter | undefined;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** A restored cluster grows while it replays. */
const ROOM_PERCENT = 110n;

function beside(dataDirectory: string): string {
  return `${resolve(dataDirectory)}.walkback`;
}

function refused(dataDirectory: string, found: string, remedy: string): Failure {
  return new Failure('refused', { message: `cannot make a replica at ${dataDirectory}: ${found}`, remedy });
}

/**
 * Looks whether a replica can be put at a data directory, before anything is read.
 *
 * @throws {Failure} `refused` if something is there, or it cannot be renamed to, or there is no room.
 */
export async function checkReplicaPlace(dataDirectory: string, backup: Backup): Promise<void> {
  const names = await readdir(dataDirectory).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (names !== undefined && names.length > 0) {
    throw refused(dataDirectory, 'it is not empty', 'Nothing is replaced here: remove it, or let Patroni do so.');
  }
  if (names !== undefined && (await isMountPoint(dataDirectory))) {
    throw refused(
      dataDirectory,
      'it is a mount point, to which nothing can be renamed',
      'Use a folder inside of the volume as data directory; until then replicas are copied from the leader.',
    );
  }
  await makeFolder(beside(dataDirectory));
  const { bavail, bsize } = await statfs(dirname(resolve(dataDirectory)), { bigint: true });
  const wantedBytes = ((backup.dataCatalogSizeBytes ?? backup.uncompressedSizeBytes) * ROOM_PERCENT) / 100n;
  if (bavail * bsize >= wantedBytes) return;
  throw refused(
    dataDirectory,
    `${bavail * bsize} bytes are free, and ${backup.name} needs ${wantedBytes}`,
    'Make room on that file system.',
  );
}

/**
 * Makes it.
 *
 * @throws {Failure} what the restore throws; `corrupt` if pages of it are damaged; `conflict` if a recovery runs on this
 *   data directory.
 */
export async function createReplica(options: CreateReplicaOptions): Promise<RestoreReport> {
  const { store, backup, dataDirectory, concurrency, limiter, signal } = options;
  const folder = beside(dataDirectory);
  await using _lock = await lockRecoveries(folder);
  await using note = await openWorkNote(dataDirectory, 'replica from the archive');
  const onProgress: OnProgress = (progress) => {
    note.onProgress(progress);
    options.onProgress(progress);
  };
  const destination = join(folder, 'replica');
  await rm(destination, { recursive: true, force: true });
  try {
    const tablespaceLocations = new Map<number, string>();
    const report = await restoreBackup({
      store,
      backup,
      destination,
      tablespaceLocations,
      concurrency,
      limiter,
      onProgress,
      signal,
    });
    refuseDamage(backup, report);
    await rm(join(destination, 'recovery.signal'), { force: true });
    await writeFileDurably(join(destination, 'standby.signal'), Buffer.alloc(0));
    signal.throwIfAborted();
    await rmdir(dataDirectory).catch(() => {});
    await renameDurably(destination, resolve(dataDirectory));
    return report;
  } catch (error) {
    await rm(destination, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

function refuseDamage(backup: Backup, { damagedFiles }: RestoreReport): void {
  if (damagedFiles.length === 0) return;
  throw new Failure('corrupt', {
    message: `cannot make a replica of ${backup.name}: ${damagedFiles.length} of its files hold pages that do not carry their checksum`,
    remedy: 'Copy the replica from the leader, and take a full backup.',
  });
}
