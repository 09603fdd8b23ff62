/**
 * zstd as a stream.
 *
 * Written as many independent frames, so that a reader can begin at any of them. Read frame by frame: small ones whole,
 * the next while the last is being used; one of a gigabyte, which is what WAL-G writes, as it arrives.
 *
 * @module
 */

import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';

import { releaseBuffer } from '../base/release-buffer.ts';
import { ByteSource } from './byte-source.ts';
import { corrupt } from './corrupt.ts';
import { ReusedMemory } from './reused-memory.ts';
import { nextZstdFrame, type ArrivingFrame } from './zstd-arriving.ts';
import { undecodable, zstdCompressWhole, zstdDecompressFrame } from './zstd.ts';

const DEFAULT_FRAME_BYTES = 1024 * 1024;
/** How many frames are compressed or decompressed at once. */
const FRAMES_IN_FLIGHT = 2;
/** A frame that says it has no more content than this is held whole. */
const SMALL_FRAME_BYTES = 4 * 1024 * 1024;
const STREAM_CHUNK_BYTES = 256 * 1024;

/**
 * Compresses a stream to many independent frames: each piece handed out is one whole frame, of `frameSizeBytes` of the
 * source but for the last. An empty source gives one empty frame.
 */
export async function* zstdCompressStream(
  source: AsyncIterable<Uint8Array>,
  { level, frameSizeBytes = DEFAULT_FRAME_BYTES }: { level?: number; frameSizeBytes?: number } = {},
): AsyncGenerator<Buffer> {
  const input = new ByteSource(source);
  const inFlight: Promise<Buffer>[] = [];
  try {
    let isFirst = true;
    for (;;) {
      const content = await input.take(frameSizeBytes);
      if (content.length === 0 && !isFirst) break;
      isFirst = false;
      inFlight.push(held(zstdCompressWhole(content, level)));
      if (inFlight.length < FRAMES_IN_FLIGHT) continue;
      const oldest = inFlight.shift();
      if (oldest !== undefined) yield await oldest;
    }
    for (const last of inFlight) yield await last;
  } finally {
    await input.close();
  }
}

/**
 * Decompresses a stream in bounded memory.
 *
 * @param options.frees each piece's memory is given back when the next is asked for.
 * @throws {Failure} `corrupt`
 */
export async function* zstdDecompressStream(
  source: AsyncIterable<Uint8Array>,
  object: string,
  { frees = false }: { readonly frees?: boolean } = {},
): AsyncGenerator<Buffer> {
  const input = new ByteSource(source);
  const memories = Array.from({ length: FRAMES_IN_FLIGHT }, () => new ReusedMemory());
  const inFlight: Promise<Buffer>[] = [];
  try {
    if ((await input.peek(1)).length === 0) throw corrupt(object, 'it is empty');
    for (;;) {
      const frame = await nextZstdFrame(input, object);
      const isSmall = (frame?.header.contentSizeBytes ?? Infinity) <= SMALL_FRAME_BYTES;
      if (frame !== undefined && isSmall)
        inFlight.push(held(decodeSmall(frame, await gathered(frame, memories), object)));
      while (inFlight.length >= (isSmall ? FRAMES_IN_FLIGHT : 1)) {
        const content = await inFlight.shift();
        if (content === undefined || content.length === 0) continue;
        yield content;
        if (frees) releaseBuffer(content);
      }
      if (frame === undefined) return;
      if (!isSmall) yield* decodeArriving(frame, object);
    }
  } finally {
    await input.close();
  }
}

/** A promise that is awaited later: until then its failure is nobody's fault. */
function held<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** All bytes of a small frame, which cannot have many more than its content. The memory used longest ago is used. */
async function gathered(frame: ArrivingFrame, memories: ReusedMemory[]): Promise<Buffer> {
  const memory = memories.shift() ?? new ReusedMemory();
  memories.push(memory);
  return frame.whole(memory, 4 * (frame.header.contentSizeBytes ?? 0) + STREAM_CHUNK_BYTES);
}

function decodeSmall(frame: ArrivingFrame, stored: Buffer, object: string): Promise<Buffer> {
  const { header, startByte } = frame;
  return zstdDecompressFrame(stored, { header, startByte, lengthBytes: stored.length }, SMALL_FRAME_BYTES, object);
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
  const { pieces, failedWith } = watched(frame.pieces());
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
