/**
 * zstd: compress and decompress objects that are in memory. Streams: `zstd-stream.ts`.
 *
 * Decoding is `node:zlib`'s, one frame at a time, cut by {@link zstdFrames}; every frame's checksum is verified by it,
 * and its size by us.
 *
 * @module
 */

import { promisify } from 'node:util';
import {
  constants,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
  type ZstdOptions,
} from 'node:zlib';
import { isFailure } from '../base/failure.ts';
import { corrupt } from './corrupt.ts';
import { zstdFrames, type ZstdFrame } from './zstd-frames.ts';

const compressFrame = promisify(zstdCompress);
const decompressFrame = promisify(zstdDecompress);

/** zstd's own fastest regular level: 16 MiB of WAL in tens of milliseconds. */
const DEFAULT_LEVEL = 1;
/** What output is allocated by, at least. */
const CHUNK_BYTES = 256 * 1024;
/** Frames of no more content than this are decoded where they are: a thread costs more than they do. */
const TINY_FRAME_BYTES = 16 * 1024;

function compressOptions(sizeBytes: number, level: number): ZstdOptions {
  return {
    pledgedSrcSize: sizeBytes,
    chunkSize: Math.min(Math.max(sizeBytes, 1024), CHUNK_BYTES * 4),
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_checksumFlag]: 1,
      [constants.ZSTD_c_contentSizeFlag]: 1,
    },
  };
}

/**
 * Compresses to one frame with its content size and checksum, off the main thread.
 *
 * What it gives is all or most of its memory where the data compresses to a half or less, as WAL does: no pieces are left
 * to be collected, and whoever is done with it can release it. Pages of that memory that are not written are none.
 */
export async function zstdCompressWhole(data: Uint8Array, level = DEFAULT_LEVEL): Promise<Buffer> {
  const options = compressOptions(data.byteLength, level);
  const halfBytes = Math.ceil(data.byteLength / 2);
  return compressFrame(data, { ...options, chunkSize: Math.max(options.chunkSize ?? 0, halfBytes) });
}

/** {@link zstdCompressWhole}, on this thread. */
export function zstdCompressWholeSync(data: Uint8Array, level = DEFAULT_LEVEL): Buffer {
  return zstdCompressSync(data, compressOptions(data.byteLength, level));
}

/** How a frame is decoded: never to more than it may hold. */
function decompressOptions(frame: ZstdFrame, remainingBytes: number, object: string): ZstdOptions {
  const declaredBytes = frame.header?.contentSizeBytes;
  if (declaredBytes !== undefined && declaredBytes > remainingBytes) throw tooLarge(object, frame.startByte);
  const mostBytes = Math.max(declaredBytes ?? remainingBytes, 1);
  // A piece is allocated before anything is decoded, so what a header merely claims does not size it beyond what the frame can plausibly hold.
  const plausibleBytes = Math.max(frame.lengthBytes * 64, CHUNK_BYTES);
  // A piece that is exactly full makes the decoder begin another of the same size, to find that nothing comes.
  const spareBytes = Math.min(mostBytes, 4096);
  return { maxOutputLength: mostBytes, chunkSize: Math.max(Math.min(mostBytes + spareBytes, plausibleBytes), 64) };
}

function tooLarge(object: string, offset: number): Error {
  return corrupt(object, 'it holds more bytes than it may', offset);
}

/** Checks a decoded frame against its header. */
function verified(content: Buffer, frame: ZstdFrame, object: string): Buffer {
  const declaredBytes = frame.header?.contentSizeBytes;
  if (declaredBytes !== undefined && declaredBytes !== content.length) {
    throw corrupt(object, `a zstd frame of ${declaredBytes} bytes holds ${content.length}`, frame.startByte);
  }
  return content;
}

/** The failure of a frame whose decoder failed with `cause`. */
export function undecodable(object: string, frame: { startByte: number }, cause: unknown): Error {
  if (isFailure(cause)) return cause;
  return corrupt(object, 'a zstd frame cannot be decoded', frame.startByte, cause);
}

/**
 * Decompresses one whole frame, off the main thread unless it is tiny.
 *
 * @throws {Failure} `corrupt`; also if it holds more than `maxBytes`.
 */
export async function zstdDecompressFrame(
  stored: Buffer,
  frame: ZstdFrame,
  maxBytes: number,
  object: string,
): Promise<Buffer> {
  const options = decompressOptions(frame, maxBytes, object);
  const isTiny = Math.max(frame.header?.contentSizeBytes ?? Infinity, stored.length) <= TINY_FRAME_BYTES;
  try {
    return verified(
      isTiny ? zstdDecompressSync(stored, options) : await decompressFrame(stored, options),
      frame,
      object,
    );
  } catch (error) {
    throw undecodable(object, frame, error);
  }
}

function decompressFrameSync(stored: Buffer, frame: ZstdFrame, maxBytes: number, object: string): Buffer {
  const options = decompressOptions(frame, maxBytes, object);
  try {
    return verified(zstdDecompressSync(stored, options), frame, object);
  } catch (error) {
    throw undecodable(object, frame, error);
  }
}

/** The frames of an object that have content, and their bytes. */
function* framesOf(data: Buffer, object: string): Generator<{ frame: ZstdFrame; stored: Buffer }> {
  if (data.length === 0) throw corrupt(object, 'it is empty');
  for (const frame of zstdFrames(data, object)) {
    if (frame.header === undefined) continue;
    yield { frame, stored: data.subarray(frame.startByte, frame.startByte + frame.lengthBytes) };
  }
}

/** Decompresses a whole object, off the main thread. @throws {Failure} `corrupt`; also if it holds more than `limit.maxBytes`. */
export async function zstdDecompressWhole(data: Buffer, limit: { maxBytes: number; object: string }): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let remainingBytes = limit.maxBytes;
  for (const { frame, stored } of framesOf(data, limit.object)) {
    const content = await zstdDecompressFrame(stored, frame, remainingBytes, limit.object);
    pieces.push(content);
    remainingBytes -= content.length;
  }
  return joined(pieces);
}

/** {@link zstdDecompressWhole}, on this thread. */
export function zstdDecompressWholeSync(data: Buffer, limit: { maxBytes: number; object: string }): Buffer {
  const pieces: Buffer[] = [];
  let remainingBytes = limit.maxBytes;
  for (const { frame, stored } of framesOf(data, limit.object)) {
    const content = decompressFrameSync(stored, frame, remainingBytes, limit.object);
    pieces.push(content);
    remainingBytes -= content.length;
  }
  return joined(pieces);
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}
