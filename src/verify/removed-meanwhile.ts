/**
 * Tells what was removed while an archive was verified from what is damaged: a prune, or somebody, takes sentinels first
 * and the oldest WAL of a timeline first.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { sentinelKey } from '../walg/backup-names.ts';
import type { Finding } from './finding.ts';
import type { GoneSegment } from './verify-wal.ts';

/** True if a backup that was listed is none any more. */
export async function isRemoved(
  store: ObjectStore,
  { name }: Pick<Backup, 'name'>,
  options: CallOptions,
): Promise<boolean> {
  return (await store.stat(sentinelKey(name), options)) === undefined;
}

/** The backups that are there still. */
export async function stillThere(
  store: ObjectStore,
  backups: readonly Backup[],
  options: CallOptions,
): Promise<Backup[]> {
  const there: Backup[] = [];
  for (const backup of backups) if (!(await isRemoved(store, backup, options))) there.push(backup);
  return there;
}

/**
 * What is to be said of segments that were not there when they were read.
 *
 * @param now the WAL as it was listed after that. What is missing between others of it is a hole, and judged as one; where
 *   nothing is left of a timeline, all of it went.
 */
export function lostSegments(gone: readonly GoneSegment[], now: ArchivedWal): Finding[] {
  return gone.flatMap(({ timeline, index, finding }) => {
    const ranges = now.segments.get(timeline) ?? [];
    const isListed = ranges.some((range) => range.firstIndex <= index && index <= range.lastIndex);
    const isLast = ranges.length > 0 && ranges.every(({ lastIndex }) => lastIndex < index);
    return isListed || isLast ? [finding] : [];
  });
}
