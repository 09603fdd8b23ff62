/**
 * Rows changed by the records of tables. Counts come from main data, which is there whether or not a page image, logical
 * decoding or compression changed the rest of the record.
 *
 * Row locks, pruning, freezing, visibility, in-place changes and confirmed speculative inserts change no row. A
 * speculative insert that is taken back counts as minus one.
 *
 * Source: `src/include/access/heapam_xlog.h` (`xl_heap_insert`, `xl_heap_delete`, `xl_heap_update`,
 * `xl_heap_multi_insert`, `xl_heap_truncate`).
 *
 * @module
 */

import { RecordCursor, shorter } from './record-cursor.ts';

/** The resource managers of tables (`src/include/access/rmgrlist.h`). */
export const RM_HEAP2 = 9;
export const RM_HEAP = 10;

/** The operation within `xl_info`; the bit above is {@link HEAP_INIT_PAGE}. */
export const HEAP_OPERATION_MASK = 0x70;
/** Replay makes the page new. */
export const HEAP_INIT_PAGE = 0x80;

export const HEAP_INSERT = 0x00;
export const HEAP_DELETE = 0x10;
export const HEAP_UPDATE = 0x20;
export const HEAP_TRUNCATE = 0x30;
export const HEAP_HOT_UPDATE = 0x40;
export const HEAP_INPLACE = 0x70;
export const HEAP2_MULTI_INSERT = 0x50;

export const INSERT_BYTES = 3;
export const DELETE_BYTES = 8;
export const UPDATE_BYTES = 14;
export const MULTI_INSERT_BYTES = 4;
export const DELETE_FLAGS_OFFSET = 7;
export const DELETE_IS_SUPER = 0x08;
export const DELETE_IS_PARTITION_MOVE = 0x10;

/** How many rows one record changed. One of these is used again for each record. */
export class RowCounts {
  inserted = 0;
  updated = 0;
  hotUpdated = 0;
  deleted = 0;
  movedOut = 0;

  /** All of them zero. */
  clear(): void {
    this.inserted = 0;
    this.updated = 0;
    this.hotUpdated = 0;
    this.deleted = 0;
    this.movedOut = 0;
  }
}

/**
 * Counts the rows of one record of {@link RM_HEAP} or {@link RM_HEAP2}. They are in the file of its block 0.
 *
 * @param info with or without its low four bits.
 * @param bytes main data: `bytes[mainStart .. mainEnd)`.
 * @param counts overwritten, if it returns true.
 * @returns false if the record changed no row.
 * @throws {Failure} `corrupt` if the main data are shorter than their fields.
 */
export function countRows(
  resourceManager: number,
  info: number,
  bytes: Buffer,
  mainStart: number,
  mainEnd: number,
  counts: RowCounts,
): boolean {
  const operation = info & HEAP_OPERATION_MASK;
  const mainBytes = mainEnd - mainStart;
  if (resourceManager === RM_HEAP2) {
    if (operation !== HEAP2_MULTI_INSERT) return false;
    counts.clear();
    counts.inserted = multiInsertRows(info, bytes, mainStart, mainBytes);
    return true;
  }
  if (resourceManager !== RM_HEAP) return false;
  if (operation === HEAP_INSERT) {
    expectBytes(mainBytes, INSERT_BYTES);
    counts.clear();
    counts.inserted = 1;
    return true;
  }
  if (operation === HEAP_UPDATE || operation === HEAP_HOT_UPDATE) {
    expectBytes(mainBytes, UPDATE_BYTES);
    counts.clear();
    counts.updated = 1;
    counts.hotUpdated = operation === HEAP_HOT_UPDATE ? 1 : 0;
    return true;
  }
  if (operation !== HEAP_DELETE) return false;
  expectBytes(mainBytes, DELETE_BYTES);
  counts.clear();
  const flags = bytes[mainStart + DELETE_FLAGS_OFFSET] ?? 0;
  if ((flags & DELETE_IS_SUPER) !== 0) counts.inserted = -1;
  else if ((flags & DELETE_IS_PARTITION_MOVE) !== 0) counts.movedOut = 1;
  else counts.deleted = 1;
  return true;
}

function multiInsertRows(info: number, bytes: Buffer, mainStart: number, mainBytes: number): number {
  expectBytes(mainBytes, MULTI_INSERT_BYTES);
  const rows = bytes.readUInt16LE(mainStart + 2);
  // The list of places on the page is left out for a new page: rows are then numbered from 1.
  const hasOffsets = (info & HEAP_INIT_PAGE) === 0;
  expectBytes(mainBytes, MULTI_INSERT_BYTES + (hasOffsets ? rows * 2 : 0));
  return rows;
}

function expectBytes(mainBytes: number, expectedBytes: number): void {
  if (mainBytes < expectedBytes) throw shorter(`${mainBytes} bytes left for ${expectedBytes}`);
}

/** The oids of the tables that a TRUNCATE names, at `wal_level=logical`. */
export function decodeTruncate(mainData: Buffer): number[] {
  const cursor = new RecordCursor(mainData);
  cursor.skip(4);
  const count = cursor.count();
  // One byte of flags and three of padding.
  cursor.skip(4);
  return cursor.uint32s(count);
}
