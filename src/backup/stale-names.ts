/**
 * Which snapshots of the catalogs go with the WAL that is deleted.
 *
 * @module
 */

import type { SnapshotPlace } from '../archive/catalog-snapshots.ts';
import { formatSegmentName, segmentAt, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import { mayDeleteSegment, type WalToDelete } from './delete-plan.ts';

/**
 * Those of WAL that goes, but for the last one of each timeline: what is kept begins with the names that it tells.
 *
 * @param places in the order of LSNs within each timeline.
 */
export function staleNames(
  places: readonly SnapshotPlace[],
  wal: WalToDelete,
  segmentSizeBytes: WalSegmentSizeBytes,
): SnapshotPlace[] {
  const going = places.filter(({ timeline, lsn }) => {
    const segment = segmentAt(timeline, lsn, segmentSizeBytes);
    return mayDeleteSegment(formatSegmentName(segment, segmentSizeBytes), wal);
  });
  return going.filter(({ timeline }, index) => going[index + 1]?.timeline === timeline);
}
