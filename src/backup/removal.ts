/**
 * The removal of backups, in an order that can be interrupted anywhere.
 *
 * First a note, `walkback_001/removing/base_<DASHED>.json`, then the sentinel, then all other objects, then the note. A
 * backup goes before what it builds on. So a backup that is listed is whole at every moment; and what is left of one
 * whose removal was interrupted is known by its note, where objects without a sentinel might otherwise belong to a backup
 * that is being taken.
 *
 * A delta may be begun on a backup while that is about to go. Who removes writes the note first and looks for deltas then;
 * who takes one writes its marker first and looks for notes then ({@link refuseIfGoing}). Whichever comes first, one of the two
 * sees the other and gives up. So it is with a backup that is marked as permanent: who removes looks at the marks behind the
 * note ({@link refuseIfKept}), who marks looks for the note behind the mark ({@link refuseIfRemoved}).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { metadataKey, parseBackupName, sentinelKey } from '../walg/backup-names.ts';
import { parseBackupMetadata } from '../walg/metadata.ts';
import type { Backup } from './backup.ts';
import { childrenFirst } from './chain-members.ts';
import { listBackups } from './list.ts';
import { OWN_FOLDER, dashedName } from './own-objects.ts';
import { deleteUnfinished, listMarked } from './running-marker.ts';
import { ObjectAges } from './store-clock.ts';

/** Folder of the notes. */
const REMOVAL_FOLDER = `${OWN_FOLDER}removing/`;
/** A note that led to nothing for so long is of a removal that was killed. */
const FORGOTTEN_AFTER_MS = 3_600_000;
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
  /** Called before sentinels are deleted, with the names of their backups. What it throws ends the removal, and these stay. */
  readonly beforeSentinels?: (names: readonly string[]) => Promise<void>;
  /** Called before the rest of each backup is deleted. What it throws ends the removal; the notes tell what is left. */
  readonly beforeRest?: () => Promise<void>;
  /** Called with the name of each backup of which nothing is left. */
  readonly onRemoved?: (name: string) => void;
}

/**
 * Removes backups.
 *
 * @throws {Failure} `conflict` if another backup, listed or being taken, builds on one of them; and what the store throws.
 *   Calling it again, or {@link finishRemoval}, goes on.
 */
export async function removeBackups(
  store: ObjectStore,
  backups: readonly Pick<Backup, 'name' | 'deltaFrom'>[],
  options: RemovalOptions = {},
): Promise<void> {
  const going = new Set(backups.map(({ name }) => name));
  for (const group of childrenFirst(backups)) {
    options.signal?.throwIfAborted();
    const names = group.map(({ name }) => name);
    await Promise.all(names.map(async (name) => store.put(removalKey(name), noteOf(name), callOptions(options))));
    try {
      await refuseIfBuiltOn(store, names, going, options);
      await options.beforeSentinels?.(names);
    } catch (error) {
      await store.delete(names.map(removalKey)).catch(() => {});
      throw error;
    }
    await store.delete(names.map(sentinelKey), callOptions(options));
  }
  for (const { name } of backups) {
    options.signal?.throwIfAborted();
    await options.beforeRest?.();
    await finishRemoval(store, name);
    options.onRemoved?.(name);
  }
}

async function refuseIfBuiltOn(
  store: ObjectStore,
  names: readonly string[],
  going: ReadonlySet<string>,
  { signal }: CallOptions,
): Promise<void> {
  // Those being taken first: one that ends meanwhile is in the listing behind it.
  const marked = (await listMarked(store, new Date())).filter(({ isAlive }) => isAlive);
  const listed = (await listBackups(store, signal)).filter(({ name }) => !going.has(name));
  const child = [...marked, ...listed].find(({ deltaFrom }) => deltaFrom !== undefined && names.includes(deltaFrom));
  if (child === undefined) return;
  throw new Failure('conflict', {
    message: `cannot delete ${child.deltaFrom}: ${child.name} has come, and builds on it`,
    remedy: 'Make the plan again and look at it.',
  });
}

/**
 * To be called when the marker of a delta is there, and never before: see above.
 *
 * @param chain the names of all that the delta builds on.
 * @throws {Failure} `conflict` if one of them is about to go.
 */
export async function refuseIfGoing(
  store: ObjectStore,
  chain: readonly string[],
  options: CallOptions = {},
): Promise<void> {
  const going = (await listRemovals(store, options)).find((name) => chain.includes(name));
  if (going === undefined) return;
  throw new Failure('conflict', {
    message: `cannot take a delta backup: ${going}, which it would build on, is being deleted`,
    remedy: 'Take the backup again: it builds on another one then, or is a full one.',
  });
}

/** To be called when the notes are there. @throws {Failure} `conflict` if one of them has been marked as permanent. */
export async function refuseIfKept(
  store: ObjectStore,
  names: readonly string[],
  action: string,
  options: CallOptions = {},
): Promise<void> {
  for (const name of names) {
    const key = metadataKey(name);
    const bytes = await store.get(key, options);
    if (bytes === undefined || !parseBackupMetadata(bytes, key).isPermanent) continue;
    throw new Failure('conflict', {
      message: `cannot ${action}: ${name} has just been marked as permanent`,
      remedy: 'Make the plan again and look at it.',
    });
  }
}

/** To be called when they are marked as permanent. @throws {Failure} `conflict` if one of them goes all the same, or has gone. */
export async function refuseIfRemoved(store: ObjectStore, names: readonly string[]): Promise<void> {
  const going: string[] = [];
  const gone: string[] = [];
  for (const name of names) {
    const note = removalKey(name);
    // The note before the sentinel: it goes last.
    if ((await store.stat(note)) !== undefined && !(await isForgotten(store, note))) going.push(name);
    if ((await store.stat(sentinelKey(name))) === undefined) gone.push(name);
  }
  // A mark behind the deletion is all that there is of the backup, and looks like one that is being taken.
  if (gone.length > 0) await store.delete(gone.map(metadataKey)).catch(() => {});
  const [name] = [...gone, ...going];
  if (name === undefined) return;
  throw new Failure('conflict', {
    message: `cannot keep ${name}: its deletion has begun`,
    remedy: 'If it is listed when that deletion has ended, keep it again; if it is not, keep another one.',
  });
}

/**
 * Deletes what is left of a backup whose sentinel is gone, and its note. Of one that still has a sentinel, the note alone,
 * when it is so old that nobody can be about to delete the sentinel.
 */
export async function finishRemoval(store: ObjectStore, backupName: string): Promise<void> {
  const note = removalKey(backupName);
  if ((await store.stat(sentinelKey(backupName))) === undefined) await deleteUnfinished(store, backupName);
  else if (!(await isForgotten(store, note))) return;
  await store.delete([note]);
}

async function isForgotten(store: ObjectStore, note: string): Promise<boolean> {
  const there = await store.stat(note);
  return there !== undefined && new ObjectAges(store, new Date()).isOlder(there.modifiedAt, FORGOTTEN_AFTER_MS);
}

function noteOf(name: string): Buffer {
  return Buffer.from(`${JSON.stringify({ name, at: new Date().toISOString() })}\n`);
}

function callOptions({ signal }: CallOptions): CallOptions {
  return signal === undefined ? {} : { signal };
}
