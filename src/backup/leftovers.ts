/**
 * What is left of backups that never came to be, with WAL-G's too, of which nothing says whether somebody is still at them.
 *
 * One of another program counts as left when nothing of it was written for a day, and all of it before the oldest backup that may
 * go began; never one that a listed backup, or one that may be being taken, builds on: its sentinel may have been lost. Of ours the
 * marker, or the note of a removal, tells, however old it is.
 *
 * @module
 */

import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { backupFolder } from '../walg/backup-names.ts';
import type { Backup } from './backup.ts';
import { parentsOfUnfinished } from './chain-members.ts';
import { refuseIfFrozen } from './freeze-note.ts';
import { listUnfinished, type UnfinishedBackup } from './list-unfinished.ts';
import type { BackupListing } from './list.ts';
import { indexFolder } from './own-objects.ts';
import { finishRemoval } from './removal.ts';
import { cleanLeftovers, deleteUnfinished } from './running-marker.ts';

/** What is left of one. */
export interface Leftover {
  readonly name: string;
  /** `removed`: of a removal that was begun; `killed`: of ours; `other`: of another program. */
  readonly kind: 'removed' | 'killed' | 'other';
  readonly objects: number;
}

/** Finds them. @param target what began later is left alone, where nothing tells of it. */
export async function findLeftovers(
  store: ObjectStore,
  { backups, broken }: BackupListing,
  target: Backup,
  options: CallOptions = {},
): Promise<Leftover[]> {
  const listed = new Set([...backups, ...broken].map(({ name }) => name));
  const { unfinished, abandoned, halfRemoved } = await listUnfinished(store, listed, Date.now(), options);
  const running = unfinished.filter(({ mayBeRunning }) => mayBeRunning).map(({ name }) => name);
  const old = unfinished.filter(({ mayBeRunning, newestAt }) => !mayBeRunning && newestAt < target.startedAt);
  const builtOn = builtOnBy([...listed, ...running], old);
  const found: Leftover[] = [];
  const add = async (kind: Leftover['kind'], names: readonly string[]): Promise<void> => {
    for (const name of names) found.push({ name, kind, objects: await countObjects(store, name, options) });
  };
  // One that still has its sentinel is a backup, which somebody may be about to remove.
  await add(
    'removed',
    halfRemoved.filter((name) => !listed.has(name)),
  );
  await add('killed', abandoned);
  await add(
    'other',
    old.map(({ name }) => name).filter((name) => !builtOn.has(name)),
  );
  return found;
}

/** Those of `old` that `names` build on, and what these build on. */
function builtOnBy(names: readonly string[], old: readonly UnfinishedBackup[]): Set<string> {
  const all = new Set(names);
  for (const name of all) for (const parent of parentsOfUnfinished(old, name)) all.add(parent.name);
  return all;
}

/** Deletes them. @throws {Failure} `refused` if the archive is frozen. */
export async function deleteLeftovers(
  store: ObjectStore,
  leftovers: readonly Leftover[],
  options: CallOptions = {},
): Promise<void> {
  for (const { name, kind } of leftovers) {
    options.signal?.throwIfAborted();
    await refuseIfFrozen(store, 'delete what is left of backups', options);
    if (kind === 'other') await deleteUnfinished(store, name);
    else if (kind === 'removed') await finishRemoval(store, name);
  }
  if (leftovers.some(({ kind }) => kind === 'killed')) await cleanLeftovers(store, new Date());
}

async function countObjects(store: ObjectStore, name: string, options: CallOptions): Promise<number> {
  let objects = 0;
  for (const folder of [backupFolder(name), indexFolder(name)]) {
    for await (const _ of store.list(folder, options)) objects += 1;
  }
  return objects;
}
