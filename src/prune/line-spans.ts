/**
 * The spans of segments that a line of history, and a backup being taken, need.
 *
 * @module
 */

import { lsn, type Lsn } from '../postgres/lsn.ts';
import { isOnLine, type TimelineHistory } from '../postgres/timeline-history.ts';
import { parseSegmentName } from '../postgres/wal-segment.ts';
import { parseBackupName } from '../walg/backup-names.ts';
import type { WalSpan } from './needed-wal.ts';
import type { PruneFacts } from './prune-facts.ts';

/** The segments that hold bytes of a line, from `firstIndex` on. */
export function spansOfLine(
  { line, firstIndex }: { readonly line: TimelineHistory; readonly firstIndex: bigint },
  segmentSizeBytes: number,
): WalSpan[] {
  const size = BigInt(segmentSizeBytes);
  let beginLsn: Lsn = lsn(0n);
  const spans: WalSpan[] = [];
  const add = (timeline: number, endLsn: Lsn | undefined): void => {
    // A timeline that was left where it began has no bytes on the line.
    if (endLsn !== undefined && endLsn <= beginLsn) return;
    const lastIndex = endLsn === undefined ? undefined : (endLsn - 1n) / size;
    const begin = beginLsn / size;
    spans.push({ timeline, firstIndex: firstIndex > begin ? firstIndex : begin, lastIndex });
  };
  for (const { timeline, switchLsn } of line.ancestors) {
    add(timeline, switchLsn);
    beginLsn = switchLsn;
  }
  add(line.timeline, undefined);
  return spans.filter((span) => span.lastIndex === undefined || span.lastIndex >= span.firstIndex);
}

/** From the start of each backup that may be being taken: its name tells the segment. */
export function runningSpans({ unfinished, segmentSizeBytes }: PruneFacts): WalSpan[] {
  return unfinished.flatMap(({ name, mayBeRunning }) => {
    const segmentName = parseBackupName(name)?.segmentName;
    const segment = segmentName === undefined ? undefined : parseSegmentName(segmentName, segmentSizeBytes);
    if (!mayBeRunning || segment === undefined) return [];
    return [{ timeline: segment.timeline, firstIndex: segment.index, lastIndex: undefined }];
  });
}

/** True if the first segment of a span is, at one of its ends, of this line. */
export function isSpanOnLine(span: WalSpan, line: TimelineHistory, segmentSizeBytes: number): boolean {
  const size = BigInt(segmentSizeBytes);
  // The backup begins somewhere in its first segment, of which only the end may be this timeline's.
  return (
    isOnLine(line, span.timeline, lsn((span.firstIndex + 1n) * size - 1n)) ||
    isOnLine(line, span.timeline, lsn(span.firstIndex * size))
  );
}
