/**
 * How reading a line of history ends.
 *
 * @module
 */

import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';
import type { ArchivedWal } from './archived-wal.ts';
import { expectedSegmentName, nextChosenSegment, type ChosenSegment } from './segment-choice.ts';

/**
 * How a scan ended.
 *
 * - `reached`: at `toLsn`.
 * - `endOfArchive`: nothing later is there.
 * - `hole`: `missing` is not there, and later segments of the line are, from `resumes` on.
 * - `damage`: a segment cannot be read further.
 */
export type ScanEnd =
  | { readonly kind: 'reached' }
  | { readonly kind: 'endOfArchive'; readonly missing: string }
  | { readonly kind: 'hole'; readonly missing: string; readonly resumes: ChosenSegment }
  | { readonly kind: 'damage'; readonly stop: WalStop };

/**
 * The end of a line where segment `index` is not there: of the archive, or at a hole.
 *
 * @param isCut the parent's file served this segment up to the branch, and the child's is missing.
 */
export function endAt(
  { wal, line }: { readonly wal: ArchivedWal; readonly line: TimelineHistory },
  index: bigint,
  isCut = false,
): ScanEnd {
  const missing = expectedSegmentName(wal, line, index);
  const resumes = nextChosenSegment(wal, line, isCut ? index + 1n : index);
  return resumes === undefined ? { kind: 'endOfArchive', missing } : { kind: 'hole', missing, resumes };
}
