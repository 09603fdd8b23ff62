/**
 * Whether a backup can be restored by what the archive holds: its chain, on one line of history, and the WAL between its
 * begin and its end.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { restorableBackups as withChainOnLine } from '../backup/delta-line.ts';
import type { WalSpan } from './needed-wal.ts';
import type { PruneFacts } from './prune-facts.ts';

/** The WAL without which a backup is not consistent. */
export type BackupSpan = WalSpan & { readonly lastIndex: bigint };

/**
 * From the segment with the last byte before its start (what WAL-G counts as its own; mostly the same one) to the one with
 * its last byte.
 */
export function spanOfBackup(
  { timeline, startLsn, finishLsn }: Pick<Backup, 'timeline' | 'startLsn' | 'finishLsn'>,
  segmentSizeBytes: number,
): BackupSpan {
  const indexOf = (position: bigint): bigint => (position > 0n ? position - 1n : 0n) / BigInt(segmentSizeBytes);
  return { timeline, firstIndex: indexOf(startLsn), lastIndex: indexOf(finishLsn) };
}

/** The backups that can be restored, in the order given. */
export function restorableBackups(facts: PruneFacts): Backup[] {
  const ranges = new Map(facts.timelines.map(({ timeline, segments }) => [timeline, segments]));
  return whollyStoredBackups(facts).filter((backup) => {
    const { firstIndex, lastIndex } = segmentsOf(backup, facts.segmentSizeBytes);
    const own = ranges.get(backup.timeline) ?? [];
    return own.some((range) => range.firstIndex <= firstIndex && range.lastIndex >= lastIndex);
  });
}

/** The backups that lack nothing but WAL, if that, in the order given: not damaged, the chain there and on one line. */
export function whollyStoredBackups({ backups, timelines, damaged }: PruneFacts): Backup[] {
  const lines = new Map(timelines.map(({ timeline, line }) => [timeline, line]));
  const sound = backups.filter(({ name }) => !damaged.has(name));
  return withChainOnLine(sound, (timeline) => lines.get(timeline));
}

/** Those that must be there: a byte before the start is read by nobody. */
function segmentsOf(
  { startLsn, finishLsn }: Backup,
  segmentSizeBytes: number,
): { firstIndex: bigint; lastIndex: bigint } {
  const size = BigInt(segmentSizeBytes);
  return { firstIndex: startLsn / size, lastIndex: (finishLsn > 0n ? finishLsn - 1n : 0n) / size };
}
