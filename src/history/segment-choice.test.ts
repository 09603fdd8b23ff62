import { describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import { walSegmentSize } from '../postgres/wal-segment.ts';
import type { ArchivedWal, SegmentRange } from './archived-wal.ts';
import { runsOfLine } from './line-runs.ts';
import { chooseSegment, nextChosenSegment } from './segment-choice.ts';
import { divergenceOf } from './timelines.ts';

const MIB = 1024 * 1024;

function archive(segments: Record<number, [number, number][]>): ArchivedWal {
  const ranges = Object.entries(segments).map(([timeline, pairs]): [number, SegmentRange[]] => [
    Number(timeline),
    pairs.map(([first, last]) => ({ firstIndex: BigInt(first), lastIndex: BigInt(last) })),
  ]);
  return {
    systemIdentifier: 1n,
    majorVersion: 15,
    segmentSizeBytes: walSegmentSize(MIB),
    segments: new Map(ranges),
    historyTimelines: [],
    objectBytes: new Map(),
  };
}

/** 2 branched off 1 in the middle of segment 5. */
const FORK = lsn(BigInt(5 * MIB + 1000));
const LINE = { timeline: 2, ancestors: [{ timeline: 1, switchLsn: FORK, reason: '' }] };

describe('the file for a segment of a line', () => {
  const both = archive({ 1: [[3, 8]], 2: [[5, 6]] });

  it('is the parent’s before the branch, and the child’s copy of the segment that holds it', () => {
    expect(chooseSegment(both, LINE, 4n)?.fileName).toBe('000000010000000000000004');
    expect(chooseSegment(both, LINE, 5n)).toMatchObject({ fileName: '000000020000000000000005' });
    expect(chooseSegment(both, LINE, 5n)).not.toHaveProperty('validBelow');
  });

  it('is the parent’s up to the branch when the child’s is missing', () => {
    const wal = archive({ 1: [[3, 8]], 2: [[6, 6]] });
    expect(chooseSegment(wal, LINE, 5n)).toMatchObject({ fileName: '000000010000000000000005', validBelow: FORK });
  });

  it('is never one of the abandoned line', () => {
    expect(chooseSegment(both, LINE, 7n)).toBeUndefined();
    expect(nextChosenSegment(both, LINE, 7n)).toBeUndefined();
    expect(nextChosenSegment(both, LINE, 0n)?.fileName).toBe('000000010000000000000003');
  });

  it('of a branch at a segment’s start is the child’s from there on', () => {
    const line = { timeline: 2, ancestors: [{ timeline: 1, switchLsn: lsn(BigInt(5 * MIB)), reason: '' }] };
    expect(chooseSegment(both, line, 4n)).toEqual({
      fileName: '000000010000000000000004',
      index: 4n,
      startLsn: BigInt(4 * MIB),
    });
    expect(chooseSegment(archive({ 1: [[3, 8]] }), line, 5n)).toBeUndefined();
  });
});

describe('the runs of a line', () => {
  it('are cut by what is missing, on whichever timeline', () => {
    const { runs, holes } = runsOfLine(
      archive({
        1: [
          [1, 2],
          [4, 9],
        ],
        2: [[6, 7]],
      }),
      LINE,
    );
    expect(runs.map(({ fromLsn, toLsn, because }) => [fromLsn, toLsn, because])).toEqual([
      [BigInt(MIB), BigInt(3 * MIB), 'hole'],
      [BigInt(4 * MIB), FORK, 'hole'],
      [BigInt(6 * MIB), BigInt(8 * MIB), 'endOfArchive'],
    ]);
    expect(holes.map(({ firstMissing, segmentCount }) => [firstMissing, segmentCount])).toEqual([
      ['000000010000000000000003', 1],
      ['000000020000000000000005', 1],
    ]);
  });
});

describe('two lines of history', () => {
  const first = { timeline: 1, ancestors: [] };
  const third = { timeline: 3, ancestors: [{ timeline: 1, switchLsn: lsn(9n), reason: '' }] };
  const second = { timeline: 2, ancestors: [{ timeline: 1, switchLsn: lsn(5n), reason: '' }] };

  it('leave each other at the first branch that they do not share', () => {
    expect(divergenceOf(second, first)).toBe(5n);
    expect(divergenceOf(first, second)).toBe(5n);
    expect(divergenceOf(second, third)).toBe(5n);
    expect(divergenceOf(third, second)).toBe(5n);
    expect(divergenceOf(second, second)).toBeUndefined();
  });
});
