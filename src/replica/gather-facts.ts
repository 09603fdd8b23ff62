/**
 * What the decision where a replica is made from needs to know: the archive's backups and WAL.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { controlOfBackup } from '../backup/control-of-backup.ts';
import { listBackups } from '../backup/list.ts';
import { isFailure } from '../base/failure.ts';
import { listArchivedWal, type ArchivedWal } from '../history/archived-wal.ts';
import { isOnLine } from '../postgres/timeline-history.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import type { LineToFollow } from './decide-source.ts';

/** What the archive holds. */
export interface ArchiveFacts {
  readonly backups: readonly Backup[];
  readonly wal: ArchivedWal | undefined;
}

/** Old versions of WAL-G do not write into the sentinel which system it is; the control file in the backup says. */
async function withSystem(
  store: ObjectStore,
  backup: Backup,
  { line }: LineToFollow,
  options: CallOptions,
): Promise<Backup> {
  if (backup.systemIdentifier !== undefined || !isOnLine(line, backup.timeline, backup.startLsn)) return backup;
  const control = await controlOfBackup(store, backup.name, options);
  return control === undefined ? backup : { ...backup, systemIdentifier: control.systemIdentifier };
}

/** Looks. @throws what the store throws. */
export async function gatherArchiveFacts(
  store: ObjectStore,
  follow: LineToFollow,
  options: CallOptions,
): Promise<ArchiveFacts> {
  const listed = await listBackups(store, options.signal);
  const backups: Backup[] = [];
  for (const backup of listed) backups.push(await withSystem(store, backup, follow, options));
  if (backups.length === 0) return { backups, wal: undefined };
  const wal = await listArchivedWal(store, options).catch((error: unknown) => {
    if (isFailure(error, 'notInArchive')) return undefined;
    throw error;
  });
  return { backups, wal };
}
