/**
 * The backup that a plan restores, as a value of the plan.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { restoredSizeBytes } from '../backup/delta-chain.ts';

/** `finishedAt` is RFC 3339; sizes are decimal, as JSON's numbers end at 2^53. */
export interface PlannedBackup {
  readonly name: string;
  readonly timeline: number;
  readonly finishedAt: string;
  readonly compressedBytes: string;
  readonly uncompressedBytes: string;
  readonly tablespaces: readonly { readonly oid: number; readonly location: string }[];
}

/** What a plan tells of a backup. */
export function plannedBackup(backup: Backup): PlannedBackup {
  return {
    name: backup.name,
    timeline: backup.timeline,
    finishedAt: backup.finishedAt.toISOString(),
    compressedBytes: backup.compressedSizeBytes.toString(),
    uncompressedBytes: restoredSizeBytes(backup).toString(),
    tablespaces: backup.tablespaces.map(({ oid, location }) => ({ oid, location })),
  };
}
