/**
 * Compression of one tar part, frame by frame, on the thread that calls it.
 *
 * zstd: each piece becomes a frame of its own, with its content's size and checksum, so that it can be read alone. lz4:
 * the pieces are blocks of one frame, because WAL-G before 3.0.9 reads no second one. The output never shares memory with
 * the input, and owns its `ArrayBuffer` whole, so that it can be handed to another thread.
 *
 * @module
 */

import { constants, zstdCompressSync } from 'node:zlib';

import { compressSync as lz4CompressBlock } from 'lz4-napi';

import { releaseBuffer } from '../base/release-buffer.ts';
import type { Compression } from '../base/compression-names.ts';
import { LZ4_WRITTEN_HEADER, lz4BlockHeader, lz4Word } from '../codec/lz4-format.ts';
import { XxHash32 } from '../codec/xxhash32.ts';

/** What a part's bytes go through. */
export interface FrameEncoder {
  /** The next piece of the tar, as stored. At most 4 MiB. */
  encode(piece: Buffer): Buffer;
  /** What comes behind the last piece; may be empty. */
  end(): Buffer;
}

/** `lz4-napi` puts the content's length before a block. */
const LENGTH_PREFIX_BYTES = 4;

/** An encoder for one part. @param level zstd's; the others have none. */
export function createFrameEncoder(compression: Exclude<Compression, 'brotli'>, level: number): FrameEncoder {
  switch (compression) {
    case 'zstd':
      return { encode: (piece) => zstdFrame(piece, level), end: () => Buffer.alloc(0) };
    case 'lz4':
      return new Lz4FrameEncoder();
    case 'none':
      return { encode: owned, end: () => Buffer.alloc(0) };
  }
}

/** The most that zstd needs for `sizeBytes` (`ZSTD_COMPRESSBOUND`), so that it writes to one buffer. */
function zstdBound(sizeBytes: number): number {
  return sizeBytes + Math.ceil(sizeBytes / 256) + 1024;
}

/** Smaller buffers may be cut from a pool that many share (its size differs between versions), and cannot be given away. */
const NEVER_POOLED_BYTES = 1024 * 1024;

function zstdFrame(piece: Buffer, level: number): Buffer {
  const frame = zstdCompressSync(piece, {
    chunkSize: zstdBound(piece.length),
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const { buffer } = frame;
  const isPooled = frame.byteOffset !== 0 || buffer.byteLength < NEVER_POOLED_BYTES;
  if (isPooled || !(buffer instanceof ArrayBuffer)) return owned(frame);
  // What the bound has left over would stay allocated until the frame is collected, on the main thread.
  return Buffer.from(buffer.transfer(frame.length));
}

function owned(piece: Buffer): Buffer {
  return ownedWhole([piece]);
}

function ownedWhole(pieces: readonly Buffer[]): Buffer {
  const whole = Buffer.allocUnsafeSlow(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) at += piece.copy(whole, at);
  return whole;
}

class Lz4FrameEncoder implements FrameEncoder {
  readonly #hash = new XxHash32();
  #header: Buffer = LZ4_WRITTEN_HEADER;

  encode(piece: Buffer): Buffer {
    const compressed = lz4CompressBlock(piece);
    const stored = compressed.subarray(LENGTH_PREFIX_BYTES);
    this.#hash.update(piece);
    const isSmaller = stored.length < piece.length;
    const block = isSmaller ? stored : piece;
    const frame = ownedWhole([this.#header, lz4BlockHeader(block.length, isSmaller), block]);
    this.#header = Buffer.alloc(0);
    releaseBuffer(compressed);
    return frame;
  }

  end(): Buffer {
    return ownedWhole([this.#header, lz4Word(0), lz4Word(this.#hash.digest())]);
  }
}
