import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { SyntheticRecord } from '../../tests/support/synthetic-record.ts';
import { endData, SYNTHETIC_SEGMENT_BYTES, SyntheticWal } from '../../tests/support/synthetic-wal.ts';
import { formatSegmentName, walSegmentSize } from '../postgres/wal-segment.ts';
import { buildSegmentIndex } from './build-segment-index.ts';
import { decodeSegmentIndex } from './decode.ts';
import { encodeSegmentIndex } from './encode.ts';
import { columnsOfIndex } from './index-columns.ts';
import { INDEX_HEAD_BYTES, parseIndexHead } from './index-object.ts';
import { summaryOf } from './index-summary.ts';
import type { SegmentIndex } from './segment-index.ts';

const XACT = 1;
const STORAGE = 2;
const HEAP = 10;
const SIZE = walSegmentSize(SYNTHETIC_SEGMENT_BYTES);
const NOON_US = 1_780_671_731_000_000n;
/** Beyond what a number says exactly. */
const FAR_US = 9_000_000_000_000_000n;
/** The file that a transaction creates. */
const CREATED = Buffer.from(Uint32Array.of(1663, 5, 17_000, 0).buffer);

// Numbers that share their low half are looked up apart from others; the last goes round to the first.
const xid = fc.constantFrom(3, 800, 801, 802, 800 + 65_536, 800 + 131_072, 0xffff_fff0);
const filenode = fc.oneof(fc.integer({ min: 16_400, max: 16_420 }), fc.constantFrom(1249, 16_400 + 256));
const timeUs = fc.oneof(fc.bigInt({ min: NOON_US, max: NOON_US + 200_000_000n }), fc.constantFrom(FAR_US, -FAR_US, 0n));

const rowChange = fc
  .record({ xid, filenode, databaseOid: fc.constantFrom(5, 6), operation: fc.constantFrom(0x00, 0x10, 0x20, 0x40) })
  .chain((one) => fc.record({ one: fc.constant(one), flags: fc.constantFrom(0, 0x08, 0x10) }))
  .map(({ one, flags }): SyntheticRecord => {
    const relation = { tablespaceOid: 1663, databaseOid: one.databaseOid, filenode: one.filenode };
    const mainData = Buffer.alloc(14);
    mainData[7] = one.operation === 0x10 ? flags : 0;
    const blocks = [{ id: 0, relation, blockNumber: 3 }];
    return { resourceManager: HEAP, info: one.operation, xid: one.xid, blocks, mainData };
  });
const ending = fc
  .record({ xid, timeUs, info: fc.constantFrom(0x00, 0x20) })
  .map(({ timeUs: at, ...record }): SyntheticRecord => ({ resourceManager: XACT, ...record, mainData: endData(at) }));
const creation = xid.map((of): SyntheticRecord => ({
  resourceManager: STORAGE,
  info: 0x10,
  xid: of,
  mainData: CREATED,
}));
const records = fc.array(fc.oneof({ weight: 8, arbitrary: rowChange }, { weight: 3, arbitrary: ending }, creation), {
  minLength: 1,
  maxLength: 400,
});

function indexOf(given: readonly SyntheticRecord[]): SegmentIndex {
  const wal = new SyntheticWal({ major: 18 });
  for (const record of given) wal.append(record);
  const [segment] = wal.segments();
  if (segment === undefined) throw new Error('no segment');
  const place = { timeline: 1, index: segment.startLsn / BigInt(SYNTHETIC_SEGMENT_BYTES) };
  return buildSegmentIndex({ fileName: formatSegmentName(place, SIZE), bytes: segment.bytes });
}

/** Summary and body; which blocks changed is known in columns only. */
function withoutBlocks(object: Buffer): Buffer {
  const { summaryBytes, storedBodyBytes } = parseIndexHead(object, 'an index');
  return object.subarray(INDEX_HEAD_BYTES, INDEX_HEAD_BYTES + summaryBytes + storedBodyBytes);
}

describe('an index in columns', () => {
  it('is written, and summed up, as one of objects is', () => {
    fc.assert(
      fc.property(records, (given) => {
        const index = indexOf(given);
        const objects = { ...index };
        expect(columnsOfIndex(index)).toBeDefined();
        expect(columnsOfIndex(objects)).toBeUndefined();
        expect(objects.work.length).toBeGreaterThan(0);
        expect(summaryOf(index)).toStrictEqual(summaryOf(objects));
        const object = encodeSegmentIndex(index);
        expect(withoutBlocks(object).equals(withoutBlocks(encodeSegmentIndex(objects)))).toBe(true);
        expect(decodeSegmentIndex(object, 'an index')).toStrictEqual(objects);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the checksum of the content', () => {
  const change = (number: number): SyntheticRecord => ({
    resourceManager: HEAP,
    xid: 800,
    blocks: [{ id: 0, relation: { tablespaceOid: 1663, databaseOid: 5, filenode: number }, blockNumber: 3 }],
    mainData: Buffer.alloc(3),
  });
  const crcOf = (...filenodes: number[]): number => indexOf(filenodes.map(change)).contentCrc;

  it('is that of the same records, and of no others', () => {
    expect(crcOf(16_400, 16_401)).toBe(crcOf(16_400, 16_401));
    expect(new Set([crcOf(16_400, 16_401), crcOf(16_401, 16_400), crcOf(16_400), crcOf(16_400, 16_402)]).size).toBe(4);
  });
});
