/**
 * Decompresses page images of WAL records with what decompresses objects: one block or frame of known content.
 *
 * @module
 */

import { zstdDecompressSync } from 'node:zlib';

import { uncompressSync } from 'lz4-napi';

import type { PageDecompressors } from '../postgres/wal-records/page-image.ts';

/** `lz4-napi` reads the content's length before a block. */
const LENGTH_PREFIX_BYTES = 4;

function lz4(stored: Buffer, contentBytes: number): Buffer {
  const prefixed = Buffer.allocUnsafe(LENGTH_PREFIX_BYTES + stored.length);
  prefixed.writeUInt32LE(contentBytes, 0);
  stored.copy(prefixed, LENGTH_PREFIX_BYTES);
  return uncompressSync(prefixed);
}

function zstd(stored: Buffer, contentBytes: number): Buffer {
  return zstdDecompressSync(stored, { maxOutputLength: contentBytes });
}

/** For `wal_compression = lz4` and `zstd`. They throw for what is neither. */
export const PAGE_DECOMPRESSORS: PageDecompressors = { lz4, zstd };
