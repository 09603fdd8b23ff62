/**
 * zstd: compress and decompress, whole or as a stream.
 *
 * Decoding is `node:zlib`'s, one frame at a time, cut by {@link zstdFrames}; every frame's checksum is verified by it,
 * and its size by us. A stream of one huge frame, which is what WAL-G writes, is decoded as it arrives.
 *
 * @module
 */

import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import {
  constants,
  createZstdDecompress,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
  type ZstdOptions,
} from 'node:zlib';
import { isFailure } from '../base/failure.ts';
import { ByteSource } from './byte-source.ts';
import { corrupt } from './corrupt.ts';
import { nextZstdFrame, type ArrivingFrame } from './zstd-arriving.ts';
import { zstdFrames, type ZstdFrame } from './zstd-frames.ts';

const compressFrame = promisify(zstdCompress);
const decompressFrame = promisify(zstdDecompress);

/** zstd's own fastest regular level: 16 MiB of WAL in tens of milliseconds. */
const DEFAULT_LEVEL = 1;
const DEFAULT_FRAME_BYTES = 1024 * 1024;
const STREAM_CHUNK_BYTES = 256 * 1024;
/** How many frames are compressed at once. */
const FRAMES_IN_FLIGHT = 2;

function compressOptions(sizeBytes: number, level: number): ZstdOptions {
  return {
    pledgedSrcSize: sizeBytes,
    chunkSize: Math.min(Math.max(sizeBytes, 1024), STREAM_CHUNK_BYTES * 4),
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_checksumFlag]: 1,
      [constants.ZSTD_c_contentSizeFlag]: 1,
    },
  };
}

/** Compresses to one frame with its content size and checksum, off the main thread. */
export async function zstdCompressWhole(data: Uint8Array, level = DEFAULT_LEVEL): Promise<Buffer> {
  return compressFrame(data, compressOptions(data.byteLength, level));
}

/** {@link zstdCompressWhole}, on this thread. */
export function zstdCompressWholeSync(data: Uint8Array, level = DEFAULT_LEVEL): Buffer {
  return zstdCompressSync(data, compressOptions(data.byteLength, level));
}

/**
 * Compresses a stream to many independent frames: each piece handed out is one whole frame, of `frameSizeBytes` of the
 * source but for the last. An empty source gives one empty frame.
 */
export async function* zstdCompressStream(
  source: AsyncIterable<Uint8Array>,
  { level = DEFAULT_LEVEL, frameSizeBytes = DEFAULT_FRAME_BYTES }: { level?: number; frameSizeBytes?: number } = {},
): AsyncGenerator<Buffer> {
  const input = new ByteSource(source);
  const inFlight: Promise<Buffer>[] = [];
  try {
    let isFirst = true;
    for (;;) {
      const content = await input.take(frameSizeBytes);
      if (content.length === 0 && !isFirst) break;
      isFirst = false;
      const compressing = zstdCompressWhole(content, level);
      compressing.catch(() => {});
      inFlight.push(compressing);
      if (inFlight.length < FRAMES_IN_FLIGHT) continue;
      const oldest = inFlight.shift();
      if (oldest !== undefined) yield await oldest;
    }
    for (const last of inFlight) yield await last;
  } finally {
    await input.close();
  }
}

/** How a frame is decoded: never to more than it may hold. */
function decompressOptions(frame: ZstdFrame, remainingBytes: number, object: string): ZstdOptions {
  const declaredBytes = frame.header?.contentSizeBytes;
  if (declaredBytes !== undefined && declaredBytes > remainingBytes) throw tooLarge(object, frame.startByte);
  const mostBytes = Math.max(declaredBytes ?? remainingBytes, 1);
  // A piece is allocated before anything is decoded, so what a header merely claims does not size it beyond what the frame can plausibly hold.
  const plausibleBytes = Math.max(frame.lengthBytes * 64, STREAM_CHUNK_BYTES);
  return { maxOutputLength: mostBytes, chunkSize: Math.max(Math.min(mostBytes, plausibleBytes), 64) };
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

function undecodable(object: string, frame: { startByte: number }, cause: unknown): Error {
  if (isFailure(cause)) return cause;
  return corrupt(object, 'a zstd frame cannot be decoded', frame.startByte, cause);
}

/** Decompresses a whole object, off the main thread. @throws {Failure} `corrupt`; also if it holds more than `limit.maxBytes`. */
export async function zstdDecompressWhole(data: Buffer, limit: { maxBytes: number; object: string }): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let remainingBytes = limit.maxBytes;
  if (data.length === 0) throw corrupt(limit.object, 'it is empty');
  for (const frame of zstdFrames(data, limit.object)) {
    if (frame.header === undefined) continue;
    const options = decompressOptions(frame, remainingBytes, limit.object);
    try {
      const content = await decompressFrame(
        data.subarray(frame.startByte, frame.startByte + frame.lengthBytes),
        options,
      );
      pieces.push(verified(content, frame, limit.object));
      remainingBytes -= content.length;
    } catch (error) {
      throw undecodable(limit.object, frame, error);
    }
  }
  return joined(pieces);
}

/** {@link zstdDecompressWhole}, on this thread. */
export function zstdDecompressWholeSync(data: Buffer, limit: { maxBytes: number; object: string }): Buffer {
  const pieces: Buffer[] = [];
  let remainingBytes = limit.maxBytes;
  if (data.length === 0) throw corrupt(limit.object, 'it is empty');
  for (const frame of zstdFrames(data, limit.object)) {
    if (frame.header === undefined) continue;
    const options = decompressOptions(frame, remainingBytes, limit.object);
    try {
      const content = zstdDecompressSync(data.subarray(frame.startByte, frame.startByte + frame.lengthBytes), options);
      pieces.push(verified(content, frame, limit.object));
      remainingBytes -= content.length;
    } catch (error) {
      throw undecodable(limit.object, frame, error);
    }
  }
  return joined(pieces);
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

/** Decompresses a stream, frame by frame; a frame too large to hold is decoded as it arrives. @throws {Failure} `corrupt` */
export async function* zstdDecompressStream(source: AsyncIterable<Uint8Array>, object: string): AsyncGenerator<Buffer> {
  const input = new ByteSource(source);
  try {
    if ((await input.peek(1)).length === 0) throw corrupt(object, 'it is empty');
    for (;;) {
      const frame = await nextZstdFrame(input, object);
      if (frame === undefined) return;
      yield* decodeArriving(frame, object);
    }
  } finally {
    await input.close();
  }
}

/** Runs a source and remembers how it failed, to tell that from the decoder's failure: a lost connection is no damage. */
function watched(source: AsyncIterable<Buffer>): { pieces: AsyncIterable<Buffer>; failedWith: () => unknown } {
  let failure: unknown;
  async function* pieces(): AsyncGenerator<Buffer> {
    try {
      yield* source;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { pieces: pieces(), failedWith: () => failure };
}

async function* decodeArriving(frame: ArrivingFrame, object: string): AsyncGenerator<Buffer> {
  const decoder = createZstdDecompress({ chunkSize: STREAM_CHUNK_BYTES });
  const { pieces, failedWith } = watched(frame.pieces);
  const fed = pipeline(pieces, decoder);
  fed.catch(() => {});
  let contentBytes = 0;
  try {
    for await (const content of decoder) {
      contentBytes += content.length;
      yield content;
    }
    await fed;
  } catch (error) {
    throw error === failedWith() ? error : undecodable(object, frame, error);
  }
  const declaredBytes = frame.header.contentSizeBytes;
  if (declaredBytes !== undefined && declaredBytes !== contentBytes) {
    throw corrupt(object, `a zstd frame of ${declaredBytes} bytes holds ${contentBytes}`, frame.startByte);
  }
}
