/**
 * The LZ4 frame format: headers, as read and as written.
 *
 * Read: version 1 frames with independent or linked blocks, with or without content size and checksums. Refused:
 * dictionaries, reserved bits, the legacy format. Written: what WAL-G writes and every version of it reads, which is
 * independent blocks of 4 MiB and a content checksum, in one frame.
 *
 * Source: "LZ4 Frame Format Description" 1.6.x; WAL-G `internal/compression/lz4`.
 *
 * @module
 */

import { corrupt } from './corrupt.ts';
import { xxHash32 } from './xxhash32.ts';

/** What a frame header says. */
export interface Lz4FrameHeader {
  readonly headerBytes: number;
  readonly maxBlockBytes: number;
  readonly hasLinkedBlocks: boolean;
  readonly hasBlockChecksums: boolean;
  readonly hasContentChecksum: boolean;
  readonly contentSizeBytes?: bigint;
}

/** What the four bytes before a block say; `end` is the end of the frame's blocks. */
export type Lz4BlockHeader = 'end' | { readonly storedBytes: number; readonly isCompressed: boolean };

/** Shortest frame header. Its first bytes tell how long it is. */
export const MIN_LZ4_HEADER_BYTES = 7;
/** Length of a block header, of the end mark, and of either checksum. */
export const LZ4_WORD_BYTES = 4;
/** Size of the blocks we write. */
export const LZ4_BLOCK_BYTES = 4 * 1024 * 1024;
/** How far back a linked block may refer. */
export const LZ4_WINDOW_BYTES = 64 * 1024;
/** Header of the frames we write: version 1, independent blocks, content checksum, blocks of at most 4 MiB. */
export const LZ4_WRITTEN_HEADER: Buffer = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x64, 0x70, 0xb9]);

const MAGIC = 0x184d2204;
const MAGIC_BYTES = 4;
const UNCOMPRESSED = 0x8000_0000;

/** The length of a frame header, from its first seven bytes. */
export function lz4HeaderBytes(start: Buffer): number {
  const flags = start.readUInt8(MAGIC_BYTES);
  return MIN_LZ4_HEADER_BYTES + ((flags & 0b1000) === 0 ? 0 : 8) + ((flags & 1) === 0 ? 0 : 4);
}

/** True if the four bytes at `at` are a frame's magic number. */
export function isLz4Magic(data: Buffer, at = 0): boolean {
  return data.readUInt32LE(at) === MAGIC;
}

/**
 * Reads a whole frame header.
 *
 * @param header exactly the header's bytes, see {@link lz4HeaderBytes}.
 * @param offset where it begins in the object, for messages.
 * @throws {Failure} `corrupt` if its checksum is wrong or it asks for what is not supported.
 */
export function parseLz4FrameHeader(header: Buffer, object: string, offset: number): Lz4FrameHeader {
  if (!isLz4Magic(header)) throw corrupt(object, 'what follows is no lz4 frame', offset);
  const flags = header.readUInt8(MAGIC_BYTES);
  const blockDescriptor = header.readUInt8(MAGIC_BYTES + 1);
  const headerBytes = lz4HeaderBytes(header);
  const checksum = (xxHash32(header.subarray(MAGIC_BYTES, headerBytes - 1)) >>> 8) & 0xff;
  if (header.readUInt8(headerBytes - 1) !== checksum) {
    throw corrupt(object, 'the checksum of an lz4 frame header is wrong', offset);
  }
  const sizeCode = (blockDescriptor >>> 4) & 0b111;
  const isSupported =
    flags >>> 6 === 1 && (flags & 0b11) === 0 && (blockDescriptor & 0b1000_1111) === 0 && sizeCode >= 4;
  if (!isSupported) {
    throw corrupt(object, 'an lz4 frame is of another version, needs a dictionary, or sets a reserved bit', offset);
  }
  const hasContentSize = (flags & 0b1000) !== 0;
  return {
    headerBytes,
    maxBlockBytes: 2 ** (8 + 2 * sizeCode),
    hasLinkedBlocks: (flags & 0b10_0000) === 0,
    hasBlockChecksums: (flags & 0b1_0000) !== 0,
    hasContentChecksum: (flags & 0b100) !== 0,
    ...(hasContentSize ? { contentSizeBytes: header.readBigUInt64LE(MAGIC_BYTES + 2) } : {}),
  };
}

/** Reads a block header. @throws {Failure} `corrupt` if the block would be larger than the frame's blocks are. */
export function parseLz4BlockHeader(
  word: Buffer,
  frame: Lz4FrameHeader,
  object: string,
  offset: number,
): Lz4BlockHeader {
  const bits = word.readUInt32LE(0);
  if (bits === 0) return 'end';
  const storedBytes = bits % UNCOMPRESSED;
  if (storedBytes > frame.maxBlockBytes) {
    throw corrupt(object, `an lz4 block claims ${storedBytes} bytes (most: ${frame.maxBlockBytes})`, offset);
  }
  return { storedBytes, isCompressed: bits < UNCOMPRESSED };
}

/** The four bytes before a block. */
export function lz4BlockHeader(storedBytes: number, isCompressed: boolean): Buffer {
  return lz4Word(isCompressed ? storedBytes : storedBytes + UNCOMPRESSED);
}

/** A number as the format's four bytes: the end mark (0), a checksum. */
export function lz4Word(value: number): Buffer {
  const word = Buffer.alloc(LZ4_WORD_BYTES);
  word.writeUInt32LE(value);
  return word;
}
