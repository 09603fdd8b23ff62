/**
 * Compressing and decompressing objects of an archive, by the compression their names tell.
 *
 * Read and written: zstd, lz4, brotli, none. Read: gzip, lzma. The one that is left, lzo, is refused by name. Everything
 * an object holds is read or it is refused: never a part of it, never with bytes left over.
 *
 * @module
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

import {
  isReadableCompression,
  type Compression,
  type ReadableCompression,
  type StoredCompression,
} from '../base/compression-names.ts';
import { Failure } from '../base/failure.ts';
import { corrupt } from './corrupt.ts';
import { encrypted, ENCRYPTION_SAMPLE_BYTES, encryptionHeaderOf, encryptionOf } from './encrypted.ts';
import { isLz4Magic } from './lz4-format.ts';
import { lz4Compress, lz4CompressStream, lz4CompressSync } from './lz4-frame.ts';
import { lz4Decompress, lz4DecompressStream, lz4DecompressSync } from './lz4-frame.ts';
import { lzmaDecompressStream } from './lzma/lzma-stream.ts';
import {
  brotliCompressStream,
  brotliCompressWhole,
  brotliCompressWholeSync,
  zlibDecompressStream,
} from './zlib-formats.ts';
import { isZstdMagic, skippableFrameBytes } from './zstd-frames.ts';
import { zstdCompressStream, zstdDecompressStream } from './zstd-stream.ts';
import { zstdCompressWhole, zstdCompressWholeSync, zstdDecompressWhole, zstdDecompressWholeSync } from './zstd.ts';

export type { Compression, StoredCompression } from '../base/compression-names.ts';

/** What an object may hold at most, and its name for messages. */
export interface DecompressLimit {
  readonly maxBytes: number;
  readonly object: string;
}

/** How to compress. */
export interface CompressOptions {
  /** zstd's level, 1 (fastest, the default) to 22. The others have none. */
  readonly level?: number;
}

/** How to compress a stream. */
export interface CompressStreamOptions extends CompressOptions {
  /** zstd: content of one frame; 1 MiB unless told. */
  readonly frameSizeBytes?: number;
}

/** How to decompress a stream. */
export interface DecompressStreamOptions {
  /** Each piece is used up before the next is asked for; its memory is then given back, not left to the garbage collector. */
  readonly frees?: boolean;
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function unreadable(compression: StoredCompression, object: string): Failure {
  return new Failure('refused', {
    message: `cannot read ${object}: ${compression} compression is not supported`,
    remedy:
      'Only WAL-E has written it. Restore from this backup with a wal-g that was built with lzo, and take a new one.',
  });
}

/** Compresses to one frame: zstd on another thread, lz4 with a turn for others after each 4 MiB. `none` gives the data itself. */
export async function compress(
  compression: Compression,
  data: Uint8Array,
  options: CompressOptions = {},
): Promise<Buffer> {
  switch (compression) {
    case 'zstd':
      return zstdCompressWhole(data, options.level);
    case 'lz4':
      return lz4Compress(asBuffer(data));
    case 'brotli':
      return brotliCompressWhole(data);
    case 'none':
      return asBuffer(data);
  }
}

/** {@link compress}, at once. */
export function compressSync(compression: Compression, data: Uint8Array, options: CompressOptions = {}): Buffer {
  switch (compression) {
    case 'zstd':
      return zstdCompressWholeSync(data, options.level);
    case 'lz4':
      return lz4CompressSync(asBuffer(data));
    case 'brotli':
      return brotliCompressWholeSync(data);
    case 'none':
      return asBuffer(data);
  }
}

/**
 * Compresses a stream. Pieces of zstd are each one whole, independent frame of `frameSizeBytes` of the source, so that
 * their lengths make an index; lz4 and brotli are one frame in pieces, as every version of WAL-G needs it.
 */
export function compressStream(
  compression: Compression,
  source: AsyncIterable<Uint8Array>,
  options: CompressStreamOptions = {},
): AsyncGenerator<Buffer> {
  switch (compression) {
    case 'zstd':
      return zstdCompressStream(source, options);
    case 'lz4':
      return lz4CompressStream(source);
    case 'brotli':
      return brotliCompressStream(source);
    case 'none':
      return asPieces(source);
  }
}

async function* asPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of source) if (piece.byteLength > 0) yield asBuffer(piece);
}

const MAGIC_BYTES = 4;

/** True if an object begins as one of its compression does; `undefined` for those that may begin with anything. */
function beginsRightly(compression: ReadableCompression, start: Buffer): boolean | undefined {
  switch (compression) {
    case 'zstd':
      return isZstdMagic(start) || skippableFrameBytes(start, 0) !== undefined;
    case 'lz4':
      return isLz4Magic(start) || skippableFrameBytes(start, 0) !== undefined;
    case 'gzip':
      return start.readUInt16BE(0) === 0x1f8b;
    case 'lzma':
      return start[0] === 0x5d && start.readUInt16LE(1) === 0;
    case 'brotli':
    case 'none':
      return undefined;
  }
}

/** Refuses what looks encrypted: bytes that begin neither as a frame does nor as plain damage would. */
function refuseEncrypted(compression: ReadableCompression, start: Buffer, object: string): void {
  if (start.length < MAGIC_BYTES) return;
  const isRight = beginsRightly(compression, start);
  if (isRight === true) return;
  const by = isRight === undefined ? encryptionHeaderOf(start) : encryptionOf(start);
  if (by !== undefined) throw encrypted(object, by);
}

/** The source, once its beginning has shown that it is not encrypted. */
async function* unencrypted(
  compression: ReadableCompression,
  source: AsyncIterable<Uint8Array>,
  object: string,
): AsyncGenerator<Uint8Array> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of source) {
    if (start === undefined) {
      yield piece;
      continue;
    }
    const joined: Buffer = start.length === 0 ? asBuffer(piece) : Buffer.concat([start, piece]);
    if (joined.length < ENCRYPTION_SAMPLE_BYTES) {
      start = Buffer.from(joined);
      continue;
    }
    start = undefined;
    refuseEncrypted(compression, joined.subarray(0, ENCRYPTION_SAMPLE_BYTES), object);
    yield joined;
  }
  if (start === undefined) return;
  refuseEncrypted(compression, start, object);
  yield start;
}

function within(data: Buffer, limit: DecompressLimit): Buffer {
  if (data.length > limit.maxBytes) throw corrupt(limit.object, `it holds more than ${limit.maxBytes} bytes`);
  return data;
}

/** All of a stream that is made of an object in memory, with a turn for others after each piece. */
async function whole(pieces: AsyncIterable<Buffer>, { maxBytes, object }: DecompressLimit): Promise<Buffer> {
  const parts: Buffer[] = [];
  let contentBytes = 0;
  for await (const piece of pieces) {
    contentBytes += piece.length;
    if (contentBytes > maxBytes) throw corrupt(object, `it holds more than ${maxBytes} bytes`);
    parts.push(piece);
    await nextTurn();
  }
  return Buffer.concat(parts);
}

async function* once(data: Buffer): AsyncGenerator<Buffer> {
  yield data;
}

/**
 * Decompresses a whole object: zstd, brotli and gzip on another thread, lz4 and lzma with a turn for others now and then.
 *
 * @throws {Failure} `corrupt` if anything in it is no whole frame, fails its checksum, or exceeds the limit; `refused`
 * for a compression that is not supported, and for what looks encrypted.
 */
export async function decompress(
  compression: StoredCompression,
  data: Uint8Array,
  limit: DecompressLimit,
): Promise<Buffer> {
  if (!isReadableCompression(compression)) throw unreadable(compression, limit.object);
  const stored = asBuffer(data);
  refuseEncrypted(compression, stored.subarray(0, ENCRYPTION_SAMPLE_BYTES), limit.object);
  switch (compression) {
    case 'zstd':
      return zstdDecompressWhole(stored, limit);
    case 'lz4':
      return lz4Decompress(stored, limit);
    case 'brotli':
    case 'gzip':
      return whole(zlibDecompressStream(compression, once(stored), limit.object), limit);
    case 'lzma':
      return whole(lzmaDecompressStream(once(stored), limit.object), limit);
    case 'none':
      return within(stored, limit);
  }
}

/** {@link decompress}, at once. */
export function decompressSync(compression: 'zstd' | 'lz4' | 'none', data: Uint8Array, limit: DecompressLimit): Buffer {
  const stored = asBuffer(data);
  refuseEncrypted(compression, stored.subarray(0, ENCRYPTION_SAMPLE_BYTES), limit.object);
  switch (compression) {
    case 'zstd':
      return zstdDecompressWholeSync(stored, limit);
    case 'lz4':
      return lz4DecompressSync(stored, limit);
    case 'none':
      return within(stored, limit);
  }
}

/**
 * Decompresses a stream in bounded memory, whatever the sizes of its frames. What it yields before it throws is no
 * proof that the object is whole: only its end is.
 *
 * @throws {Failure} as {@link decompress} does.
 */
export function decompressStream(
  compression: StoredCompression,
  source: AsyncIterable<Uint8Array>,
  object: string,
  options: DecompressStreamOptions = {},
): AsyncGenerator<Buffer> {
  if (!isReadableCompression(compression)) throw unreadable(compression, object);
  switch (compression) {
    case 'zstd':
      return zstdDecompressStream(unencrypted(compression, source, object), object, options);
    case 'lz4':
      return lz4DecompressStream(unencrypted(compression, source, object), object, options);
    case 'brotli':
    case 'gzip':
      return zlibDecompressStream(compression, unencrypted(compression, source, object), object);
    case 'lzma':
      return lzmaDecompressStream(unencrypted(compression, source, object), object);
    case 'none':
      return asPieces(unencrypted(compression, source, object));
  }
}
