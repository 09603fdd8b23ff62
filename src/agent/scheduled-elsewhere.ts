/**
 * Whether another program takes the backup that is due: Spilo's own cron calls `wal-g` at the moment that its
 * `BACKUP_SCHEDULE` names, which the agent reads too.
 *
 * A backup of wal-g is seen when it has stored its first part, which may take minutes. So where the newest backup is another
 * program's, that one gets {@link GRACE_MS} to show itself, and what shows itself is waited for as long as it goes on.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { listUnfinished } from '../backup/list-unfinished.ts';
import { indexFolder } from '../backup/own-objects.ts';
import { listMarked } from '../backup/running-marker.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';

/** How long a program that took the last backup may take to begin the next. */
export const GRACE_MS = 15 * 60_000;
/** One that has stored nothing for so long is not waited for. */
const STALLED_AFTER_MS = 30 * 60_000;

/** What another program does about a backup that is due. */
export interface ScheduledElsewhere {
  /** `expected`: it took the last one. `running`: it has begun. `taken`: it is done. */
  readonly state: 'expected' | 'running' | 'taken';
  /** Of the last backup, or the one that is being taken. */
  readonly name: string;
}

/** What is due, and what there is. */
export interface DueBackup {
  readonly scheduledMs: number;
  readonly nowMs: number;
  /** The newest on the server's line of history. */
  readonly newest: Backup;
  readonly listed: readonly Backup[];
  /** The backup that this agent took last. */
  readonly ownName: string | undefined;
}

/** Looks; `undefined` if nobody else does anything about it. */
export async function scheduledElsewhere(
  store: ObjectStore,
  { scheduledMs, nowMs, newest, listed, ownName }: DueBackup,
  options: CallOptions = {},
): Promise<ScheduledElsewhere | undefined> {
  const isOthers = newest.name !== ownName && !(await hasOwnIndex(store, newest.name, options));
  if (newest.startedAt.getTime() >= scheduledMs) return isOthers ? { state: 'taken', name: newest.name } : undefined;
  const ours = new Set((await listMarked(store, new Date(nowMs))).map(({ name }) => name));
  const { unfinished } = await listUnfinished(store, new Set(listed.map(({ name }) => name)), nowMs, options);
  const running = unfinished.find(({ name, newestAt }) => {
    const atMs = newestAt.getTime();
    return !ours.has(name) && atMs >= scheduledMs && nowMs - atMs < STALLED_AFTER_MS;
  });
  if (running !== undefined) return { state: 'running', name: running.name };
  return isOthers && nowMs - scheduledMs < GRACE_MS ? { state: 'expected', name: newest.name } : undefined;
}

/** True for a backup whose parts this program has an index of. */
async function hasOwnIndex(store: ObjectStore, name: string, options: CallOptions): Promise<boolean> {
  for await (const _ of store.list(indexFolder(name), options)) return true;
  return false;
}
