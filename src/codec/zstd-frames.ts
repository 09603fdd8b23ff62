/**
 * Where zstd frames begin and end, from their frame and block headers, without decoding.
 *
 * `node:zlib` is given one frame at a time: of several it may return the first and no error, and bytes after a frame go
 * unnoticed. So frames are cut here, and whatever is not a whole frame is refused: a reserved bit, a dictionary, a block
 * larger than the format allows, a window larger than {@link MAX_WINDOW_BYTES}, an end in the midst.
 *
 * Source: RFC 8878, sections 3.1.1 and 3.1.2.
 *
 * @module
 */

import { corrupt } from './corrupt.ts';

/** What a frame header says. */
export interface ZstdFrameHeader {
  /** Length of the header itself, with the magic number. */
  readonly headerBytes: number;
  /** Length of the frame's content when decoded, if the frame tells. */
  readonly contentSizeBytes?: number;
  readonly windowSizeBytes: number;
  readonly hasChecksum: boolean;
}

/** What a block header says. */
export interface ZstdBlockHeader {
  readonly isLast: boolean;
  /** Length of the block after its header, as stored. */
  readonly storedBytes: number;
}

/** A frame inside a buffer. */
export interface ZstdFrame {
  readonly startByte: number;
  readonly lengthBytes: number;
  /** Absent for a skippable frame, which holds no content. */
  readonly header?: ZstdFrameHeader;
}

/** Longest frame header: magic, descriptor, window, dictionary id, content size. */
export const MAX_FRAME_HEADER_BYTES = 18;
/** Length of a block header. */
export const BLOCK_HEADER_BYTES = 3;
/** Length of a frame's checksum. */
export const FRAME_CHECKSUM_BYTES = 4;
/** Length of a skippable frame's header: magic and size. */
export const SKIPPABLE_HEADER_BYTES = 8;
/** Largest window that is decoded: a decoder allocates it for a header of six bytes. WAL-G writes 8 MiB. */
export const MAX_WINDOW_BYTES = 128 * 1024 * 1024;

const MAGIC = 0xfd2fb528;
const MAX_BLOCK_BYTES = 128 * 1024;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const MAGIC_BYTES = 4;

/** The length of a skippable frame that begins at `at`, header and all; `undefined` if none begins there. */
export function skippableFrameBytes(data: Buffer, at: number): number | undefined {
  if (data.length - at < SKIPPABLE_HEADER_BYTES) return undefined;
  const magic = data.readUInt32LE(at);
  return magic >>> 4 === 0x184d2a5 ? SKIPPABLE_HEADER_BYTES + data.readUInt32LE(at + MAGIC_BYTES) : undefined;
}

/** True if a frame begins here. */
export function isZstdMagic(data: Buffer): boolean {
  return data.length >= MAGIC_BYTES && data.readUInt32LE(0) === MAGIC;
}

/**
 * Reads the frame header at `at`.
 *
 * @param objectOffset where `data` begins in the object, for messages.
 * @throws {Failure} `corrupt` if no frame begins there, or the header ends early or asks for what is not supported.
 */
export function parseZstdFrameHeader(data: Buffer, at: number, object: string, objectOffset = 0): ZstdFrameHeader {
  const offset = objectOffset + at;
  const available = data.length - at;
  if (available <= MAGIC_BYTES) throw corrupt(object, 'it ends inside a zstd frame header', offset);
  if (data.readUInt32LE(at) !== MAGIC) throw corrupt(object, 'what follows is no zstd frame', offset);
  const descriptor = data.readUInt8(at + MAGIC_BYTES);
  if ((descriptor & 0b1000) !== 0) throw corrupt(object, 'a reserved bit of a zstd frame header is set', offset);
  const isSingleSegment = (descriptor & 0b10_0000) !== 0;
  const windowBytes = isSingleSegment ? 0 : 1;
  const dictionaryIdBytes = DICTIONARY_ID_BYTES[descriptor & 0b11] ?? 0;
  const sizeCode = descriptor >>> 6;
  const sizeBytes = sizeCode === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeCode;
  const headerBytes = MAGIC_BYTES + 1 + windowBytes + dictionaryIdBytes + sizeBytes;
  if (available < headerBytes) throw corrupt(object, 'it ends inside a zstd frame header', offset);
  if (dictionaryIdBytes > 0) throw corrupt(object, 'a zstd frame needs a dictionary', offset);

  const contentSizeBytes = readContentSize(data, at + headerBytes - sizeBytes, sizeBytes);
  const windowSizeBytes = isSingleSegment ? (contentSizeBytes ?? 0) : windowSize(data.readUInt8(at + MAGIC_BYTES + 1));
  if (windowSizeBytes > MAX_WINDOW_BYTES) {
    throw corrupt(
      object,
      `a zstd frame needs a window of ${windowSizeBytes} bytes (most: ${MAX_WINDOW_BYTES})`,
      offset,
    );
  }
  const hasChecksum = (descriptor & 0b100) !== 0;
  return { headerBytes, windowSizeBytes, hasChecksum, ...(contentSizeBytes === undefined ? {} : { contentSizeBytes }) };
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 0b111);
}

function readContentSize(data: Buffer, at: number, sizeBytes: number): number | undefined {
  switch (sizeBytes) {
    case 1:
      return data.readUInt8(at);
    case 2:
      return data.readUInt16LE(at) + 256;
    case 4:
      return data.readUInt32LE(at);
    case 8:
      return Number(data.readBigUInt64LE(at));
    default:
      return undefined;
  }
}

/** Reads the block header at `at`, of which three bytes must be there. @throws {Failure} `corrupt` if it is of no known type or too large. */
export function parseZstdBlockHeader(data: Buffer, at: number, object: string, objectOffset = 0): ZstdBlockHeader {
  const bits = data.readUIntLE(at, BLOCK_HEADER_BYTES);
  const sizeBytes = bits >>> 3;
  const type = (bits >>> 1) & 0b11;
  if (type === 3) throw corrupt(object, 'a zstd block is of a reserved type', objectOffset + at);
  if (sizeBytes > MAX_BLOCK_BYTES) {
    throw corrupt(object, `a zstd block claims ${sizeBytes} bytes (most: ${MAX_BLOCK_BYTES})`, objectOffset + at);
  }
  const isRepeatedByte = type === 1;
  return { isLast: (bits & 1) === 1, storedBytes: isRepeatedByte ? 1 : sizeBytes };
}

/**
 * Cuts a whole object into its frames, in order; together they cover every byte of it.
 *
 * @throws {Failure} `corrupt` if anything in it is no whole frame.
 */
export function* zstdFrames(data: Buffer, object: string): Generator<ZstdFrame> {
  let at = 0;
  while (at < data.length) {
    const skippable = skippableFrameBytes(data, at);
    const frame = skippable === undefined ? frameAt(data, at, object) : { startByte: at, lengthBytes: skippable };
    at += frame.lengthBytes;
    if (at > data.length) throw corrupt(object, 'it ends inside a zstd frame', data.length);
    yield frame;
  }
}

function frameAt(data: Buffer, startByte: number, object: string): ZstdFrame {
  const header = parseZstdFrameHeader(data, startByte, object);
  let at = startByte + header.headerBytes;
  for (;;) {
    if (data.length - at < BLOCK_HEADER_BYTES) throw corrupt(object, 'it ends inside a zstd frame', data.length);
    const block = parseZstdBlockHeader(data, at, object);
    at += BLOCK_HEADER_BYTES + block.storedBytes;
    if (block.isLast) break;
  }
  at += header.hasChecksum ? FRAME_CHECKSUM_BYTES : 0;
  return { startByte, lengthBytes: at - startByte, header };
}
