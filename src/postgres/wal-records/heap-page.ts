/**
 * Rows on the page of a table, as an image in a record has it.
 *
 * Nothing on it is believed: a row that is not wholly on the page is none.
 *
 * Source: `src/include/storage/bufpage.h` (`PageHeaderData`), `src/include/storage/itemid.h` (`ItemIdData`),
 * `src/include/access/htup_details.h` (`HeapTupleHeaderData`).
 *
 * @module
 */

import type { CatalogRowBytes } from './catalog-change.ts';

const PAGE_HEADER_BYTES = 24;
const LINE_POINTER_BYTES = 4;
const LOWER_OFFSET = 12;
const LP_NORMAL = 1;

/** Bytes of a row's header before its null bitmap. */
export const ROW_HEADER_BYTES = 23;
const XMIN_OFFSET = 0;
const XMAX_OFFSET = 4;
const INFOMASK_OFFSET = 20;
const HOFF_OFFSET = 22;

const XMAX_LOCK_ONLY = 0x0080;
const XMIN_COMMITTED = 0x0100;
const XMIN_INVALID = 0x0200;
const XMIN_FROZEN = XMIN_COMMITTED | XMIN_INVALID;
const XMAX_INVALID = 0x0800;
const XMAX_IS_MULTI = 0x1000;

/** How many line pointers the page has; 0 if its header cannot be right. */
export function linePointerCount(page: Buffer): number {
  const lower = page.length < PAGE_HEADER_BYTES ? 0 : page.readUInt16LE(LOWER_OFFSET);
  const isPossible = lower >= PAGE_HEADER_BYTES && lower <= page.length;
  return isPossible ? Math.floor((lower - PAGE_HEADER_BYTES) / LINE_POINTER_BYTES) : 0;
}

/**
 * The row at a line pointer.
 *
 * @param offset the line pointer, from 1.
 * @param mostBytes how many of its column data are of use.
 * @returns `undefined` if there is none: unused, redirected, dead, or not on the page.
 */
export function readPageRow(page: Buffer, offset: number, mostBytes: number): CatalogRowBytes | undefined {
  if (offset < 1 || offset > linePointerCount(page)) return undefined;
  const pointer = page.readUInt32LE(PAGE_HEADER_BYTES + (offset - 1) * LINE_POINTER_BYTES);
  const start = pointer & 0x7fff;
  const end = start + (pointer >>> 17);
  if (((pointer >>> 15) & 3) !== LP_NORMAL || end > page.length || end - start < ROW_HEADER_BYTES) return undefined;
  const dataStart = start + page.readUInt8(start + HOFF_OFFSET);
  if (dataStart < start + ROW_HEADER_BYTES || dataStart > end) return undefined;
  const infomask = page.readUInt16LE(start + INFOMASK_OFFSET);
  const isFrozen = (infomask & XMIN_FROZEN) === XMIN_FROZEN;
  const isDeleted = (infomask & (XMAX_INVALID | XMAX_LOCK_ONLY | XMAX_IS_MULTI)) === 0;
  return {
    offset,
    data: Buffer.from(page.subarray(dataStart, Math.min(end, dataStart + mostBytes))),
    totalBytes: end - dataStart,
    insertedBy: isFrozen ? 0 : page.readUInt32LE(start + XMIN_OFFSET),
    deletedBy: isDeleted ? page.readUInt32LE(start + XMAX_OFFSET) : 0,
    isDead: (infomask & XMIN_FROZEN) === XMIN_INVALID,
  };
}

/** All rows of a page. */
export function readPageRows(page: Buffer, mostBytes: number): CatalogRowBytes[] {
  const rows: CatalogRowBytes[] = [];
  for (let offset = 1; offset <= linePointerCount(page); offset += 1) {
    const row = readPageRow(page, offset, mostBytes);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}
