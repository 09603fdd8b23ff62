/**
 * Puts a full base backup into an empty directory: ours, or one that WAL-G wrote.
 *
 * Parts are unpacked in parallel, then `backup_label`, and `pg_control` last. What a server could start on exists only
 * when everything else is on disk. `tablespace_map` is dropped, because the server would make links to the places of
 * then; links to the given places are made here.
 *
 * Refused: delta backups; a backup whose list of files is missing although its version has one; a backup that lacks a
 * file of that list; names that lead out of the directory. Symbolic links in a backup are left out and reported: WAL-G
 * stores them without where they point.
 *
 * Source: WAL-G `internal/databases/postgres/backup_fetch_handler.go`, `tar_interpreter.go`.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { isReadableCompression } from '../base/compression-names.ts';
import { Failure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { parseTarObjectName, tarPartitionsFolder, type TarObjectKind } from '../walg/backup-names.ts';
import { commitDestination, finishDirectories, prepareDestination } from './destination.ts';
import { checkComplete, expectedFiles } from './expected-files.ts';
import { CONTROL_FILE } from './restored-path.ts';
import { unpackAll, type TarOrder, type UnpackOptions } from './restore-workers.ts';

/** What to restore, and where. */
export interface RestoreBackupOptions {
  readonly store: ObjectStore;
  readonly backup: Backup;
  /** The data directory: empty, or absent. */
  readonly destination: string;
  /** A place for each tablespace of the backup, by oid: empty, or absent. */
  readonly tablespaceLocations: ReadonlyMap<number, string>;
  /** How many parts are unpacked at once. */
  readonly concurrency: number;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

/** What was restored. */
export interface RestoreReport {
  readonly files: number;
  /** Sum of the files' sizes. */
  readonly sizeBytes: number;
  /** Bytes read from the archive. */
  readonly storedBytes: number;
  /** Entries left out because they were links. */
  readonly skipped: readonly string[];
}

interface BackupObject extends TarOrder {
  readonly kind: TarObjectKind;
  readonly sizeBytes: number;
}

/** Restores a backup. @throws {Failure}; the destination then holds a file that says so. */
export async function restoreBackup(options: RestoreBackupOptions): Promise<RestoreReport> {
  const { store, backup, destination, tablespaceLocations } = options;
  refuseDelta(backup);
  const place = { destination, tablespaceLocations };
  const expected = await expectedFiles(store, backup);
  const objects = await tarObjects(store, backup);
  await prepareDestination(backup, place);
  const signal = options.signal ?? new AbortController().signal;
  let writtenBytes = 0;
  const total = Number(backup.uncompressedSizeBytes);
  const unpack: UnpackOptions = {
    store,
    destination,
    tablespaceLocations,
    leftOut: leftOutOfParts(objects),
    workerCount: Math.max(1, options.concurrency),
    onWritten: (bytes) => {
      writtenBytes += bytes;
      options.onProgress({ phase: 'fetch', done: writtenBytes, total: Math.max(total, writtenBytes), unit: 'bytes' });
    },
    signal,
  };
  const unpacked = await unpackAll(largestFirst(objects, 'part'), unpack);
  checkComplete(backup, expected, unpacked);
  const last = [...largestFirst(objects, 'backupLabel'), ...largestFirst(objects, 'pgControl')];
  unpacked.push(...(await unpackAll(last, { ...unpack, workerCount: 1 })));
  const files = unpacked.flatMap((object) => object.files);
  if (!files.some(([name]) => name === CONTROL_FILE)) throw lacks(backup, CONTROL_FILE);
  const directories = new Map(unpacked.flatMap((object) => object.directories));
  await finishDirectories(backup, directories, place);
  signal.throwIfAborted();
  await commitDestination(directories.keys(), place);
  return {
    files: files.length,
    sizeBytes: files.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0),
    storedBytes: objects.reduce((sum, object) => sum + object.sizeBytes, 0),
    skipped: unpacked.flatMap((object) => object.skipped),
  };
}

function refuseDelta(backup: Backup): void {
  if (backup.deltaFrom === undefined) return;
  throw new Failure('refused', {
    message: `cannot restore ${backup.name}: it is a delta backup on ${backup.deltaFrom}, and only full backups can be restored`,
    remedy: `Restore from ${backup.deltaFrom} if it is a full backup; WAL leads from there to the same moment.`,
  });
}

async function tarObjects(store: ObjectStore, backup: Backup): Promise<BackupObject[]> {
  const { objects } = await store.listFolder(tarPartitionsFolder(backup.name));
  const found = objects.map(({ key, sizeBytes }): BackupObject => {
    const tar = parseTarObjectName(key.slice(key.lastIndexOf('/') + 1));
    if (tar === undefined) throw unknownObject(backup, key, 'its name is no tar object’s');
    const { compression, kind } = tar;
    if (!isReadableCompression(compression)) throw unknownObject(backup, key, `${compression} is not supported`);
    return { key, compression, kind, isPart: kind === 'part', sizeBytes };
  });
  if (!found.some(({ kind }) => kind === 'part')) throw lacks(backup, 'parts');
  return found;
}

function unknownObject(backup: Backup, key: string, why: string): Failure {
  return new Failure('refused', {
    message: `cannot restore ${backup.name}: its object ${key} cannot be read: ${why}`,
    remedy: 'Restore from another backup; see walkback backup list.',
  });
}

function lacks(backup: Backup, what: string): Failure {
  return new Failure('corrupt', {
    message: `cannot restore ${backup.name}: the archive holds no ${what} of it`,
    remedy: 'Restore from another backup; see walkback backup list.',
  });
}

/**
 * What is not taken from parts: `pg_control` and `backup_label` when they have an object of their own. (A streaming backup of WAL-G's has the label in a part only, and `pg_control` in both.)
 */
function leftOutOfParts(objects: readonly BackupObject[]): ReadonlySet<string> {
  const names: string[] = [];
  if (objects.some(({ kind }) => kind === 'pgControl')) names.push(CONTROL_FILE);
  if (objects.some(({ kind }) => kind === 'backupLabel')) names.push('backup_label');
  return new Set(names);
}

function largestFirst(objects: readonly BackupObject[], kind: TarObjectKind): BackupObject[] {
  return objects.filter((object) => object.kind === kind).toSorted((a, b) => b.sizeBytes - a.sizeBytes);
}
