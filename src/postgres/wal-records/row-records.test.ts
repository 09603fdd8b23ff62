import { describe, expect, it } from 'vitest';

import { countRows, decodeTruncate, RM_HEAP, RM_HEAP2, RowCounts } from './row-records.ts';

function rowsOf(resourceManager: number, info: number, main: Buffer): Partial<RowCounts> | undefined {
  const counts = new RowCounts();
  // What the record before left there does not count.
  counts.deleted = 77;
  const bytes = Buffer.concat([Buffer.alloc(5, 0xff), main]);
  if (!countRows(resourceManager, info, bytes, 5, bytes.length, counts)) return undefined;
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

const insert = (flags: number): Buffer => Buffer.from([1, 0, flags]);
const deletion = (flags: number): Buffer => Buffer.from([0, 0, 0, 0, 1, 0, 0, flags]);
const update = Buffer.alloc(14);

function multiInsert(rows: number, hasOffsets: boolean): Buffer {
  const bytes = Buffer.alloc(4 + (hasOffsets ? rows * 2 : 0));
  bytes.writeUInt16LE(rows, 2);
  return bytes;
}

describe('rows changed by a record', () => {
  it.each([
    ['an insert', RM_HEAP, 0x00, insert(0), { inserted: 1 }],
    ['an insert on a new page', RM_HEAP, 0x80, insert(0), { inserted: 1 }],
    ['a speculative insert', RM_HEAP, 0x00, insert(0x04), { inserted: 1 }],
    ['a speculative insert taken back', RM_HEAP, 0x10, deletion(0x08), { inserted: -1 }],
    ['a delete', RM_HEAP, 0x10, deletion(0x01), { deleted: 1 }],
    ['a delete at wal_level=logical', RM_HEAP, 0x10, deletion(0x06), { deleted: 1 }],
    ['the delete half of a move to another partition', RM_HEAP, 0x10, deletion(0x10), { movedOut: 1 }],
    ['an update', RM_HEAP, 0x20, update, { updated: 1 }],
    ['an update to a new page', RM_HEAP, 0xa0, update, { updated: 1 }],
    ['a HOT update', RM_HEAP, 0x40, update, { updated: 1, hotUpdated: 1 }],
    ['an insert of many', RM_HEAP2, 0x50, multiInsert(60, true), { inserted: 60 }],
    ['an insert of many on a new page', RM_HEAP2, 0xd0, multiInsert(226, false), { inserted: 226 }],
  ])('are those of %s', (_what, resourceManager, info, main, expected) => {
    expect(rowsOf(resourceManager, info, main)).toEqual(expected);
  });

  it.each([
    ['truncate', RM_HEAP, 0x30],
    ['confirm', RM_HEAP, 0x50],
    ['lock', RM_HEAP, 0x60],
    ['change in place', RM_HEAP, 0x70],
    ['rewrite mapping', RM_HEAP2, 0x00],
    ['prune', RM_HEAP2, 0x10],
    ['vacuum', RM_HEAP2, 0x20],
    ['freeze', RM_HEAP2, 0x30],
    ['visible', RM_HEAP2, 0x40],
    ['lock of updated versions', RM_HEAP2, 0x60],
    ['new command id', RM_HEAP2, 0x70],
    ['index insert', 11, 0x00],
    ['generic change', 20, 0x00],
  ])('are none for a %s', (_what, resourceManager, info) => {
    expect(rowsOf(resourceManager, info, Buffer.alloc(64, 0xff))).toBeUndefined();
  });

  it.each([
    [RM_HEAP, 0x00, 2],
    [RM_HEAP, 0x10, 7],
    [RM_HEAP, 0x20, 13],
    [RM_HEAP2, 0x50, 3],
  ])('are refused where main data end early (%i, %i)', (resourceManager, info, bytes) => {
    expect(() => rowsOf(resourceManager, info, Buffer.alloc(bytes))).toThrow('bytes left for');
  });

  it('are refused for an insert of more rows than it has places for', () => {
    expect(() => rowsOf(RM_HEAP2, 0x50, multiInsert(60, true).subarray(0, 100))).toThrow('bytes left for');
  });
});

describe('a TRUNCATE at wal_level=logical', () => {
  it('names the tables by their oids', () => {
    const main = Buffer.alloc(20);
    main.writeUInt32LE(5, 0);
    main.writeUInt32LE(2, 4);
    main.writeUInt32LE(16_400, 12);
    main.writeUInt32LE(16_500, 16);
    expect(decodeTruncate(main)).toEqual([16_400, 16_500]);
    expect(() => decodeTruncate(main.subarray(0, 19))).toThrow('bytes left');
  });
});
