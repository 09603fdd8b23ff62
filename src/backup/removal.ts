/**
 * The removal of backups, in an order that can be interrupted anywhere.
 *
 * First a note, `walkback_001/removing/base_<DASHED>.json`, then the sentinel, then all other objects, then the note. A
 * backup goes before what it builds on. So a backup that is listed is whole at every moment; and what is left of one
 * whose removal was interrupted is known by its note, where objects without a sentinel might otherwise belong to a backup
 * that is being taken.
 *
 * @module
 */

import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { parseBackupName, sentinelKey } from '../walg/backup-names.ts';
import type { Backup } from './backup.ts';
import { childrenFirst } from './chain-members.ts';
import { OWN_FOLDER, dashedName } from './own-objects.ts';
import { deleteUnfinished } from './running-marker.ts';

/** Folder of the notes. */
const REMOVAL_FOLDER = `${OWN_FOLDER}removing/`;
const NOTE = /^(base_[0-9A-F-]+(?:_D_[0-9A-F-]+)?(?:_[0-9A-F]{8})?)\.json$/;

function removalKey(backupName: string): string {
  return `${REMOVAL_FOLDER}${dashedName(backupName)}.json`;
}

/** Names of backups whose removal was begun and not finished, or whose sentinel has not been deleted yet. */
export async function listRemovals(store: ObjectStore, options: CallOptions = {}): Promise<string[]> {
  const { objects } = await store.listFolder(REMOVAL_FOLDER, options);
  return objects.flatMap(({ key }) => {
    const [, dashed] = NOTE.exec(key.slice(REMOVAL_FOLDER.length)) ?? [];
    const name = dashed?.replaceAll('-', '');
    return name === undefined || parseBackupName(name) === undefined ? [] : [name];
  });
}

/** How to remove. */
export interface RemovalOptions extends CallOptions {
  /** Called before sentinels are deleted, with the names of their backups. What it throws ends the removal. */
  readonly beforeSentinels?: (names: readonly string[]) => Promise<void>;
  /** Called with the name of each backup of which nothing is left. */
  readonly onRemoved?: (name: string) => void;
}

/** Removes backups. @throws what the store throws; calling it again, or {@link finishRemoval}, goes on. */
export async function removeBackups(
  store: ObjectStore,
  backups: readonly Pick<Backup, 'name' | 'deltaFrom'>[],
  options: RemovalOptions = {},
): Promise<void> {
  for (const group of childrenFirst(backups)) {
    options.signal?.throwIfAborted();
    const names = group.map(({ name }) => name);
    await options.beforeSentinels?.(names);
    await Promise.all(names.map(async (name) => store.put(removalKey(name), noteOf(name), callOptions(options))));
    await store.delete(names.map(sentinelKey), callOptions(options));
  }
  for (const { name } of backups) {
    options.signal?.throwIfAborted();
    await finishRemoval(store, name);
    options.onRemoved?.(name);
  }
}

/** Deletes what is left of a backup whose sentinel is gone, and its note; only the note of one that still has a sentinel. */
export async function finishRemoval(store: ObjectStore, backupName: string): Promise<void> {
  await deleteUnfinished(store, backupName);
  await store.delete([removalKey(backupName)]);
}

function noteOf(name: string): Buffer {
  return Buffer.from(`${JSON.stringify({ name, at: new Date().toISOString() })}\n`);
}

function callOptions({ signal }: CallOptions): CallOptions {
  return signal === undefined ? {} : { signal };
}
