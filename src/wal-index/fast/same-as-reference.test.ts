import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { syntheticRecord, type SyntheticBlock, type SyntheticRecord } from '../../../tests/support/synthetic-record.ts';
import { endData, SYNTHETIC_SEGMENT_BYTES, SyntheticWal } from '../../../tests/support/synthetic-wal.ts';
import { isFailure } from '../../base/failure.ts';
import { formatSegmentName, walSegmentSize } from '../../postgres/wal-segment.ts';
import { buildSegmentIndex, type BuildOptions } from '../build-segment-index.ts';
import { encodeSegmentIndex } from '../encode.ts';
import type { SegmentIndex } from '../segment-index.ts';
import { INSERTED } from '../work-columns.ts';
import { IndexProgram } from './program.ts';

const SIZE = walSegmentSize(SYNTHETIC_SEGMENT_BYTES);
const FILE = { tablespaceOid: 1663, databaseOid: 5, filenode: 16_400 };
const HEAP = 10;
const HEAP2 = 9;
const XACT = 1;

type Segment = ReturnType<SyntheticWal['segments']>[number];

const fileNameOf = ({ startLsn }: Segment) =>
  formatSegmentName({ timeline: 1, index: startLsn / BigInt(SYNTHETIC_SEGMENT_BYTES) }, SIZE);

const build = (segment: Segment, options: BuildOptions) =>
  buildSegmentIndex({ fileName: fileNameOf(segment), bytes: segment.bytes }, options);

/** An index and its object, or why there is none. */
function outcome(segment: Segment, options: BuildOptions) {
  try {
    const index = build(segment, options);
    return { index, object: encodeSegmentIndex(index) };
  } catch (error) {
    if (isFailure(error)) return { index: undefined, object: Buffer.from(`${error.kind}: ${error.message}`) };
    throw error;
  }
}

/** What both make of a segment, which is the same; the index of it. */
function compared(segment: Segment, options: BuildOptions = {}): SegmentIndex | undefined {
  const { index, object } = outcome(segment, options);
  const isSame = object.equals(outcome(segment, { ...options, isPlain: true }).object);
  expect(isSame, 'the objects are the same').toBe(true);
  return index;
}

function compareAll(wal: SyntheticWal, options: BuildOptions = {}): (SegmentIndex | undefined)[] {
  return wal.segments().map((segment) => compared(segment, options));
}

const relation = fc.record({
  tablespaceOid: fc.constantFrom(1663, 1664),
  databaseOid: fc.constantFrom(0, 5, 6),
  // Of tables, of catalogs, and one that shares its low bits with pg_class.
  filenode: fc.constantFrom(1259, 2615, 1262, 16_400, 16_401, 16_402, 1259 + 65_536, 4_294_967_295),
});
const bytesOf = (constraints: fc.IntArrayConstraints) => fc.uint8Array(constraints).map((bytes) => Buffer.from(bytes));
const image = fc.record({
  bytes: fc.constantFrom(8192, 8000, 4096, 100).map((length) => Buffer.alloc(length, 7)),
  info: fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 9, 0x15, 0x0c),
  holeOffset: fc.constantFrom(0, 24, 8000),
});
const plainBlock = {
  fork: fc.constantFrom(0, 0, 0, 1, 2, 3),
  blockNumber: fc.oneof(fc.nat(20), fc.nat(0xffff_ffff)),
  willInit: fc.boolean(),
};
const block: fc.Arbitrary<Omit<SyntheticBlock, 'id'>> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ ...plainBlock, relation }) },
  { weight: 5, arbitrary: fc.record({ ...plainBlock, relation, data: bytesOf({ minLength: 1, maxLength: 60 }) }) },
  { weight: 2, arbitrary: fc.record(plainBlock) },
  { weight: 2, arbitrary: fc.record({ ...plainBlock, relation, image }) },
);
const blocks = fc
  .tuple(
    fc.constantFrom(0, 0, 0, 1, 2),
    fc.oneof({ weight: 6, arbitrary: fc.array(block, { maxLength: 3 }) }, fc.array(block, { maxLength: 33 })),
  )
  .map(([first, list]) =>
    // The first has no relation to be the same as.
    list.map((one, index): SyntheticBlock => ({
      ...one,
      id: first + index,
      ...(index === 0 && one.relation === undefined ? { relation: FILE } : {}),
    })),
  );
const record: fc.Arbitrary<SyntheticRecord> = fc.record({
  resourceManager: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(HEAP, HEAP2, XACT, 0) },
    { weight: 1, arbitrary: fc.nat(21) },
    { weight: 1, arbitrary: fc.constantFrom(128, 200) },
  ),
  info: fc.nat(15).map((high) => high << 4),
  xid: fc.constantFrom(0, 1, 3, 700, 701, 702, 700 + 65_536, 0x7fff_ffff, 0xffff_ffff),
  blocks,
  mainData: fc.oneof(
    bytesOf({ maxLength: 40 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((time) => endData(time / 2n)),
    fc.constant(endData(1_780_671_731_000_000n)),
  ),
});
const unusual = fc
  .tuple(record, fc.nat(65_535), fc.nat(0xffff_ffff), fc.nat(2))
  .map(([one, originId, topXid, kind]): SyntheticRecord => ({
    ...one,
    ...(kind === 1 ? {} : { originId }),
    ...(kind === 2 ? {} : { topXid }),
  }));
const someRecords = fc.array(fc.oneof({ weight: 9, arbitrary: record }, { weight: 1, arbitrary: unusual }), {
  minLength: 1,
  maxLength: 120,
});
const major = fc.constantFrom(14, 15, 16, 17, 18);

const insert = (xid: number, filenode = FILE.filenode): SyntheticRecord => ({
  resourceManager: HEAP,
  xid,
  blocks: [{ id: 0, relation: { ...FILE, filenode }, blockNumber: xid % 50 }],
  mainData: Buffer.alloc(3),
});
const commit = (xid: number, timeUs = 1_780_671_731_000_000n): SyntheticRecord => ({
  resourceManager: XACT,
  xid,
  mainData: endData(timeUs),
});

describe('indexing in WebAssembly', { timeout: 60_000 }, () => {
  it('gives the index that the reference gives, of any records', () => {
    let withoutStop = 0;
    fc.assert(
      fc.property(someRecords, major, (list, ofMajor) => {
        const wal = new SyntheticWal({ major: ofMajor });
        for (const one of list) wal.append(one);
        for (const index of compareAll(wal)) if (index?.stop?.kind === 'unwritten') withoutStop += 1;
      }),
      { numRuns: 60 },
    );
    expect(withoutStop).toBeGreaterThan(0);
  });

  it('gives the same where the bytes of records lie, though their checksums are right', () => {
    const lie = fc.record({ record: fc.nat(119), at: fc.nat(4000), byte: fc.nat(255) });
    fc.assert(
      fc.property(someRecords, fc.array(lie, { maxLength: 6 }), major, (list, lies, ofMajor) => {
        const wal = new SyntheticWal({ major: ofMajor });
        wal.append(insert(700));
        for (const [index, one] of list.entries()) {
          const bytes = syntheticRecord(one, 0n);
          for (const { record: number, at, byte } of lies) {
            // Behind the header: a length that lies is another matter.
            if (number % list.length === index && bytes.length > 24) bytes[24 + (at % (bytes.length - 24))] = byte;
          }
          wal.transplant(bytes);
        }
        compareAll(wal);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same, and stops at the same place, whatever bits of a segment are flipped', () => {
    const wal = new SyntheticWal();
    for (let xid = 700; xid < 1400; xid += 1) {
      wal.append(insert(xid, 16_400 + (xid % 7)));
      wal.append(commit(xid));
      if (xid % 50 === 0) wal.fillPage(xid % 100);
    }
    const [sound] = wal.segments();
    if (sound === undefined) throw new Error('no segment');
    const usedBytes = Number(wal.position - sound.startLsn);
    const stops = new Set<string | undefined>();
    fc.assert(
      fc.property(fc.array(fc.nat(usedBytes * 8 - 1), { minLength: 1, maxLength: 3 }), (bits) => {
        const bytes = Buffer.from(sound.bytes);
        for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        stops.add(compared({ ...sound, bytes })?.stop?.kind);
      }),
      { numRuns: 40 },
    );
    expect(stops).toContain('damaged');
  });

  it('is not taken in by a length that goes round', () => {
    const wal = new SyntheticWal();
    wal.append(insert(700));
    const data = Buffer.alloc(10);
    const bytes = syntheticRecord({ ...insert(701), blocks: [{ id: 0, relation: FILE, blockNumber: 1, data }] }, 0n);
    // Behind the header and the block reference: what is announced of main data, with those of the block 2^32 + 3.
    bytes.writeUInt32LE(2 ** 32 - data.length + 3, 24 + 20 + 1);
    const cut = bytes.subarray(0, bytes.length - data.length);
    cut.writeUInt32LE(cut.length, 0);
    wal.transplant(cut);
    expect(compareAll(wal)[0]).toMatchObject({ recordCount: 1, stop: { kind: 'damaged' } });
  });

  it.each([1, 2, 4, 32])('takes no rows of a record whose first block is %i', (id) => {
    const wal = new SyntheticWal();
    wal.append(insert(700));
    wal.append({ ...insert(701), blocks: [{ id, relation: FILE, blockNumber: 1 }] });
    expect(compareAll(wal)[0]).toMatchObject({ recordCount: 1, stop: { kind: 'damaged' } });
  });

  it('counts a transaction of many files, and one number that comes back after 65536 others', () => {
    const wal = new SyntheticWal();
    for (let round = 0; round < 3; round += 1) {
      for (let file = 0; file < 100; file += 1) {
        wal.append(insert(700, 16_400 + file));
        wal.append(insert(700 + 65_536, 16_450 + file));
      }
    }
    wal.append(commit(700));
    const [index] = compareAll(wal);
    expect(index?.work.map(({ files }) => files.length)).toEqual([100, 100]);
    expect(index?.work[0]?.files.every(({ inserted }) => inserted === 3)).toBe(true);
  });

  it('knows the pages of a server that was built with others', () => {
    const wal = new SyntheticWal();
    const page = (bytes: number): SyntheticRecord => ({
      ...insert(700),
      blocks: [{ id: 0, relation: FILE, blockNumber: 1, image: { bytes: Buffer.alloc(bytes), info: 0 } }],
    });
    for (const bytes of [16_384, 16_384, 8192]) wal.append(page(bytes));
    wal.append(insert(700));
    const [index] = compareAll(wal);
    // The page of another size is no page of this server.
    expect(index).toMatchObject({ recordCount: 2, stop: { kind: 'damaged' } });
  });

  it('leaves to the reference what its tables have no room for', () => {
    const files = new SyntheticWal();
    for (let step = 0; step < 1100; step += 1) {
      const relations = Array.from({ length: 32 }, (_, id) => ({ ...FILE, filenode: 16_400 + 32 * step + id }));
      files.append({ ...insert(700), blocks: relations.map((one, id) => ({ id, relation: one, blockNumber: 1 })) });
    }
    expect(compareAll(files)[0]?.recordCount).toBe(1100);
  });

  it('gives up before a count is beyond a word', () => {
    const program = new IndexProgram(SYNTHETIC_SEGMENT_BYTES);
    const at = program.call.transactionOf(700, 0, 0);
    for (const isFull of [0, 0, 1]) {
      program.call.addRows(at, 0, INSERTED, 2 ** 29, 0);
      expect(program.get('isFull')).toBe(isFull);
    }
    expect(program.call.hasRoom(64)).toBe(0);
  });

  it('keeps an index that somebody has while it makes the next', () => {
    const made = [700, 900].map((first) => {
      const wal = new SyntheticWal();
      for (let xid = first; xid < first + 100; xid += 1) {
        wal.append(insert(xid));
        wal.append(commit(xid, 1_780_671_731_000_000n + BigInt(xid)));
      }
      const [segment] = wal.segments();
      if (segment === undefined) throw new Error('no segment');
      const [fast, plain] = [build(segment, {}), build(segment, { isPlain: true })];
      return { fast, plain, early: encodeSegmentIndex(fast) };
    });
    for (const { fast, plain, early } of made) {
      expect(encodeSegmentIndex(fast).equals(encodeSegmentIndex(plain))).toBe(true);
      expect(early.equals(encodeSegmentIndex(plain))).toBe(true);
      expect(fast.events).toEqual(plain.events);
      expect(fast.work).toEqual(plain.work);
    }
  });
});
