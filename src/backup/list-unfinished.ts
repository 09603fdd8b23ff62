/**
 * Backups without a sentinel: being taken, killed, or on their way out.
 *
 * Of ours a marker tells which. Of another program's nothing does: it may be at it as long as an object of it is younger
 * than {@link MAY_BE_RUNNING_MS}.
 *
 * @module
 */

import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { backupFolder, parseBackupName } from '../walg/backup-names.ts';
import { BACKUPS_FOLDER } from '../walg/object-names.ts';
import { listRemovals } from './removal.ts';
import { listMarked } from './running-marker.ts';
import { ObjectAges } from './store-clock.ts';

/** A backup that has stored nothing for so long is not being taken. */
const MAY_BE_RUNNING_MS = 24 * 3_600_000;

/** A backup without a sentinel: being taken, or never finished. */
export interface UnfinishedBackup {
  readonly name: string;
  /** When the newest of its objects was written. */
  readonly newestAt: Date;
  /** Somebody may be at it: its WAL and what it builds on stay. */
  readonly mayBeRunning: boolean;
}

/** What there is without a sentinel. */
export interface UnfinishedBackups {
  readonly unfinished: readonly UnfinishedBackup[];
  /** Of ours, and nobody is at them: they go. */
  readonly abandoned: readonly string[];
  /** Their removal was begun: it is finished. */
  readonly halfRemoved: readonly string[];
}

/** Lists them. @param listed the names of the backups that have a sentinel, of a listing that is not older. */
export async function listUnfinished(
  store: ObjectStore,
  listed: ReadonlySet<string>,
  nowMs: number,
  options: CallOptions = {},
): Promise<UnfinishedBackups> {
  const marked = (await listMarked(store, new Date(nowMs))).filter(({ name }) => !listed.has(name));
  const alive = new Set(marked.filter(({ isAlive }) => isAlive).map(({ name }) => name));
  const dead = marked.filter(({ isAlive }) => !isAlive).map(({ name }) => name);
  const halfRemoved = (await listRemovals(store, options)).filter((name) => !alive.has(name));
  const { folders } = await store.listFolder(BACKUPS_FOLDER, options);
  const others = new Set(folders.map((folder) => folder.slice(0, -1)));
  const ours = new Set([...dead, ...halfRemoved]);
  const ages = new ObjectAges(store, new Date(nowMs), options);
  const unfinished: UnfinishedBackup[] = [];
  for (const name of new Set([...alive, ...others])) {
    if (listed.has(name) || ours.has(name) || parseBackupName(name) === undefined) continue;
    const newestAt = await newestOf(store, name, options);
    const mayBeRunning = alive.has(name) || !(await ages.isOlder(newestAt, MAY_BE_RUNNING_MS));
    unfinished.push({ name, newestAt, mayBeRunning });
  }
  return { unfinished, abandoned: dead, halfRemoved };
}

async function newestOf(store: ObjectStore, name: string, options: CallOptions): Promise<Date> {
  let newest = new Date(0);
  for await (const { modifiedAt } of store.list(backupFolder(name), options)) {
    if (modifiedAt > newest) newest = modifiedAt;
  }
  return newest;
}
