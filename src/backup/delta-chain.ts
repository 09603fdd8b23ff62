/**
 * What a delta backup builds on: the backups between it and a full one.
 *
 * The chain follows `DeltaFrom`, never WAL-G's count, which with `LATEST_FULL` is not its length.
 *
 * Source: WAL-G `internal/databases/postgres/delta_backup_configurator.go`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Backup } from './backup.ts';

/** A backup and those it builds on, the full one first. @throws {Failure} `corrupt` if one of them is missing or another. */
export function chainOf(backup: Backup, backups: readonly Backup[]): Backup[] {
  const chain = [backup];
  for (let child = backup; child.deltaFrom !== undefined;) {
    const name = child.deltaFrom;
    const parent = backups.find((one) => one.name === name);
    if (parent === undefined) throw brokenChain(backup, `${name} is not in the archive`);
    if (chain.includes(parent)) throw brokenChain(backup, `${name} builds on itself`);
    const difference = differenceOf(child, parent);
    if (difference !== undefined) throw brokenChain(backup, `${name} ${difference}`);
    chain.unshift(parent);
    child = parent;
  }
  return chain;
}

/** A backup of the parent's name that is not the one the child was made from. */
function differenceOf(child: Backup, parent: Backup): string | undefined {
  if (child.deltaFromLsn !== undefined && child.deltaFromLsn !== parent.startLsn) {
    return 'was replaced by another backup of that name: it begins elsewhere';
  }
  if (parent.startLsn > child.startLsn) return 'begins behind it';
  const [one, other] = [child.systemIdentifier, parent.systemIdentifier];
  if (one !== undefined && other !== undefined && one !== other) return `is of another cluster (system ${other})`;
  const majors = [child, parent].map(({ pgVersionNum }) => Math.floor(pgVersionNum / 10_000));
  return majors[0] === majors[1] ? undefined : `is of PostgreSQL ${majors[1]}`;
}

function brokenChain(backup: Backup, found: string): Failure {
  return new Failure('corrupt', {
    message: `cannot follow ${backup.name} to the backup it builds on: ${found}`,
    remedy: 'This delta backup cannot be restored; take a new backup.',
  });
}

/** The backups that can be restored by what is listed: full ones, and deltas whose chain is there, within `backups`. */
export function withWholeChain(backups: readonly Backup[]): Backup[] {
  return backups.filter((backup) => {
    if (backup.deltaFrom === undefined) return true;
    try {
      return chainOf(backup, backups).length > 1;
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  });
}

/** How many bytes a restore of it takes on disk, about: a delta's own size says nothing of that. */
export function restoredSizeBytes(backup: Backup): bigint {
  if (backup.deltaFrom === undefined) return backup.uncompressedSizeBytes;
  const { dataCatalogSizeBytes = 0n, uncompressedSizeBytes } = backup;
  return dataCatalogSizeBytes > uncompressedSizeBytes ? dataCatalogSizeBytes : uncompressedSizeBytes;
}
