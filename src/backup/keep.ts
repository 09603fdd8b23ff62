/**
 * Keeps a backup for good, or lets it go again: the permanent flag in its `metadata.json`.
 *
 * The sentinel is never rewritten, because `LATEST` goes by when it was written.
 *
 * Source: WAL-G `internal/backup_mark_handler.go`: ancestors are kept with a delta; one that a kept delta needs is not let go.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { metadataKey } from '../walg/backup-names.ts';
import { formatBackupMetadata, parseBackupMetadata } from '../walg/metadata.ts';
import type { Backup } from './backup.ts';
import { chainOf } from './delta-chain.ts';
import { findBackup, listBackups } from './list.ts';
import { refuseIfRemoved } from './removal.ts';

/**
 * Sets or clears the flag. Answers with the backups that were changed, the full one first; none if all were so already.
 *
 * @throws {Failure} `notInArchive` if there is no such backup, `refused` if a kept delta needs it, or if one of them is in a
 *   failover storage, which is only read, and nothing is changed then; `conflict` if one of them is being deleted.
 */
export async function keepBackup(store: ObjectStore, name: string, isPermanent: boolean): Promise<Backup[]> {
  const backup = await findBackup(store, name);
  const backups = await listBackups(store);
  const affected = isPermanent ? chainOf(backup, backups) : [backup];
  if (!isPermanent) refuseIfNeeded(backup, backups);
  const changed = affected.filter((one) => one.isPermanent !== isPermanent);
  for (const { name: one } of changed) await refuseIfElsewhere(store, one);
  const unmarked = await writeFlags(store, changed, isPermanent);
  // Those that were so already, too: a removal that is under way may have looked before.
  if (isPermanent) {
    await refuseIfRemoved(
      store,
      affected.map((one) => one.name),
    );
  }
  if (unmarked !== undefined) throw cannotMark(unmarked);
  return changed.map((one) => ({ ...one, isPermanent }));
}

function refuseIfNeeded(backup: Backup, backups: readonly Backup[]): void {
  const child = backups.find((one) => one.deltaFrom === backup.name && one.isPermanent);
  if (child === undefined) return;
  throw new Failure('refused', {
    message: `cannot let ${backup.name} go: ${child.name}, which is kept, builds on it`,
    remedy: `Let ${child.name} go first.`,
  });
}

async function refuseIfElsewhere(store: ObjectStore, name: string): Promise<void> {
  const address = await store.readElsewhere?.(metadataKey(name));
  if (address === undefined) return;
  throw new Failure('refused', {
    message: `cannot mark ${name}: it is in ${address}, a failover storage, which is only read`,
    remedy: 'Mark it there: run the same command with the settings of that storage alone.',
  });
}

/** Answers with the first that has nothing to write it into; those behind it stay as they are. */
async function writeFlags(
  store: ObjectStore,
  backups: readonly Backup[],
  isPermanent: boolean,
): Promise<Backup | undefined> {
  for (const backup of backups) {
    const key = metadataKey(backup.name);
    const bytes = await store.get(key);
    if (bytes === undefined) return backup;
    await store.put(key, Buffer.from(formatBackupMetadata({ ...parseBackupMetadata(bytes, key), isPermanent })));
  }
  return undefined;
}

function cannotMark({ name }: Backup): Failure {
  return new Failure('corrupt', {
    message: `cannot mark ${name}: it has no ${metadataKey(name)}, where the mark is kept`,
    remedy: 'Take a new backup and keep that one.',
  });
}
