/**
 * Catalogs made by hand, for the tests of names.
 *
 * @module
 */

import { encodeClassRow } from '../../../postgres/catalog-row-bytes.ts';
import type { CatalogSnapshot, DatabaseCatalog, PlacedClassRow } from '../../../postgres/catalog-snapshot.ts';
import { lsn } from '../../../postgres/lsn.ts';
import type { CatalogChange } from '../../../postgres/wal-records/catalog-change.ts';

/** The database of these tests. */
export const DATABASE = 5;

/** A row of `pg_class`: a table in `public` whose file has its oid as number. */
export function classRow(oid: number, name: string, more: Partial<PlacedClassRow> = {}): PlacedClassRow {
  return {
    oid,
    name,
    schemaOid: 2200,
    filenode: oid,
    tablespaceOid: 0,
    estimatedRows: undefined,
    toastOid: 0,
    isShared: false,
    persistence: 'p',
    kind: 'r',
    place: { block: 0, offset: oid % 100, dataBytes: 144 },
    typeOid: oid + 1,
    ofTypeOid: 0,
    ownerOid: 10,
    accessMethodOid: 2,
    pages: 0,
    allVisiblePages: 0,
    allFrozenPages: 0,
    hasIndex: false,
    ...more,
  };
}

/** Its column data, as 18 has it. */
export function rowData(row: PlacedClassRow): Buffer {
  return Buffer.concat([encodeClassRow(row, 18) ?? Buffer.alloc(0), Buffer.alloc(24, 0x77)]);
}

/** A snapshot of one database at `at`. */
export function snapshotAt(
  at: bigint,
  relations: readonly PlacedClassRow[],
  more: Partial<DatabaseCatalog> = {},
): CatalogSnapshot {
  const database: DatabaseCatalog = {
    oid: DATABASE,
    name: 'shop',
    place: { block: 0, offset: 1, dataBytes: 228 },
    tablespaceOid: 1663,
    problem: undefined,
    lsn: lsn(at),
    snapshot: { xmax: 1000, running: [] },
    schemas: [{ oid: 2200, name: 'public', place: { block: 0, offset: 1, dataBytes: 72 } }],
    relations,
    parents: [],
    mapped: [],
    ...more,
  };
  return { systemIdentifier: 7n, major: 18, timeline: 1, lsn: lsn(at), takenAtUs: 0n, databases: [database] };
}

/** A row as the WAL has it: inserted, or (with `insertedBy`) on the image of its page. */
export function rows(at: bigint, xid: number, row: PlacedClassRow, more: object = {}): CatalogChange {
  const data = rowData(row);
  const { block, offset } = row.place;
  const bytes = { offset, data, totalBytes: data.length, insertedBy: 0, deletedBy: 0, isDead: false, ...more };
  const isImage = 'insertedBy' in more;
  const place = { lsn: lsn(at), xid, databaseOid: DATABASE, block };
  return { kind: 'catalogRows', catalog: 'pg_class', ...place, isImage, rows: [bytes] };
}

/** A row’s new version, as the server writes it: what the old row has at its beginning and end is left out. */
export function update(at: bigint, xid: number, old: PlacedClassRow, row: PlacedClassRow): CatalogChange {
  const [from, to] = [rowData(old), rowData(row)];
  const prefixBytes = to.findIndex((byte, place) => byte !== from[place]);
  const suffixBytes = to.length - 1 - to.findLastIndex((byte, place) => byte !== from[place]);
  const data = to.subarray(prefixBytes, to.length - suffixBytes);
  const place = { lsn: lsn(at), xid, databaseOid: DATABASE, block: 0, offset: row.place.offset };
  const before = { oldBlock: 0, oldOffset: old.place.offset, prefixBytes, suffixBytes };
  return { kind: 'catalogUpdate', catalog: 'pg_class', ...place, ...before, data };
}

/** A row’s next version, at another place. */
export const version = (row: PlacedClassRow, offset: number, more: Partial<PlacedClassRow>): PlacedClassRow => ({
  ...row,
  ...more,
  place: { ...row.place, offset },
});
