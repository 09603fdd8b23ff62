/**
 * Puts a base backup, full or delta, into an empty directory: ours, or one that WAL-G wrote.
 *
 * A delta is restored from the full backup at the root of its chain up. Parts are unpacked in parallel, one backup of the
 * chain after another; then `backup_label`, and `pg_control` last. What a server could start on exists only when everything
 * else is on disk. `tablespace_map` is dropped, because the server would make links to the places of then; links to the
 * given places are made here.
 *
 * Refused: a chain that is not whole; a backup whose list of files is missing although its version has one; a backup that
 * lacks a file of that list, or holds one that the list does not name; names that lead out of the directory; hard links,
 * devices, pipes, and symbolic links in the place of a file of the server; far more content, or entries, than the backup
 * says. Other symbolic links are left out and reported, because WAL-G stores them without where they point; and so is what
 * lies in a tablespace's folder and is not the server's.
 *
 * Source: WAL-G `internal/databases/postgres/backup_fetch_handler.go`, `tar_interpreter.go`.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { chainOf } from '../backup/delta-chain.ts';
import { LIST_LIMITS, readFilesMetadata } from '../backup/files-of-backup.ts';
import { listBackups } from '../backup/list.ts';
import type { OnProgress } from '../base/progress.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import { limitedStore } from '../storage/limited-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { countEntries } from '../walg/files-metadata.ts';
import { checkOneLine } from './chain-line.ts';
import { confirmDamage } from './confirm-damage.ts';
import { ContentMeter } from './content-meter.ts';
import { damageOnRecord, damagedPages, type DamagedFile } from './damaged-pages.ts';
import { commitDestination, finishDirectories, prepareDestination } from './destination.ts';
import { checkComplete, expectedOf } from './expected-files.ts';
import { readLayout } from './read-layout.ts';
import { decideLevels, type RestoreLevel } from './restore-levels.ts';
import type { UnpackedObject } from './restore-messages.ts';
import { unpackAll, type UnpackOptions } from './restore-workers.ts';
import { CONTROL_FILE } from './restored-path.ts';
import { lacks, largestFirst, leftOutOfParts, listTarObjects, neededParts, type BackupObject } from './tar-objects.ts';
import { writtenDirectories } from './written-directories.ts';

/** What to restore, and where. */
export interface RestoreBackupOptions {
  readonly store: ObjectStore;
  readonly backup: Backup;
  /** The data directory: empty, or absent. */
  readonly destination: string;
  /** A place for each tablespace of the backup, by oid: empty, or absent. */
  readonly tablespaceLocations: ReadonlyMap<number, string>;
  /** Leaves out files and directories by their names below the data directory (`base/5/1259`); everything unless told. */
  readonly isWanted?: (name: string) => boolean;
  /** How many parts are unpacked at once. */
  readonly concurrency: number;
  /** How fast the store is read; as fast as it goes unless told. */
  readonly limiter?: RateLimiter | undefined;
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
  /** Entries left out: links, and what is not the server's in a tablespace's folder. */
  readonly skipped: readonly string[];
  /** The backups that were read, the full one first. */
  readonly chain: readonly string[];
  /** Pages of increments that do not carry their checksum and that replay will not write anew. */
  readonly damagedFiles: readonly DamagedFile[];
  /** Pages that were damaged on the server when a backup took them, as its list says, and are so still. */
  readonly recordedDamage: readonly DamagedFile[];
}

interface Level extends RestoreLevel {
  readonly objects: readonly BackupObject[];
  readonly parts: readonly BackupObject[];
}

/** Restores a backup. @throws {Failure}; the destination then holds a file that says so. */
export async function restoreBackup(given: RestoreBackupOptions): Promise<RestoreReport> {
  const options = { ...given, store: limitedStore(given.store, given.limiter) };
  const { store, backup, destination, tablespaceLocations } = options;
  const place = { destination, tablespaceLocations };
  const levels = await readLevels(options);
  const newest = levels.at(-1);
  if (newest === undefined) throw lacks(backup, 'parts');
  const layout = await readLayout(store, backup, newest.objects);
  const prepared = await prepareDestination(backup, place);
  const meter = new ContentMeter(levels, options.onProgress);
  const signal = AbortSignal.any([meter.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const common = { store, ...place, layout, workerCount: Math.max(1, options.concurrency), signal };
  const unpacked: UnpackedObject[] = [];
  const damagedFiles: DamagedFile[] = [];
  let recorded: readonly DamagedFile[] = [];
  for (const level of levels) {
    const came = await unpackLevel(level, { ...common, meter: meter.startLevel(level) });
    damagedFiles.push(...damagedPages(level, came));
    recorded = damageOnRecord(recorded, level, came);
    unpacked.push(...came);
  }
  const last = [...largestFirst(newest.objects, 'backupLabel'), ...largestFirst(newest.objects, 'pgControl')];
  unpacked.push(
    ...(await unpackAll(last, { ...common, leftOut: new Set(), meter: meter.startLevel(newest), workerCount: 1 })),
  );
  const sizes = fileSizes(unpacked);
  if (!sizes.has(CONTROL_FILE)) throw lacks(backup, CONTROL_FILE);
  const directories = new Map(unpacked.flatMap((object) => object.directories));
  await finishDirectories(backup, directories, place);
  const spans = new Map(levels.map((level) => [level.backup.name, level.backup]));
  const recordedDamage = await confirmDamage(recorded, place, layout, spans);
  signal.throwIfAborted();
  await commitDestination(writtenDirectories(unpacked), place, prepared);
  const read = [...levels.flatMap(({ parts }) => parts), ...last];
  return {
    files: sizes.size,
    sizeBytes: [...sizes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0),
    storedBytes: read.reduce((sum, object) => sum + object.sizeBytes, 0),
    skipped: unpacked.flatMap((object) => object.skipped),
    chain: levels.map((level) => level.backup.name),
    damagedFiles,
    recordedDamage,
  };
}

async function readLevels({ store, backup, isWanted, signal }: RestoreBackupOptions): Promise<Level[]> {
  const chain = backup.deltaFrom === undefined ? [backup] : chainOf(backup, await listBackups(store, signal));
  await checkOneLine(store, chain, signal === undefined ? {} : { signal });
  const described = [];
  // All of them are held at once: what one takes the others have not.
  let { maxEntries } = LIST_LIMITS;
  for (const one of chain) {
    const limits = { ...LIST_LIMITS, maxEntries };
    const metadata = await readFilesMetadata(store, one, { limits, ...(signal === undefined ? {} : { signal }) });
    maxEntries -= metadata === undefined ? 0 : countEntries(metadata);
    described.push({ backup: one, metadata });
  }
  const levels: Level[] = [];
  for (const level of decideLevels(described, isWanted)) {
    const objects = await listTarObjects(store, level.backup);
    levels.push({ ...level, objects, parts: neededParts(level, objects) });
  }
  return levels;
}

async function unpackLevel(level: Level, options: Omit<UnpackOptions, 'leftOut'>): Promise<UnpackedObject[]> {
  const { backup, metadata, wanted, objects, parts } = level;
  const unpacked = await unpackAll(parts, { ...options, leftOut: leftOutOfParts(objects) });
  checkComplete(backup, expectedOf(backup, metadata, wanted), unpacked);
  return unpacked;
}

/** What each file has now. A later backup's word counts. */
function fileSizes(unpacked: readonly UnpackedObject[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { files, increments } of unpacked) {
    for (const [name, sizeBytes] of files) sizes.set(name, sizeBytes);
    for (const { name, fileSizeBytes } of increments) sizes.set(name, fileSizeBytes);
  }
  return sizes;
}
