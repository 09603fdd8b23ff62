/**
 * The parts of a line of history that an archive holds without a gap, and the gaps between them.
 *
 * @module
 */

import { lsn, type Lsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { ArchivedWal } from './archived-wal.ts';
import { chooseSegment, expectedSegmentName, nextChosenSegment } from './segment-choice.ts';

/** A part without a gap. */
export interface Run {
  readonly fromLsn: Lsn;
  /** First byte that is not archived. */
  readonly toLsn: Lsn;
  readonly because: 'endOfArchive' | 'hole' | 'damage';
}

/** A gap. */
export interface Gap {
  readonly firstMissing: string;
  readonly lastMissing: string;
  readonly segmentCount: number;
  readonly fromLsn: Lsn;
  readonly toLsn: Lsn;
}

/** Runs and gaps of a line, in order. A run has gaps on both sides, or the archive's begin or end. */
export function runsOfLine(wal: ArchivedWal, line: TimelineHistory): { runs: Run[]; holes: Gap[] } {
  const size = BigInt(wal.segmentSizeBytes);
  const runs: Run[] = [];
  const holes: Gap[] = [];
  let next = nextChosenSegment(wal, line, 0n);
  while (next !== undefined) {
    const { startLsn: fromLsn } = next;
    let { index } = next;
    let toLsn = lsn(index * size);
    for (let segment = chooseSegment(wal, line, index); segment !== undefined;) {
      toLsn = segment.validBelow ?? lsn(segment.startLsn + size);
      index += 1n;
      segment = segment.validBelow === undefined ? chooseSegment(wal, line, index) : undefined;
    }
    next = nextChosenSegment(wal, line, index);
    runs.push({ fromLsn, toLsn, because: next === undefined ? 'endOfArchive' : 'hole' });
    if (next === undefined) break;
    const isCut = toLsn < index * size;
    const firstIndex = isCut ? index - 1n : index;
    holes.push({
      firstMissing: expectedSegmentName(wal, line, firstIndex),
      lastMissing: expectedSegmentName(wal, line, next.index - 1n),
      segmentCount: Number(next.index - firstIndex),
      fromLsn: toLsn,
      toLsn: next.startLsn,
    });
  }
  return { runs, holes };
}
