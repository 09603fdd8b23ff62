import { describe, expect, it } from 'vitest';

import { syntheticRecord, type SyntheticRecord } from '../../tests/support/synthetic-record.ts';
import { lsn } from '../postgres/lsn.ts';
import type { Major } from '../postgres/versions.ts';
import type { CatalogChange, CatalogRowBytes } from '../postgres/wal-records/catalog-change.ts';
import type { CatalogFile } from '../postgres/wal-records/catalog-files.ts';
import { indexRecord } from './build-segment-index.ts';
import type { IndexEvent } from './segment-index.ts';

const HEAP = 10;
const HEAP2 = 9;
const XLOG = 0;
const XID = 740;
const LSN = lsn(0x300_0000n);
const PG_CLASS = { tablespaceOid: 1663, databaseOid: 5, filenode: 1259 };
const IMAGE_WITH_HOLE = 0x01;
/** `bimg_info`: this image replaces the page. */
const APPLIED = { 14: 0x04, 18: 0x02 } as const;
const CATALOG_KINDS: ReadonlySet<string> = new Set(['catalogRows', 'catalogUpdate', 'catalogDelete']);

function isCatalogChange(event: IndexEvent): event is CatalogChange {
  return CATALOG_KINDS.has(event.kind);
}

function changesOf(record: SyntheticRecord, major: Major = 18, catalogFiles: readonly CatalogFile[] = []) {
  const bytes = syntheticRecord({ xid: XID, ...record }, 0n);
  return indexRecord(bytes, LSN, lsn(LSN + 64n), 1, major, { catalogFiles }).events.filter(isCatalogChange);
}

/** Column data of `pg_class` of 18, with some variable part behind. */
function classRow(oid: number, name: string, filenode: number, kind = 'r'): Buffer {
  const columns = Buffer.alloc(160, 0x2a);
  columns.writeUInt32LE(oid, 0);
  columns.fill(0, 4, 68);
  columns.write(name, 4, 'latin1');
  columns.writeUInt32LE(filenode, 88);
  columns.writeUInt32LE(0, 92);
  columns.write(`p${kind}`, 118, 'latin1');
  return columns;
}

const kept = (columns: Buffer): Buffer => columns.subarray(0, 144);

/** As an insert has it: infomasks, `t_hoff` with a null bitmap, columns. */
const tuple = (columns: Buffer): Buffer =>
  Buffer.concat([Buffer.from([33, 0, 3, 0, 32]), Buffer.alloc(9, 0xfb), columns]);

function rowBytes(offset: number, columns: Buffer, over: Partial<CatalogRowBytes> = {}): CatalogRowBytes {
  const whole = { offset, data: kept(columns), totalBytes: columns.length };
  return { ...whole, insertedBy: 0, deletedBy: 0, isDead: false, ...over };
}

/** A page with rows at the line pointers given, each `{ xmin, xmax, infomask }` and columns. */
function pageOf(rows: ReadonlyMap<number, { header: readonly [number, number, number]; columns: Buffer }>): Buffer {
  const page = Buffer.alloc(8192);
  const count = Math.max(...rows.keys());
  let upper = page.length;
  page.writeUInt16LE(24 + count * 4, 12);
  for (const [offset, { header, columns }] of rows) {
    const lengthBytes = 32 + columns.length;
    upper -= lengthBytes;
    page.writeUInt32LE(upper | (1 << 15) | ((lengthBytes << 17) >>> 0), 24 + (offset - 1) * 4);
    page.writeUInt32LE(header[0], upper);
    page.writeUInt32LE(header[1], upper + 4);
    page.writeUInt16LE(header[2], upper + 20);
    page.writeUInt8(32, upper + 22);
    columns.copy(page, upper + 32);
  }
  return page;
}

function imageOf(page: Buffer, major: 14 | 18 = 18) {
  const holeOffset = 100;
  const holeBytes = 2000;
  const bytes = Buffer.concat([page.subarray(0, holeOffset), page.subarray(holeOffset + holeBytes)]);
  return { bytes, info: IMAGE_WITH_HOLE | APPLIED[major], holeOffset };
}

const place = { catalog: 'pg_class', lsn: LSN, xid: XID, databaseOid: 5, block: 7 } as const;
const row = classRow(16_400, 'orders', 16_400);

function insertMain(offset: number): Buffer {
  return Buffer.from([offset, 0, 0]);
}

function updateMain(oldOffset: number, offset: number, flags: number): Buffer {
  const main = Buffer.alloc(14);
  main.writeUInt16LE(oldOffset, 4);
  main.writeUInt8(flags, 7);
  main.writeUInt16LE(offset, 12);
  return main;
}

describe('an insert into pg_class', () => {
  it('gives the row from its data, cut behind the fixed part', () => {
    const blocks = [{ id: 0, relation: PG_CLASS, blockNumber: 7, data: tuple(row) }];
    expect(changesOf({ resourceManager: HEAP, info: 0, mainData: insertMain(4), blocks })).toEqual([
      { kind: 'catalogRows', ...place, isImage: false, rows: [rowBytes(4, row)] },
    ]);
  });

  it.each([14, 18] as const)('gives all rows of its image, and then the row, on PostgreSQL %i', (major) => {
    const other = classRow(16_300, 'gone', 16_300);
    const page = pageOf(
      new Map([
        [1, { header: [700, 739, 0x0500], columns: other }],
        [2, { header: [2, 0, 0x0b00], columns: other }],
        [3, { header: [690, 0, 0x0a00], columns: other }],
        [4, { header: [XID, 0, 0x0800], columns: row }],
        [5, { header: [XID, 800, 0x0180], columns: other }],
      ]),
    );
    const blocks = [{ id: 0, relation: PG_CLASS, blockNumber: 7, image: imageOf(page, major) }];
    const [image, change, ...more] = changesOf(
      { resourceManager: HEAP, info: 0, mainData: insertMain(4), blocks },
      major,
    );
    const cut = (columns: Buffer) => ({ data: columns.subarray(0, major === 18 ? 144 : 140) });
    const inserted = rowBytes(4, row, { insertedBy: XID, ...cut(row) });
    expect(image).toEqual({
      kind: 'catalogRows',
      ...place,
      isImage: true,
      rows: [
        rowBytes(1, other, { insertedBy: 700, deletedBy: 739, ...cut(other) }),
        rowBytes(2, other, cut(other)),
        rowBytes(3, other, { insertedBy: 690, isDead: true, ...cut(other) }),
        inserted,
        rowBytes(5, other, { insertedBy: XID, ...cut(other) }),
      ],
    });
    expect(change).toEqual({ kind: 'catalogRows', ...place, isImage: false, rows: [inserted] });
    expect(more).toEqual([]);
  });
});

describe('an update of pg_class', () => {
  it('gives what differs from the old row, with where that is', () => {
    const middle = Buffer.from('changed');
    const data = Buffer.concat([Buffer.from([88, 0, 40, 0]), tuple(middle)]);
    const blocks = [{ id: 0, relation: PG_CLASS, blockNumber: 7, data }];
    expect(changesOf({ resourceManager: HEAP, info: 0x40, mainData: updateMain(3, 9, 0x60), blocks })).toEqual([
      {
        kind: 'catalogUpdate',
        ...place,
        offset: 9,
        oldBlock: 7,
        oldOffset: 3,
        prefixBytes: 88,
        suffixBytes: 40,
        data: middle,
      },
    ]);
  });

  it.each([
    ['another page', [{ id: 1, blockNumber: 2 }], 2],
    [
      'another page, with a page of the visibility map',
      [
        { id: 1, blockNumber: 2 },
        { id: 3, blockNumber: 0, fork: 2 },
      ],
      2,
    ],
    ['the same page, with a page of the visibility map', [{ id: 2, blockNumber: 0, fork: 2 }], 7],
  ] as const)('takes the old row from %s', (_where, others, oldBlock) => {
    const blocks = [
      { id: 0, relation: PG_CLASS, blockNumber: 7, data: tuple(row) },
      ...others.map((other) => ({ relation: PG_CLASS, ...other })),
    ];
    expect(changesOf({ resourceManager: HEAP, info: 0x20, mainData: updateMain(3, 9, 0), blocks })).toEqual([
      { kind: 'catalogUpdate', ...place, offset: 9, oldBlock, oldOffset: 3, prefixBytes: 0, suffixBytes: 0, data: row },
    ]);
  });

  it('takes the new row from the image where there is one', () => {
    const page = pageOf(new Map([[9, { header: [XID, 0, 0x0800], columns: row }]]));
    const blocks = [{ id: 0, relation: PG_CLASS, blockNumber: 7, image: imageOf(page) }];
    const changes = changesOf({ resourceManager: HEAP, info: 0x20, mainData: updateMain(3, 9, 0), blocks });
    expect(changes.map(({ kind }) => kind)).toEqual(['catalogRows', 'catalogUpdate']);
    expect(changes[1]).toMatchObject({ offset: 9, oldOffset: 3, prefixBytes: 0, suffixBytes: 0, data: row });
  });
});

describe('other records of pg_class', () => {
  it('are a delete', () => {
    const main = Buffer.from([0, 0, 0, 0, 6, 0, 0, 0]);
    const blocks = [{ id: 0, relation: PG_CLASS, blockNumber: 7 }];
    expect(changesOf({ resourceManager: HEAP, info: 0x10, mainData: main, blocks })).toEqual([
      { kind: 'catalogDelete', ...place, offset: 6 },
    ]);
  });

  it('are a change in place, which is nobody’s', () => {
    const blocks = [{ id: 0, relation: PG_CLASS, blockNumber: 7, data: row }];
    const mainData = Buffer.from([6, 0, 0, 0]);
    expect(changesOf({ resourceManager: HEAP, info: 0x70, mainData, blocks })).toEqual([
      { kind: 'catalogRows', ...place, xid: 0, isImage: false, rows: [rowBytes(6, row)] },
    ]);
  });

  it('are inserts of many rows at once', () => {
    const odd = classRow(16_401, 'odd', 1).subarray(0, 145);
    const entry = (columns: Buffer): Buffer => {
      const header = Buffer.from([0, 0]);
      header.writeUInt16LE(9 + columns.length);
      return Buffer.concat([header, tuple(columns)]);
    };
    // Each begins at an even offset.
    const data = Buffer.concat([entry(odd), Buffer.alloc(entry(odd).length % 2), entry(row)]);
    const blocks = [{ id: 0, relation: PG_CLASS, blockNumber: 7, data }];
    const mainData = Buffer.from([0, 0, 2, 0, 3, 0, 8, 0]);
    expect(changesOf({ resourceManager: HEAP2, info: 0x50, mainData, blocks })).toEqual([
      { kind: 'catalogRows', ...place, isImage: false, rows: [rowBytes(3, odd), rowBytes(8, row)] },
    ]);
  });

  it('are images of whole pages, of several at once', () => {
    const page = pageOf(new Map([[1, { header: [3, 0, 0x0900], columns: row }]]));
    const blocks = [7, 8].map((blockNumber) => ({
      id: blockNumber,
      relation: PG_CLASS,
      blockNumber,
      image: imageOf(page),
    }));
    const rows = [rowBytes(1, row, { insertedBy: 3 })];
    expect(changesOf({ resourceManager: XLOG, info: 0xb0, blocks })).toEqual([
      { kind: 'catalogRows', ...place, isImage: true, rows },
      { kind: 'catalogRows', ...place, block: 8, isImage: true, rows },
    ]);
  });

  it('are none for images that only serve to compare', () => {
    const page = pageOf(new Map([[1, { header: [3, 0, 0x0900], columns: row }]]));
    const image = { ...imageOf(page), info: IMAGE_WITH_HOLE };
    const blocks = [{ id: 0, relation: PG_CLASS, blockNumber: 7, image, data: Buffer.alloc(4) }];
    expect(changesOf({ resourceManager: HEAP2, info: 0x40, mainData: Buffer.alloc(8), blocks })).toEqual([]);
  });
});

describe('the file of a catalog', () => {
  const data = tuple(row);
  const insertInto = (relation: typeof PG_CLASS, catalogFiles: readonly CatalogFile[] = []) =>
    changesOf(
      { resourceManager: HEAP, info: 0, mainData: insertMain(1), blocks: [{ id: 0, relation, blockNumber: 0, data }] },
      18,
      catalogFiles,
    ).map(({ catalog }) => catalog);

  it.each([
    [{ tablespaceOid: 1663, databaseOid: 5, filenode: 1259 }, ['pg_class']],
    [{ tablespaceOid: 16_999, databaseOid: 6, filenode: 1259 }, ['pg_class']],
    [{ tablespaceOid: 1663, databaseOid: 5, filenode: 2615 }, ['pg_namespace']],
    [{ tablespaceOid: 1663, databaseOid: 5, filenode: 2611 }, ['pg_inherits']],
    [{ tablespaceOid: 1664, databaseOid: 0, filenode: 1262 }, ['pg_database']],
    [{ tablespaceOid: 1663, databaseOid: 5, filenode: 1262 }, []],
    [{ tablespaceOid: 1664, databaseOid: 0, filenode: 1259 }, []],
    [{ tablespaceOid: 1663, databaseOid: 5, filenode: 16_400 }, []],
  ])('is known by its first number: %o', (relation, catalogs) => {
    expect(insertInto(relation)).toEqual(catalogs);
  });

  it('is known by what is said of it, in its database and tablespace only', () => {
    const file = { tablespaceOid: 1663, databaseOid: 5, filenode: 16_400 };
    const known = [{ catalog: 'pg_class', file } as const];
    expect(insertInto(file, known)).toEqual(['pg_class']);
    expect(insertInto({ ...file, databaseOid: 6 }, known)).toEqual([]);
    expect(insertInto({ ...file, tablespaceOid: 1700 }, known)).toEqual([]);
  });
});
