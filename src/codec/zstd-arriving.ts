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
import {
  BLOCK_HEADER_BYTES,
  FRAME_CHECKSUM_BYTES,
  MAX_FRAME_HEADER_BYTES,
  parseZstdBlockHeader,
  parseZstdFrameHeader,
  skippableFrameBytes,
  type ZstdFrameHeader,
} from './zstd-frames.ts';

/** A frame whose bytes are still coming. Its pieces are to be read to the end before the next frame is asked for. */
export interface ArrivingFrame {
  readonly header: ZstdFrameHeader;
  /** Where it begins in the object. */
  readonly startByte: number;
  /** The frame's bytes, header and checksum included, and no others. */
  readonly pieces: AsyncGenerator<Buffer>;
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
      return { header, startByte, pieces: framePieces(input, header, object) };
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

async function takeWhole(input: ByteSource, lengthBytes: number, object: string): Promise<Buffer> {
  const bytes = await input.take(lengthBytes);
  if (bytes.length < lengthBytes) throw corrupt(object, 'it ends inside a zstd frame', input.offset);
  return bytes;
}

async function* framePieces(input: ByteSource, header: ZstdFrameHeader, object: string): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [await takeWhole(input, header.headerBytes, object)];
  let gatheredBytes = header.headerBytes;
  for (let isLast = false; !isLast;) {
    const blockHeader = await takeWhole(input, BLOCK_HEADER_BYTES, object);
    const block = parseZstdBlockHeader(blockHeader, 0, object, input.offset - BLOCK_HEADER_BYTES);
    gathered.push(blockHeader, await takeWhole(input, block.storedBytes, object));
    gatheredBytes += BLOCK_HEADER_BYTES + block.storedBytes;
    isLast = block.isLast;
    if (gatheredBytes < PIECE_BYTES) continue;
    yield Buffer.concat(gathered, gatheredBytes);
    gathered = [];
    gatheredBytes = 0;
  }
  if (header.hasChecksum) gathered.push(await takeWhole(input, FRAME_CHECKSUM_BYTES, object));
  yield Buffer.concat(gathered);
}
