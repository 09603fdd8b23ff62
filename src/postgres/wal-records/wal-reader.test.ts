import { describe, expect, it } from 'vitest';

import {
  endData,
  longWal,
  SYNTHETIC_SEGMENT_BYTES,
  SYNTHETIC_SYSTEM,
  SyntheticWal,
} from '../../../tests/support/synthetic-wal.ts';
import { isFailure } from '../../base/failure.ts';
import { lsn, type Lsn } from '../lsn.ts';
import { walSegmentSize } from '../wal-segment.ts';
import { RM_XACT } from './wal-record.ts';
import { WalReader, type SegmentBytes, type WalReaderOptions } from './wal-reader.ts';

const ALL = new Set(Array.from({ length: 256 }, (_, id) => id));

function readerOf(options: Partial<WalReaderOptions> = {}): WalReader {
  return new WalReader({
    line: { timeline: 1, ancestors: [] },
    segmentSizeBytes: walSegmentSize(SYNTHETIC_SEGMENT_BYTES),
    systemIdentifier: SYNTHETIC_SYSTEM,
    wanted: ALL,
    ...options,
  });
}

function read(segments: readonly SegmentBytes[], reader = readerOf()): { lsns: Lsn[]; reader: WalReader } {
  const lsns: Lsn[] = [];
  for (const segment of segments) for (const record of reader.read(segment)) lsns.push(record.lsn);
  return { lsns, reader };
}

describe('a reader of WAL', () => {
  it('gives every record, over pages and segments', () => {
    const { wal, lsns } = longWal();
    const segments = wal.segments();
    expect(segments.length).toBe(3);
    const { lsns: found, reader } = read(segments);
    expect(found).toEqual(lsns);
    expect(reader.stop).toMatchObject({ kind: 'unwritten', fileName: 'segment 2' });
    expect(reader.last?.lsn).toBe(lsns.at(-1));
  });

  it.each([0, 8, 16, 24, 32])('puts together a record that begins %i bytes before the end of a page', (leaveBytes) => {
    const wal = new SyntheticWal();
    const lsns = [wal.fillPage(leaveBytes)];
    for (let step = 0; step < 3; step += 1) lsns.push(wal.append({ resourceManager: RM_XACT, mainData: endData(0n) }));
    expect(read(wal.segments()).lsns).toEqual(lsns);
  });

  it('puts together a record longer than a segment, and reads on behind it', () => {
    const wal = new SyntheticWal();
    const lsns = [wal.append({ resourceManager: 21, mainData: Buffer.alloc(2_500_000, 7) })];
    lsns.push(wal.append({ resourceManager: RM_XACT, mainData: endData(0n) }));
    const segments = wal.segments();
    expect(read(segments).lsns).toEqual(lsns);
    const cut = read(segments.slice(0, 2));
    expect(cut.lsns).toEqual([]);
    expect(cut.reader.stop).toBeUndefined();
    expect(cut.reader.cutRecordLsn).toBe(lsns[0]);
    expect(read(segments.slice(1)).lsns).toEqual(lsns.slice(1));
  });

  it('begins in the middle with the first whole record', () => {
    const { wal, lsns } = longWal();
    const [, second, third] = wal.segments();
    const start = second?.startLsn ?? 0n;
    const { lsns: found } = read([second, third].filter((segment) => segment !== undefined));
    expect(found).toEqual(lsns.filter((position) => position >= start));
  });

  it('passes over the zeros behind a segment switch', () => {
    const wal = new SyntheticWal();
    wal.append({ resourceManager: RM_XACT, mainData: endData(0n) });
    const switched = wal.append({ resourceManager: 0, info: 0x40 });
    const { lsns, reader } = read(wal.segments());
    expect(lsns.at(-1)).toBe(switched);
    expect(reader.stop).toBeUndefined();
    expect(reader.last?.endLsn).toBe(lsn(2n * BigInt(SYNTHETIC_SEGMENT_BYTES)));
  });

  it('gives only what is wanted, and the first record at an awaited position', () => {
    const { wal, lsns } = longWal();
    const awaited = lsn((lsns[400] ?? 0n) + 1n);
    const reader = readerOf({ wanted: new Set(), alsoFirstAt: [awaited] });
    expect(read(wal.segments(), reader).lsns).toEqual([lsns[401]]);
    expect(reader.recordsRead).toBe(600);
  });

  it('stops where a parent timeline’s file is no longer this line’s', () => {
    const { wal, lsns } = longWal();
    const [first] = wal.segments();
    const validBelow = lsns[20] ?? lsn(0n);
    expect(first && read([{ ...first, validBelow }]).lsns).toEqual(lsns.slice(0, 20));
  });

  it.each<[string, (bytes: Buffer) => void, string, RegExp]>([
    ['another cluster', (bytes) => bytes.writeBigUInt64LE(5n, 24), 'foreign', /system 5/],
    ['another position', (bytes) => bytes.writeBigUInt64LE(0n, 8192 + 8), 'stale', /another position/],
    ['zeros from a page on', (bytes) => bytes.fill(0, 8192), 'unwritten', /zeros/],
    ['zeros altogether', (bytes) => bytes.fill(0), 'unwritten', /zeros/],
    ['a timeline off the line', (bytes) => bytes.writeUInt32LE(2, 8192 + 4), 'damaged', /timeline 2/],
    ['a length of 23', (bytes) => bytes.writeUInt32LE(23, 40), 'damaged', /23 bytes/],
    ['a length of 2^32 - 1', (bytes) => bytes.writeUInt32LE(0xffffffff, 40), 'damaged', /4294967295 bytes/],
    ['a length of 900 MB', (bytes) => bytes.writeUInt32LE(900_000_000, 40), 'damaged', /go on/],
    ['a wrong CRC', (bytes) => bytes.writeUInt32LE(1, 60), 'damaged', /CRC/],
  ])('stops at %s, and says so', (_, change, kind, reason) => {
    const [first] = longWal().wal.segments();
    if (first === undefined) throw new Error('no segment');
    change(first.bytes);
    const { reader } = read([first]);
    expect(reader.stop?.kind).toBe(kind);
    expect(reader.stop?.reason).toMatch(reason);
  });

  it('stops at a short file, a repeated and a skipped segment', () => {
    const [first, second, third] = longWal().wal.segments();
    if (first === undefined || second === undefined || third === undefined) throw new Error('no segment');
    expect(read([{ ...first, bytes: first.bytes.subarray(0, 100_000) }]).reader.stop?.reason).toMatch(/100000 bytes/);
    expect(read([{ ...first, bytes: Buffer.alloc(0) }]).reader.stop?.reason).toMatch(/0 bytes/);
    expect(read([first, third]).reader.stop?.reason).toMatch(/does not follow/);
    expect(read([first, first]).reader.stop?.reason).toMatch(/does not follow/);
  });

  it('refuses WAL of an unknown major by name', () => {
    const [first] = longWal().wal.segments();
    first?.bytes.writeUInt16LE(0xd122, 0);
    expect(() => first && read([first])).toThrow('0xD122');
  });
});

describe('a record lost in a crash', () => {
  it('is damage where the server names another one', () => {
    const { segment, lost } = withLostRecord();
    segment.bytes.writeBigUInt64LE(lost + 8n, 8192 + 24 + 29);
    expect(read([segment]).reader.stop).toMatchObject({
      kind: 'damaged',
      reason: expect.stringContaining('another record'),
    });
    segment.bytes.writeUInt8(0, 8192 + 24 + 16);
    expect(read([segment]).reader.stop?.reason).toContain('does not name it');
  });

  it('is dropped where the server says that it overwrote it', () => {
    const { segment, kept } = withLostRecord();
    const { lsns, reader } = read([segment]);
    expect(lsns).toEqual([kept, lsn(segment.startLsn + 8192n + 24n)]);
    expect(reader.cutRecordLsn).toBeUndefined();
  });
});

/** A segment with a record that its second page says was lost. */
function withLostRecord() {
  const wal = new SyntheticWal();
  const kept = wal.fillPage(16);
  const lost = wal.append({ resourceManager: 10, mainData: Buffer.alloc(100) });
  const [segment] = wal.segments();
  if (segment === undefined) throw new Error('no segment');
  // The page behind it is written anew: no continuation, the overwrite flag, and a record that follows the one kept.
  const fresh = new SyntheticWal();
  fresh.fillPage(16);
  const data = Buffer.alloc(16);
  data.writeBigUInt64LE(lost, 0);
  const page = pageWithRecord(fresh, data);
  page.copy(segment.bytes, 8192);
  segment.bytes.writeUInt16LE(4 | 8, 8192 + 2);
  segment.bytes.writeUInt32LE(0, 8192 + 16);
  segment.bytes.fill(0, 16_384);
  return { segment, kept, lost };
}

/** The second page of `wal`, whose first record is XLOG_OVERWRITE_CONTRECORD. */
function pageWithRecord(wal: SyntheticWal, mainData: Buffer): Buffer {
  const position = lsn(wal.position + 16n + 24n);
  const [segment] = wal.segments();
  const bytes = wal.standAlone({ resourceManager: 0, info: 0xd0, mainData });
  const page = Buffer.alloc(8192);
  segment?.bytes.copy(page, 0, 0, 24);
  page.writeUInt16LE(4, 2);
  page.writeBigUInt64LE(position - 24n, 8);
  bytes.copy(page, 24);
  return page;
}

/** A page magic of no known major is a refusal by name; anything else that is thrown fails the test. */
function readOrRefuse(segment: SegmentBytes): Lsn[] {
  try {
    return read([segment]).lsns;
  } catch (error) {
    if (isFailure(error, 'refused')) return [];
    throw error;
  }
}

describe('damaged WAL', () => {
  it('never yields a record that is not in the sound WAL, whichever bit is flipped', () => {
    const { wal, lsns } = longWal();
    const known = new Set(lsns);
    const [sound] = wal.segments();
    if (sound === undefined) throw new Error('no segment');
    for (let round = 0; round < 150; round += 1) {
      const bytes = Buffer.from(sound.bytes.subarray());
      const bit = (round * 2_654_435_761) % (bytes.length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const found = readOrRefuse({ ...sound, bytes });
      expect(
        found.every((position) => known.has(position)),
        `bit ${bit}`,
      ).toBe(true);
    }
  });

  it('never crashes a reader, whatever stands in its place', () => {
    const { wal, lsns } = longWal();
    const known = new Set(lsns);
    const [whole] = wal.segments();
    if (whole === undefined) throw new Error('no segment');
    for (let round = 0; round < 60; round += 1) {
      const sound = { ...whole, bytes: Buffer.from(whole.bytes) };
      const start = (round * 40_503) % sound.bytes.length;
      for (let at = start; at < Math.min(start + 512, sound.bytes.length); at += 1)
        sound.bytes[at] = (at * round * 31 + 7) & 0xff;
      expect(
        readOrRefuse(sound).every((position) => known.has(position)),
        `round ${round}`,
      ).toBe(true);
    }
  });
});
