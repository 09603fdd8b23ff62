import { describe, expect, it } from 'vitest';

import type { ArchivedWal } from '../history/archived-wal.ts';
import type { Backup } from '../backup/backup.ts';
import { timelinesOf, type Timelines } from '../history/timelines.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { walSegmentSize } from '../postgres/wal-segment.ts';
import { verifyChain } from './verify-chain.ts';

const SEGMENT_SIZE = walSegmentSize(1024 * 1024);
const inSegment = (segment: number, part: number): Lsn => lsn(BigInt(Math.floor((segment + part) * SEGMENT_SIZE)));
const range = (first: number, last: number) => ({ firstIndex: BigInt(first), lastIndex: BigInt(last) });

/** An archive with segments 20 to 40 of timeline 6 and, of timeline 5, 10 to 25 but for some that may be missing. */
function archive(lines: readonly TimelineHistory[], ofFive = [range(10, 25)]): [ArchivedWal, Timelines] {
  const segments = new Map([
    [5, ofFive],
    [6, [range(20, 40)]],
  ]);
  const wal: ArchivedWal = {
    systemIdentifier: 7n,
    majorVersion: 17,
    segmentSizeBytes: SEGMENT_SIZE,
    segments,
    historyTimelines: lines.map(({ timeline }) => timeline),
    objectBytes: new Map(),
  };
  return [wal, timelinesOf(new Map(lines.map((line) => [line.timeline, line])), [...segments.keys()])];
}

const sixCameOf = (timeline: number): TimelineHistory => ({
  timeline: 6,
  ancestors: [{ timeline, switchLsn: inSegment(20, 0.5), reason: 'no recovery target specified' }],
});
const backup: Backup = {
  name: 'base_00000005000000000000000C',
  timeline: 5,
  startLsn: inSegment(12, 0.25),
  finishLsn: inSegment(12, 0.75),
  startedAt: new Date(0),
  finishedAt: new Date(0),
  modifiedAt: new Date(0),
  pgVersionNum: 170_004,
  uncompressedSizeBytes: 1n,
  compressedSizeBytes: 1n,
  isPermanent: false,
  tablespaces: [],
  hostname: 'db1',
  dataDirectory: '/data',
};

describe('an oldest timeline without its history file', () => {
  it('is told of, since no recovery can follow it', () => {
    expect(verifyChain(...archive([sixCameOf(4)]), [backup])).toMatchObject([
      { kind: 'history', subject: '00000005.history' },
    ]);
  });

  it('is as it should be where a later one came of it, which leads there', () => {
    expect(verifyChain(...archive([sixCameOf(5)]), [backup])).toEqual([]);
  });

  it('is looked at for holes behind its first backup all the same', () => {
    const holed = archive([sixCameOf(5)], [range(8, 9), range(11, 15), range(17, 25)]);
    expect(verifyChain(...holed, [backup])).toMatchObject([{ kind: 'hole', subject: '000000050000000000000010' }]);
  });
});

describe('a hole behind a backup', () => {
  const five: TimelineHistory = { timeline: 5, ancestors: [] };
  const holed = (): ReturnType<typeof archive> => archive([five, sixCameOf(5)], [range(12, 13), range(18, 25)]);
  const kept = { ...backup, isPermanent: true };
  const delta = { ...kept, name: 'base_00000005000000000000000D_D_00000005000000000000000C', deltaFrom: backup.name };
  const later = { ...delta, startLsn: inSegment(13, 0.25), finishLsn: inSegment(13, 0.75) };
  const newer = {
    ...backup,
    name: 'base_000000050000000000000013',
    startLsn: inSegment(19, 0.25),
    finishLsn: inSegment(19, 0.5),
  };

  it('is none where the WAL before it is what a backup that is kept for good needs: the rest was pruned', () => {
    expect(verifyChain(...archive([five, sixCameOf(5)], [range(12, 12), range(18, 25)]), [kept, newer])).toEqual([]);
    expect(verifyChain(...holed(), [backup, later, newer])).toEqual([]);
  });

  it('is one where there is more WAL before it, or the backup is not kept for good', () => {
    const hole = [{ kind: 'hole', subject: '00000005000000000000000E to 000000050000000000000011' }];
    expect(verifyChain(...holed(), [kept, newer])).toMatchObject(hole);
    expect(verifyChain(...holed(), [backup, { ...later, isPermanent: false }, newer])).toMatchObject(hole);
  });
});
