/**
 * Which file of an archive holds a part of a line of history.
 *
 * A new timeline begins with a copy of the segment in which it branched off. So the part of that segment before the
 * branch is in two files, and the part behind it only in the child's. The newest timeline that has begun in a segment is
 * read; where its file is missing, the parent's file still serves up to the branch and no further. (PostgreSQL would
 * read on in it, along the abandoned line, until a record does not fit.)
 *
 * Source: `src/backend/access/transam/xlogrecovery.c` (`XLogFileReadAnyTLI`).
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { formatSegmentName, segmentStart } from '../postgres/wal-segment.ts';
import { holdsSegment, type ArchivedWal } from './archived-wal.ts';

/** A file to read for one segment of a line. */
export interface ChosenSegment {
  readonly fileName: string;
  readonly index: bigint;
  readonly startLsn: Lsn;
  /** Positions from here on are not this line's in this file, although they are in the same segment. */
  readonly validBelow?: Lsn;
}

interface LinePart {
  readonly timeline: number;
  readonly beginLsn: bigint;
  /** First position behind it; `undefined` for the last part. */
  readonly endLsn: Lsn | undefined;
}

function partsNewestFirst(line: TimelineHistory): LinePart[] {
  let beginLsn = 0n;
  const parts: LinePart[] = [];
  for (const { timeline, switchLsn } of line.ancestors) {
    parts.push({ timeline, beginLsn, endLsn: switchLsn });
    beginLsn = switchLsn;
  }
  return [...parts, { timeline: line.timeline, beginLsn, endLsn: undefined }].toReversed();
}

/** The file for segment `index` of a line; `undefined` if the archive has none that serves. */
export function chooseSegment(wal: ArchivedWal, line: TimelineHistory, index: bigint): ChosenSegment | undefined {
  const size = wal.segmentSizeBytes;
  const startLsn = segmentStart({ timeline: line.timeline, index }, size);
  const endLsn = startLsn + BigInt(size);
  for (const { timeline, beginLsn, endLsn: partEnd } of partsNewestFirst(line)) {
    const hasBegun = beginLsn < endLsn;
    const hasEnded = partEnd !== undefined && partEnd <= startLsn;
    const segment = { timeline, index };
    if (!hasBegun || hasEnded || !holdsSegment(wal, segment)) continue;
    const limit = partEnd !== undefined && partEnd < endLsn ? { validBelow: partEnd } : {};
    return { fileName: formatSegmentName(segment, size), index, startLsn, ...limit };
  }
  return undefined;
}

/** The name that the segment holding `position` should have on this line. */
export function expectedSegmentName(wal: ArchivedWal, line: TimelineHistory, index: bigint): string {
  const startLsn = segmentStart({ timeline: line.timeline, index }, wal.segmentSizeBytes);
  const endLsn = startLsn + BigInt(wal.segmentSizeBytes);
  const part = partsNewestFirst(line).find(({ beginLsn }) => beginLsn < endLsn);
  return formatSegmentName({ timeline: part?.timeline ?? line.timeline, index }, wal.segmentSizeBytes);
}

/** The first segment at or behind `index` that serves this line; `undefined` if there is none: the archive ends. */
export function nextChosenSegment(wal: ArchivedWal, line: TimelineHistory, index: bigint): ChosenSegment | undefined {
  const onLine = [...line.ancestors.map(({ timeline }) => timeline), line.timeline];
  const starts = onLine
    .flatMap((timeline) => wal.segments.get(timeline) ?? [])
    .map(({ firstIndex, lastIndex }) => (index > firstIndex && index <= lastIndex ? index : firstIndex))
    .filter((start) => start >= index)
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (const start of starts) {
    const chosen = chooseSegment(wal, line, start);
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}
