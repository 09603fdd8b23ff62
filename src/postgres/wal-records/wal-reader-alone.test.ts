import { describe, expect, it } from 'vitest';

import { endData, longWal, SYNTHETIC_SEGMENT_BYTES, SyntheticWal } from '../../../tests/support/synthetic-wal.ts';
import { lsnOfHalves, type Lsn } from '../lsn.ts';
import { recordProblem } from './record-check.ts';
import type { RecordVisitor } from './record-visitor.ts';
import { RM_XACT } from './wal-record.ts';
import { WalReader, type SegmentBytes } from './wal-reader.ts';

function manyRecords(wal: SyntheticWal, count: number): SegmentBytes[] {
  for (let step = 0; step < count; step += 1) wal.append({ resourceManager: RM_XACT, mainData: endData(0n) });
  return wal.segments();
}

/** A reader that knows of nothing before and around one segment, and what it was shown. */
function visitAlone(
  segment: SegmentBytes | undefined,
  timeline = 1,
): { shown: [Lsn, Lsn, Buffer][]; reader: WalReader } {
  const reader = new WalReader({ line: { timeline, ancestors: undefined } });
  const shown: [Lsn, Lsn, Buffer][] = [];
  const record: RecordVisitor['record'] = (bytes, start, end, high, low, nextHigh, nextLow) => {
    shown.push([lsnOfHalves(high, low), lsnOfHalves(nextHigh, nextLow), Buffer.from(bytes.subarray(start, end))]);
  };
  if (segment !== undefined) reader.visit(segment, { record });
  return { shown, reader };
}

describe('one segment alone', () => {
  it('shows the records that begin and end in it, each with where the next one can begin', () => {
    const { wal, lsns } = longWal();
    const segments = wal.segments();
    const parts = segments.map((segment) => visitAlone(segment));
    const crossing = parts.flatMap(({ reader }) => (reader.tail === undefined ? [] : [reader.tail.lsn]));
    expect(crossing).toHaveLength(2);
    const found = parts.flatMap(({ shown }) => shown.map(([position]) => position));
    expect([...found, ...crossing].toSorted((a, b) => Number(a - b))).toEqual(lsns);
    expect(parts.map(({ reader }) => reader.stop?.kind)).toEqual([undefined, undefined, 'unwritten']);
  });

  it('ends with the first part of a record whose rest the next one begins with', () => {
    const [first, second] = longWal().wal.segments();
    const [before, after] = [visitAlone(first), visitAlone(second)];
    const { tail } = before.reader;
    const { head } = after.reader;
    if (tail === undefined || second === undefined) throw new Error('no record crosses');
    expect(before.reader.head).toMatchObject({ restBytes: 0, isOverwritten: false });
    expect(head).toMatchObject({ restBytes: tail.totalBytes - tail.bytes.length, isOverwritten: false });
    const whole = Buffer.concat([tail.bytes, head.bytes]);
    expect(recordProblem(whole, 0, whole.length)).toBeUndefined();
    expect(after.reader.first?.previousLsn).toBe(tail.lsn);
    expect(whole.readBigUInt64LE(8)).toBe(before.reader.last?.lsn);
  });

  it('cannot both go on with a record and say that it was lost', () => {
    const [, second] = longWal().wal.segments();
    second?.bytes.writeUInt16LE(1 | 2 | 4 | 8, 2);
    const { shown, reader } = visitAlone(second);
    expect(shown).toEqual([]);
    expect(reader.stop).toMatchObject({ kind: 'damaged', offsetBytes: 0 });
  });

  it('can be the inside of one record', () => {
    const wal = new SyntheticWal();
    wal.append({ resourceManager: 21, mainData: Buffer.alloc(2_500_000, 7) });
    const { shown, reader } = visitAlone(wal.segments()[1]);
    expect(shown).toEqual([]);
    expect([reader.first, reader.tail, reader.stop]).toEqual([undefined, undefined, undefined]);
    const inside = SYNTHETIC_SEGMENT_BYTES - 40 - 127 * 24;
    expect(reader.head.bytes.length).toBe(inside);
    expect(reader.head.restBytes).toBeGreaterThan(inside);
  });

  it('ends where whoever is shown a record rejects it', () => {
    const { wal, lsns } = longWal();
    const [segment] = wal.segments();
    const reader = new WalReader({ line: { timeline: 1, ancestors: undefined } });
    let shown = 0;
    const record = () => {
      shown += 1;
      if (shown === 5) reader.reject('a record that makes no sense');
    };
    if (segment !== undefined) reader.visit(segment, { record });
    expect(shown).toBe(5);
    expect(reader.stop).toMatchObject({ kind: 'damaged', lsn: lsns[4], reason: 'a record that makes no sense' });
    expect(reader.last?.lsn).toBe(lsns[3]);
  });

  it('may hold pages of any timeline up to its own', () => {
    const [segment] = manyRecords(new SyntheticWal({ timeline: 2 }), 2000);
    expect(visitAlone(segment, 3).reader.stop?.kind).toBe('unwritten');
    expect(visitAlone(segment, 3).shown.length).toBe(2000);
    expect(visitAlone(segment, 1).reader.stop?.reason).toMatch(/timeline 2/);
  });

  it('says where the next segment begins behind a switch, over a border of 4 GiB too', () => {
    const wal = new SyntheticWal({ firstSegment: 4095n });
    wal.append({ resourceManager: 0, info: 0x40 });
    const [segment] = wal.segments();
    const { shown, reader } = visitAlone(segment);
    expect(shown.map(([, next]) => next)).toEqual([1n << 32n]);
    expect(reader.last?.endLsn).toBe(1n << 32n);
  });
});
