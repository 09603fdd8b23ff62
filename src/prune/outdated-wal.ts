/**
 * WAL that no backup needs, with all backups staying: what `wal-g delete garbage` deletes of it.
 *
 * What this program keeps about that WAL goes with it; what it keeps about backups stays.
 *
 * @module
 */

import { refuseIfFrozen } from '../backup/freeze-note.ts';
import { OWN_FOLDER } from '../backup/own-objects.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { backupOfLedgerKey } from '../verify/ledger-object.ts';
import { goingWal } from './going-wal.ts';
import type { InUse } from './prune-facts.ts';
import { decidePlan, type DecidedPlan, type GoingSegments } from './prune-plan.ts';

/** WAL that nobody needs. */
export interface OutdatedWal {
  readonly segments: readonly GoingSegments[];
  readonly keys: readonly string[];
}

const KEYS_AT_ONCE = 500;

/** Finds it. @param fromMs every moment from then on stays. @throws {Failure} `refused` if it cannot be told what is needed. */
export async function findOutdatedWal(
  store: ObjectStore,
  fromMs: number,
  inUse: InUse,
  options: CallOptions = {},
): Promise<OutdatedWal> {
  const { plan, gathered, decision } = await decideKeepingBackups(store, fromMs, inUse, options);
  const keys: string[] = [];
  for await (const { key } of goingWal(store, gathered, decision, options)) if (!isOfBackup(key)) keys.push(key);
  return { segments: plan.segments, keys };
}

/** A backup that would go otherwise, because it is damaged for example, stays with the WAL behind it. */
async function decideKeepingBackups(
  store: ObjectStore,
  fromMs: number,
  inUse: InUse,
  options: CallOptions,
): Promise<DecidedPlan> {
  const decide = (used: InUse): Promise<DecidedPlan> =>
    decidePlan(store, { policy: { keepFull: 1 }, inUse: used }, options, fromMs);
  const decided = await decide(inUse);
  const { going } = decided.plan;
  if (going.length === 0) return decided;
  const staying = going.map(({ backup }) => [backup.name, 'nothing but WAL is deleted'] as const);
  return decide({ ...inUse, backups: new Map([...inUse.backups, ...staying]) });
}

function isOfBackup(key: string): boolean {
  return key.startsWith(`${OWN_FOLDER}backups/`) || backupOfLedgerKey(key) !== undefined;
}

/** Deletes it, oldest first. @throws {Failure} `refused` if the archive is frozen, also meanwhile. */
export async function deleteOutdatedWal(
  store: ObjectStore,
  { keys }: OutdatedWal,
  options: CallOptions = {},
): Promise<void> {
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    options.signal?.throwIfAborted();
    await refuseIfFrozen(store, 'delete WAL', options);
    await store.delete(keys.slice(at, at + KEYS_AT_ONCE), options);
  }
}
