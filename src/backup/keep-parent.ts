/**
 * The last look at the parent before a delta exists: it must still be there, with all that it builds on, and be kept for good
 * if the delta is.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { DeltaParent } from './choose-parent.ts';
import { keepBackup } from './keep.ts';
import { listBackups } from './list.ts';

/** @throws {Failure} `conflict` if a backup of the chain was deleted or replaced meanwhile. */
export async function keepParent(store: ObjectStore, parent: DeltaParent, isPermanent: boolean): Promise<void> {
  const { backup, chain } = parent;
  const there = await listBackups(store);
  for (const { name, startLsn } of chain) {
    if (there.some((one) => one.name === name && one.startLsn === startLsn)) continue;
    throw new Failure('conflict', {
      message: `cannot finish a delta on ${backup.name}: ${name} was deleted meanwhile`,
      remedy: 'Take the backup again; delete no backups while one is taken.',
    });
  }
  if (isPermanent) await keepBackup(store, backup.name, true);
}
