import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { SyntheticBlock, SyntheticRecord } from '../../tests/support/synthetic-record.ts';
import { endData, SYNTHETIC_SEGMENT_BYTES, SYNTHETIC_SYSTEM, SyntheticWal } from '../../tests/support/synthetic-wal.ts';
import { lsn } from '../postgres/lsn.ts';
import { formatSegmentName, walSegmentSize } from '../postgres/wal-segment.ts';
import { buildSegmentIndex, indexRecord, type BuildOptions } from './build-segment-index.ts';
import type { SegmentIndex, XidWork } from './segment-index.ts';

const XLOG = 0;
const XACT = 1;
const STORAGE = 2;
const RELMAP = 7;
const HEAP2 = 9;
const HEAP = 10;
const FILE = { tablespaceOid: 1663, databaseOid: 5, filenode: 16_400 };
const OTHER_FILE = { ...FILE, databaseOid: 6 };
const SIZE = walSegmentSize(SYNTHETIC_SEGMENT_BYTES);

const uint32s = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
const onPage = (relation: SyntheticBlock['relation'] = FILE): SyntheticBlock[] => [
  { id: 0, relation: relation ?? FILE, blockNumber: 3 },
];
const insert = (xid: number, file = FILE): SyntheticRecord => ({
  resourceManager: HEAP,
  xid,
  blocks: onPage(file),
  mainData: Buffer.alloc(3),
});
const deletion = (xid: number, flags = 0, file = FILE): SyntheticRecord => ({
  resourceManager: HEAP,
  info: 0x10,
  xid,
  blocks: onPage(file),
  mainData: Buffer.from([0, 0, 0, 0, 1, 0, 0, flags]),
});
const commit = (xid: number): SyntheticRecord => ({
  resourceManager: XACT,
  xid,
  mainData: endData(1_780_671_731_000_000n),
});
const MOVES = 0x10;

function indexesOf(wal: SyntheticWal, options: BuildOptions = {}, timeline = 1): SegmentIndex[] {
  return wal.segments().map(({ startLsn, bytes }) => {
    const fileName = formatSegmentName({ timeline, index: startLsn / BigInt(SYNTHETIC_SEGMENT_BYTES) }, SIZE);
    return buildSegmentIndex({ fileName, bytes }, options);
  });
}

function indexOf(records: readonly SyntheticRecord[], major = 18): SegmentIndex {
  const wal = new SyntheticWal({ major });
  for (const record of records) wal.append(record);
  const [index] = indexesOf(wal);
  if (index === undefined) throw new Error('no segment');
  return index;
}

const rows = ({ files }: XidWork) =>
  files.map(({ file, inserted, updated, deleted, movedOut, insertedAfterMove }) => [
    [file.databaseOid, file.filenode],
    { inserted, updated, deleted, movedOut, insertedAfterMove },
  ]);

describe('the index of a segment', () => {
  it('counts rows by (sub)transaction and file, in order of their first mention', () => {
    const multi = {
      resourceManager: HEAP2,
      info: 0xd0,
      xid: 800,
      blocks: onPage(OTHER_FILE),
      mainData: Buffer.from([0, 0, 60, 0]),
    };
    const index = indexOf([insert(801), insert(800), multi, insert(800), deletion(801), deletion(0), commit(800)]);
    expect(index).toMatchObject({ major: 18, recordCount: 7, highestXid: 801, systemIdentifier: SYNTHETIC_SYSTEM });
    const none = { inserted: 0, updated: 0, deleted: 0, movedOut: 0, insertedAfterMove: 0 };
    expect(index.work.map((work) => [work.xid, rows(work)])).toEqual([
      [801, [[[5, 16_400], { ...none, inserted: 1, deleted: 1 }]]],
      [
        800,
        [
          [[5, 16_400], { ...none, inserted: 2 }],
          [[6, 16_400], { ...none, inserted: 60 }],
        ],
      ],
    ]);
    expect(index.events.map(({ kind }) => kind)).toEqual(['commit']);
    const end = index.events[0]?.lsn;
    expect(index.work[1]).toMatchObject({ lastLsn: end, firstLsn: lsn((index.first?.lsn ?? 0n) + 56n) });
  });

  it('tells the top transaction and the origin where records do', () => {
    const index = indexOf([{ ...insert(802), topXid: 800, originId: 4 }, insert(802), { ...commit(800), originId: 4 }]);
    expect(index.work[0]).toMatchObject({ xid: 802, topXid: 800, originId: 4 });
    expect(index.events[0]).toMatchObject({ kind: 'commit', originId: 4 });
  });

  it('tells files made, cut and truncated, and who made them where that is known', () => {
    const create = (xid: number, fork: number) => ({
      resourceManager: STORAGE,
      info: 0x10,
      xid,
      mainData: uint32s(1663, 5, 16_400, fork),
    });
    const cut = { resourceManager: STORAGE, info: 0x20, xid: 800, mainData: uint32s(9, 1663, 5, 16_400, 7) };
    const truncate = { resourceManager: HEAP, info: 0x30, xid: 800, mainData: uint32s(5, 1, 0, 16_500) };
    const index = indexOf([create(800, 0), create(800, 1), create(800, 3), cut, truncate, create(0, 0), create(0, 2)]);
    expect(index.work).toMatchObject([
      {
        createdFiles: [
          { file: FILE, isUnlogged: false },
          { file: FILE, isUnlogged: true },
        ],
        cutFiles: [{ file: FILE, blocks: 9 }],
        truncatedOids: [16_500],
      },
    ]);
    expect(index.events).toMatchObject([{ kind: 'fileCreate', xid: 0, file: FILE, isUnlogged: false }]);
  });

  it('takes the newer of two transaction numbers also where they went around', () => {
    expect(indexOf([insert(4_294_967_290), insert(5), insert(4_294_967_291)]).highestXid).toBe(5);
  });

  it('names each extension’s resource manager once', () => {
    const custom = (resourceManager: number) => ({ resourceManager, mainData: Buffer.alloc(4) });
    const { events } = indexOf([custom(130), custom(129), custom(130)]);
    expect(events).toMatchObject([
      { kind: 'position', customResourceManager: 130 },
      { kind: 'position', customResourceManager: 129 },
    ]);
  });

  it('gives records behind a switch of timelines the new one', () => {
    const wal = new SyntheticWal({ major: 18, timeline: 1 });
    wal.append(commit(800));
    wal.append({
      resourceManager: XLOG,
      info: 0x90,
      mainData: Buffer.concat([Buffer.alloc(8), uint32s(3, 1), Buffer.alloc(8)]),
    });
    wal.append(commit(801));
    const [index] = indexesOf(wal, {}, 3);
    expect(index?.events.map(({ kind, ...event }) => [kind, 'timeline' in event && event.timeline])).toEqual([
      ['commit', 1],
      ['endOfRecovery', 3],
      ['commit', 3],
    ]);
  });

  it('is of no use for what is no segment, of an unknown major, or another cluster’s', () => {
    const fileName = '000000010000000000000001';
    const wal = new SyntheticWal({ major: 18 });
    wal.append(commit(800));
    const bytes = wal.segments()[0]?.bytes ?? Buffer.alloc(0);
    const build = (change: (copy: Buffer) => void, options: BuildOptions = {}, name = fileName) => {
      const copy = Buffer.from(bytes);
      change(copy);
      return () => buildSegmentIndex({ fileName: name, bytes: copy, storedAs: `wal_005/${name}` }, options);
    };
    expect(build(() => {}, { systemIdentifier: SYNTHETIC_SYSTEM })().stop?.kind).toBe('unwritten');
    expect(build(() => {}, { systemIdentifier: 9n })).toThrow(/wal_005.*of the system 7000000000000000001, not of 9/u);
    expect(build((copy) => copy.writeUInt16LE(0xd1ff, 0))).toThrow('unknown PostgreSQL version');
    expect(build((copy) => copy.fill(0))).toThrow('it begins with zeros');
    expect(build(() => {}, {}, '00000001.history')).toThrow('no name of a segment');
  });
});

describe('a move to another partition', () => {
  it('marks the insert behind it, once', () => {
    const records = [insert(800), deletion(800, MOVES), insert(801), insert(800, OTHER_FILE), insert(800, OTHER_FILE)];
    const [work] = indexOf(records).work;
    expect(work).toMatchObject({ isMoveOpen: false, firstInsertFile: 0 });
    expect(work?.files).toMatchObject([
      { file: FILE, inserted: 1, movedOut: 1, deleted: 0, insertedAfterMove: 0 },
      { file: OTHER_FILE, inserted: 2, movedOut: 0, insertedAfterMove: 1 },
    ]);
  });

  it('is open where its insert is not here, and another segment’s first insert can close it', () => {
    expect(indexOf([deletion(800, MOVES)]).work[0]).toMatchObject({ isMoveOpen: true, firstInsertFile: undefined });
    expect(indexOf([deletion(800), insert(800, OTHER_FILE)]).work[0]).toMatchObject({
      isMoveOpen: false,
      firstInsertFile: 1,
    });
  });
});

describe('a record over the border of two segments', () => {
  it('is in neither, and is indexed by itself', () => {
    const wal = new SyntheticWal({ major: 18 });
    const border = 2n * BigInt(SYNTHETIC_SEGMENT_BYTES);
    wal.append({ resourceManager: 21, mainData: Buffer.alloc(1_000_000) });
    while (wal.position < border - 32n) wal.append({ resourceManager: 21 });
    const crossing = wal.append({ ...commit(800), mainData: endData(0n) });
    wal.append(commit(801));
    const [first, second] = indexesOf(wal);
    expect(first?.tail).toMatchObject({ lsn: crossing });
    expect(second?.first?.previousLsn).toBe(crossing);
    const bytes = Buffer.concat([first?.tail?.bytes ?? Buffer.alloc(0), second?.head.bytes ?? Buffer.alloc(0)]);
    expect(bytes.length).toBe(first?.tail?.totalBytes);
    const { events, work } = indexRecord(bytes, crossing, second?.first?.lsn ?? crossing, 1, 18);
    expect(events).toMatchObject([{ kind: 'commit', xid: 800, lsn: crossing, endLsn: second?.first?.lsn }]);
    expect(work).toMatchObject([{ xid: 800, walBytes: bytes.length, files: [] }]);
    bytes[bytes.length - 1] = 1;
    expect(() => indexRecord(bytes, crossing, crossing, 1, 18)).toThrow(/crosses the border.*CRC/u);
    expect(() => indexRecord(bytes.subarray(0, 20), crossing, crossing, 1, 18)).toThrow('it has only 20 bytes');
  });
});

describe('a record that cannot be right, for all that its CRC is', () => {
  it.each([
    [
      'parts that do not add up',
      { resourceManager: HEAP, xid: 900, blocks: [{ id: 0, blockNumber: 1 }], mainData: Buffer.alloc(3) },
    ],
    ['fields behind its end', { resourceManager: XACT, info: 0x80, xid: 900, mainData: Buffer.alloc(9) }],
    ['changed rows without a page', { resourceManager: HEAP, xid: 900, mainData: Buffer.alloc(3) }],
  ])('ends the index before it: %s', (_what, bad) => {
    const index = indexOf([insert(800), bad, insert(801)]);
    expect(index).toMatchObject({ recordCount: 1, stop: { kind: 'damaged' }, tail: undefined, highestXid: 800 });
    expect(index.work.map(({ xid }) => xid)).toEqual([800]);
    expect(index.stop?.lsn).toBe(index.last?.endLsn);
  });

  it('is a failure of no other kind, whatever it holds', () => {
    const anyRecord = fc.record({
      resourceManager: fc.constantFrom(0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 200),
      info: fc.nat(255),
      xid: fc.nat(20),
      hasBlock: fc.boolean(),
      data: fc.uint8Array({ maxLength: 60 }),
      mainData: fc.uint8Array({ maxLength: 120 }),
    });
    const catalog = { tablespaceOid: 1663, databaseOid: 5, filenode: 1259 };
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 10 }), fc.constantFrom(14, 18), (drawn, major) => {
        const index = indexOf(
          drawn.map(({ hasBlock, data, mainData, ...record }) => {
            const bytes = data.length === 0 ? {} : { data: Buffer.from(data) };
            const blocks = hasBlock ? { blocks: [{ id: 0, relation: catalog, blockNumber: 1, ...bytes }] } : {};
            return { ...record, ...blocks, mainData: Buffer.from(mainData) };
          }),
          major,
        );
        expect(index.recordCount).toBeLessThanOrEqual(drawn.length);
        expect(['damaged', 'unwritten', undefined]).toContain(index.stop?.kind);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a rewritten pg_class', () => {
  const row = Buffer.alloc(160);
  row.writeUInt32LE(16_400, 0);
  row.write('orders', 4, 'latin1');
  row.writeUInt32LE(16_400, 88);
  row.write('pr', 118, 'latin1');
  const tuple = Buffer.concat([Buffer.from([33, 0, 3, 0, 24]), Buffer.alloc(1), row]);
  const file = { ...FILE, filenode: 19_000 };
  const inserted = { ...insert(800), blocks: [{ id: 0, relation: file, blockNumber: 1, data: tuple }] };
  const map = Buffer.concat([uint32s(5, 1663, 524, 0x592717, 1, 1259, 19_000), Buffer.alloc(508)]);

  it.each([
    ['the relation map', { resourceManager: RELMAP, xid: 801, mainData: map }],
    [
      'a change in place',
      {
        resourceManager: HEAP,
        info: 0x70,
        blocks: [{ id: 0, relation: file, blockNumber: 1, data: row }],
        mainData: Buffer.from([1, 0, 0, 0]),
      },
    ],
  ])('is followed from the segment’s start on when %s tells of it', (_what, telling) => {
    const { events } = indexOf([inserted, telling]);
    expect(events[0]).toMatchObject({ kind: 'catalogRows', catalog: 'pg_class', xid: 800, databaseOid: 5 });
    expect(indexOf([inserted]).events).toEqual([]);
  });
});
