/**
 * Which pages of a data file have changed since a backup, by the position of the last WAL record in each page's header.
 *
 * A page that was never written (all zeros) always counts as changed: its place may have held another page before. A page
 * whose header is none makes the file one that is stored whole.
 *
 * Positions tell the truth only where every change of a page that matters after replay moves them: with data checksums, or
 * with `wal_log_hints`. Without, setting a page all-visible does not.
 *
 * Source: WAL-G `internal/databases/postgres/incremental_page_reader.go`, `postgres_page_header.go`; PostgreSQL
 * `src/include/storage/bufpage.h` (`PageHeaderData`), `src/backend/access/heap/visibilitymap.c` (`visibilitymap_set`).
 *
 * @module
 */

import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';

const HEADER_BYTES = 24;
const KNOWN_FLAGS = 0x0007;
const NEWEST_LAYOUT_VERSION = 5;

/** What a page's header says: never written, no page header, or where it was changed last. */
export type PageHeader = 'new' | 'odd' | bigint;

/** Reads the header of the page at `offset`. */
export function readPageHeader(page: DataView, offset: number): PageHeader {
  const flags = page.getUint16(offset + 10, true);
  const lower = page.getUint16(offset + 12, true);
  const upper = page.getUint16(offset + 14, true);
  const special = page.getUint16(offset + 16, true);
  const sizeAndVersion = page.getUint16(offset + 18, true);
  const lsn = (BigInt(page.getUint32(offset, true)) << 32n) | BigInt(page.getUint32(offset + 4, true));
  const isValid =
    (flags & ~KNOWN_FLAGS) === 0 &&
    lower >= HEADER_BYTES &&
    lower <= upper &&
    upper <= special &&
    special <= PAGE_SIZE_BYTES &&
    lsn !== 0n &&
    (sizeAndVersion & 0xff00) === PAGE_SIZE_BYTES &&
    (sizeAndVersion & 0x00ff) <= NEWEST_LAYOUT_VERSION;
  if (isValid) return lsn;
  return upper === 0 ? 'new' : 'odd';
}

/**
 * Adds to `blocks` the changed ones among `pageCount` pages.
 *
 * @param firstBlock number of the first page, in the file.
 * @returns false if one has no page header: the file is to be stored whole.
 */
export function addChangedBlocks(
  pages: DataView,
  pageCount: number,
  firstBlock: number,
  since: bigint,
  blocks: number[],
): boolean {
  for (let index = 0; index < pageCount; index++) {
    const header = readPageHeader(pages, index * PAGE_SIZE_BYTES);
    if (header === 'odd') return false;
    if (header === 'new' || header >= since) blocks.push(firstBlock + index);
  }
  return true;
}
