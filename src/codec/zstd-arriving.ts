/**
 * zstd frames of a stream, cut as their bytes arrive.
 *
 * The end of a frame is found from its block headers, so that its decoder is given that frame and nothing after it.
 *
 * Source: RFC 8878, section 3.1.1.
 *
 * @module
 */

import type { ByteSource } from './byte-source.ts';
import { corrupt } from './corrupt.ts';
import { ReusedMemory } from './reused-memory.ts';
import {
  BLOCK_HEADER_BYTES,
  FRAME_CHECKSUM_BYTES,
  MAX_FRAME_HEADER_BYTES,
  parseZstdBlockHeader,
  parseZstdFrameHeader,
  skippableFrameBytes,
  type ZstdFrameHeader,
} from './zstd-frames.ts';

/** A frame whose bytes are still coming. It is to be read to the end, one way or the other, before the next is asked for. */
export interface ArrivingFrame {
  readonly header: ZstdFrameHeader;
  /** Where it begins in the object. */
  readonly startByte: number;
  /** The frame's bytes, header and checksum included, and no others. */
  pieces(): AsyncGenerator<Buffer>;
  /** All of them, in memory that is used again. @throws {Failure} `corrupt` if they are more than `mostBytes`. */
  whole(memory: ReusedMemory, mostBytes: number): Promise<Buffer>;
}

/** Blocks are gathered to pieces of this size: handing a decoder a few bytes costs as much as handing it many. */
const PIECE_BYTES = 256 * 1024;
const SKIP_PIECE_BYTES = 1024 * 1024;

/** The next frame with content; `undefined` if the source has ended. @throws {Failure} `corrupt` if what follows is no frame. */
export async function nextZstdFrame(input: ByteSource, object: string): Promise<ArrivingFrame | undefined> {
  for (;;) {
    const startByte = input.offset;
    const start = await input.peek(MAX_FRAME_HEADER_BYTES);
    if (start.length === 0) return undefined;
    const skippableBytes = skippableFrameBytes(start, 0);
    if (skippableBytes === undefined) {
      const header = parseZstdFrameHeader(start, 0, object, startByte);
      const at = { input, header, object, startByte };
      return {
        header,
        startByte,
        pieces: () => framePieces(at),
        whole: (memory, mostBytes) => wholeFrame(at, memory, mostBytes),
      };
    }
    await skip(input, skippableBytes, object);
  }
}

async function skip(input: ByteSource, lengthBytes: number, object: string): Promise<void> {
  for (let left = lengthBytes; left > 0;) {
    const skipped = await input.takeSome(Math.min(left, SKIP_PIECE_BYTES));
    if (skipped.length === 0) throw corrupt(object, 'it ends inside a skippable frame', input.offset);
    left -= skipped.length;
  }
}

interface FramePosition {
  readonly input: ByteSource;
  readonly header: ZstdFrameHeader;
  readonly object: string;
  readonly startByte: number;
}

async function takeTo(memory: ReusedMemory, { input, object }: FramePosition, lengthBytes: number): Promise<Buffer> {
  const room = memory.reserve(lengthBytes);
  if ((await input.takeInto(room)) < lengthBytes) throw corrupt(object, 'it ends inside a zstd frame', input.offset);
  return room;
}

/** Takes a frame's bytes to `memory`, with a stop after each block; at the end all of it was taken. */
async function* takeFrame(at: FramePosition, memory: ReusedMemory): AsyncGenerator<undefined> {
  await takeTo(memory, at, at.header.headerBytes);
  for (let isLast = false; !isLast;) {
    const offset = at.input.offset;
    const block = parseZstdBlockHeader(await takeTo(memory, at, BLOCK_HEADER_BYTES), 0, at.object, offset);
    await takeTo(memory, at, block.storedBytes);
    isLast = block.isLast;
    yield;
  }
  if (at.header.hasChecksum) await takeTo(memory, at, FRAME_CHECKSUM_BYTES);
}

async function* framePieces(at: FramePosition): AsyncGenerator<Buffer> {
  const memory = new ReusedMemory();
  for await (const _ of takeFrame(at, memory)) {
    if (memory.content.length < PIECE_BYTES) continue;
    yield memory.handOver();
  }
  yield memory.handOver();
}

async function wholeFrame(at: FramePosition, memory: ReusedMemory, mostBytes: number): Promise<Buffer> {
  memory.begin();
  for await (const _ of takeFrame(at, memory)) {
    if (memory.content.length > mostBytes) {
      throw corrupt(at.object, 'a zstd frame is larger than its content needs', at.startByte);
    }
  }
  return memory.content;
}
