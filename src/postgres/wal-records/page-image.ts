/**
 * The image of a table page inside a record: decompressed, its hole filled with zeros.
 *
 * lz4 and zstd are somebody else's to decompress; pglz is PostgreSQL's own. An image that cannot be unpacked is none: it
 * is used for names only.
 *
 * Source: `src/include/access/xlogrecord.h` (`XLogRecordBlockImageHeader`), `src/backend/access/transam/xlogreader.c`
 * (`RestoreBlockImage`).
 *
 * @module
 */

import { pglzDecompress } from './pglz.ts';

/** `BLCKSZ`, unless the server was built with another. */
export const DEFAULT_TABLE_PAGE_BYTES = 8192;

/** How the image of one block stands in a record. */
export interface StoredImage {
  /** Offset of its first byte, and how many are stored. */
  readonly imageStart: number;
  readonly imageBytes: number;
  /** The hole is left out: zeros between the page's line pointers and its rows. */
  readonly holeOffset: number;
  readonly holeBytes: number;
  readonly compression: 'none' | 'pglz' | 'lz4' | 'zstd';
}

/** Decompress one block of exactly `contentBytes` bytes; they throw, or give something else, for what is none. */
export interface PageDecompressors {
  lz4(stored: Buffer, contentBytes: number): Buffer;
  zstd(stored: Buffer, contentBytes: number): Buffer;
}

/**
 * The page that an image holds, in memory of its own.
 *
 * @param bytes what the record is in.
 * @returns `undefined` if the image does not unpack to one page.
 */
export function restorePage(
  bytes: Buffer,
  image: StoredImage,
  decompress: PageDecompressors,
  pageBytes = DEFAULT_TABLE_PAGE_BYTES,
): Buffer | undefined {
  const { imageStart, imageBytes, holeOffset, holeBytes } = image;
  const contentBytes = pageBytes - holeBytes;
  const stored = bytes.subarray(imageStart, imageStart + imageBytes);
  if (contentBytes < holeOffset || stored.length !== imageBytes) return undefined;
  const content = unpack(stored, image.compression, contentBytes, decompress);
  if (content?.length !== contentBytes) return undefined;
  const page = Buffer.alloc(pageBytes);
  content.copy(page, 0, 0, holeOffset);
  content.copy(page, holeOffset + holeBytes, holeOffset);
  return page;
}

function unpack(
  stored: Buffer,
  compression: StoredImage['compression'],
  contentBytes: number,
  decompress: PageDecompressors,
): Buffer | undefined {
  switch (compression) {
    case 'none':
      return stored;
    case 'pglz':
      return pglzDecompress(stored, contentBytes);
    default:
      try {
        return decompress[compression](stored, contentBytes);
      } catch {
        return undefined;
      }
  }
}
