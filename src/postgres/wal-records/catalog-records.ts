/**
 * Changes to the catalogs that give relations their names, from the records of their pages.
 *
 * A new row comes whole from an insert, from a page image, or, if an update left out what the old row has too, in part.
 * Pruning and vacuuming need not be followed: a place on a page is simply written again.
 *
 * Source: `src/include/access/heapam_xlog.h` (`xl_heap_header`, `xl_multi_insert_tuple`), `src/backend/access/heap/heapam.c`
 * (`log_heap_update`, `heap_inplace_update`).
 *
 * @module
 */

import type { Lsn } from '../lsn.ts';
import type { Major } from '../versions.ts';
import type { CatalogChange, CatalogRowBytes, NamingCatalog } from './catalog-change.ts';
import { keptRowBytes } from './catalog-rows.ts';
import { readPageRow, readPageRows, ROW_HEADER_BYTES } from './heap-page.ts';
import { RecordCursor } from './record-cursor.ts';
import {
  HEAP_DELETE,
  HEAP_HOT_UPDATE,
  HEAP_INIT_PAGE,
  HEAP_INPLACE,
  HEAP_INSERT,
  HEAP_OPERATION_MASK,
  HEAP_UPDATE,
  HEAP2_MULTI_INSERT,
  RM_HEAP,
  RM_HEAP2,
} from './row-records.ts';

const UPDATE_PREFIX_FROM_OLD = 0x20;
const UPDATE_SUFFIX_FROM_OLD = 0x40;
const INFOMASKS_BYTES = 4;

/** One record that changes, or shows, a page of a naming catalog. */
export interface CatalogRecord {
  readonly resourceManager: number;
  /** `xl_info`, with or without its low four bits. */
  readonly info: number;
  readonly xid: number;
  readonly lsn: Lsn;
  readonly major: Major;
  readonly mainData: Buffer;
}

/** The page of the catalog that it changes. */
export interface CatalogBlock {
  readonly catalog: NamingCatalog;
  readonly databaseOid: number;
  readonly block: number;
  /** Block data; empty if the record has an image instead. */
  readonly data: Buffer;
  /** The page as it is after the change, if the record has it. */
  readonly page: Buffer | undefined;
}

/** The old row's page of an update: as {@link CatalogBlock.block} if the record has no second one. */
export interface OldBlock {
  readonly oldBlock: number;
}

/** All rows on the image of a page; `undefined` if there are none. */
export function catalogImage(record: CatalogRecord, block: CatalogBlock): CatalogChange | undefined {
  const { catalog, page } = block;
  const rows = page === undefined ? [] : readPageRows(page, keptRowBytes(catalog, record.major));
  return rows.length === 0 ? undefined : { ...rowsChange(record, block, rows), isImage: true };
}

/**
 * What a record of a table's rows changes in a catalog; `undefined` if nothing.
 *
 * @throws {Failure} `corrupt` if its main data are shorter than their fields.
 */
export function catalogChange(
  record: CatalogRecord,
  block: CatalogBlock,
  { oldBlock }: OldBlock,
): CatalogChange | undefined {
  const operation = record.info & HEAP_OPERATION_MASK;
  const cursor = new RecordCursor(record.mainData);
  if (record.resourceManager === RM_HEAP2) {
    return operation === HEAP2_MULTI_INSERT ? rowsOrNothing(record, block, multiInsertRows(record, block)) : undefined;
  }
  if (record.resourceManager !== RM_HEAP) return undefined;
  switch (operation) {
    case HEAP_INSERT:
      return rowsOrNothing(record, block, [insertedRow(record, block, cursor.uint16())]);
    case HEAP_INPLACE:
      return rowsOrNothing({ ...record, xid: 0 }, block, [inPlaceRow(record, block, cursor.uint16())]);
    case HEAP_DELETE: {
      cursor.skip(4);
      return { kind: 'catalogDelete', ...placeOf(record, block), offset: cursor.uint16() };
    }
    case HEAP_UPDATE:
    case HEAP_HOT_UPDATE:
      return update(record, block, oldBlock, cursor);
    default:
      return undefined;
  }
}

function placeOf({ lsn, xid }: CatalogRecord, { catalog, databaseOid, block }: CatalogBlock) {
  return { catalog, lsn, xid, databaseOid, block };
}

type RowsChange = Extract<CatalogChange, { kind: 'catalogRows' }>;

function rowsChange(record: CatalogRecord, block: CatalogBlock, rows: readonly CatalogRowBytes[]): RowsChange {
  return { kind: 'catalogRows', ...placeOf(record, block), isImage: false, rows };
}

function rowsOrNothing(
  record: CatalogRecord,
  block: CatalogBlock,
  rows: readonly (CatalogRowBytes | undefined)[],
): CatalogChange | undefined {
  const found = rows.filter((row) => row !== undefined);
  return found.length === 0 ? undefined : rowsChange(record, block, found);
}

function rowOf(record: CatalogRecord, { catalog }: CatalogBlock, offset: number, columns: Buffer): CatalogRowBytes {
  const data = Buffer.from(columns.subarray(0, keptRowBytes(catalog, record.major)));
  return { offset, data, totalBytes: columns.length, insertedBy: 0, deletedBy: 0, isDead: false };
}

function rowOnPage(record: CatalogRecord, { catalog, page }: CatalogBlock, offset: number) {
  return page === undefined ? undefined : readPageRow(page, offset, keptRowBytes(catalog, record.major));
}

/** The column data of a row as an insert or update has it: infomasks and `t_hoff`, null bitmap and padding, columns. */
function columnsOf(tuple: Buffer): Buffer | undefined {
  const cursor = new RecordCursor(tuple);
  if (cursor.remainingBytes <= INFOMASKS_BYTES) return undefined;
  cursor.skip(INFOMASKS_BYTES);
  const bitmapBytes = cursor.uint8() - ROW_HEADER_BYTES;
  if (bitmapBytes < 0 || bitmapBytes > cursor.remainingBytes) return undefined;
  return tuple.subarray(INFOMASKS_BYTES + 1 + bitmapBytes);
}

function insertedRow(record: CatalogRecord, block: CatalogBlock, offset: number): CatalogRowBytes | undefined {
  const columns = block.data.length === 0 ? undefined : columnsOf(block.data);
  return columns === undefined ? rowOnPage(record, block, offset) : rowOf(record, block, offset, columns);
}

function inPlaceRow(record: CatalogRecord, block: CatalogBlock, offset: number): CatalogRowBytes | undefined {
  return block.data.length === 0 ? rowOnPage(record, block, offset) : rowOf(record, block, offset, block.data);
}

function multiInsertRows(record: CatalogRecord, block: CatalogBlock): (CatalogRowBytes | undefined)[] {
  const main = new RecordCursor(record.mainData);
  main.skip(2);
  const count = main.uint16();
  const hasOffsets = (record.info & HEAP_INIT_PAGE) === 0;
  const offsets = Array.from({ length: count }, (_, index) => (hasOffsets ? main.uint16() : index + 1));
  if (block.data.length === 0) return offsets.map((offset) => rowOnPage(record, block, offset));
  let at = 0;
  return offsets.map((offset) => {
    at += at % 2;
    const header = new RecordCursor(block.data.subarray(at));
    const dataBytes = header.uint16();
    header.skip(INFOMASKS_BYTES + 1);
    header.expect(dataBytes);
    // The length, then what an insert has.
    const end = at + 2 + INFOMASKS_BYTES + 1 + dataBytes;
    const columns = columnsOf(block.data.subarray(at + 2, end));
    at = end;
    return columns === undefined ? undefined : rowOf(record, block, offset, columns);
  });
}

function update(record: CatalogRecord, block: CatalogBlock, oldBlock: number, main: RecordCursor): CatalogChange {
  main.skip(4);
  const oldOffset = main.uint16();
  main.skip(1);
  const flags = main.uint8();
  main.skip(4);
  const offset = main.uint16();
  const place = { kind: 'catalogUpdate', ...placeOf(record, block), offset, oldBlock, oldOffset } as const;
  if (block.data.length === 0) {
    const row = block.page === undefined ? undefined : readPageRow(block.page, offset, block.page.length);
    return { ...place, prefixBytes: 0, suffixBytes: 0, data: row?.data };
  }
  const data = new RecordCursor(block.data);
  const prefixBytes = (flags & UPDATE_PREFIX_FROM_OLD) === 0 ? 0 : data.uint16();
  const suffixBytes = (flags & UPDATE_SUFFIX_FROM_OLD) === 0 ? 0 : data.uint16();
  const columns = columnsOf(block.data.subarray(block.data.length - data.remainingBytes));
  return { ...place, prefixBytes, suffixBytes, data: columns === undefined ? undefined : Buffer.from(columns) };
}
