/**
 * LZMA objects (`.lzma`, not `.xz`), as WAL-G has written them: read, never written.
 *
 * They hold no checksum; that the stream of bits ends where its mark says, at the object's last byte, is all there is to
 * check. Damage inside may go unseen here, and is left to what the content is checked by.
 *
 * Source: the LZMA specification (LZMA SDK, `lzma-specification.txt`, public domain); WAL-G `internal/compression/lzma`.
 *
 * @module
 */

import { ByteSource } from '../byte-source.ts';
import { corrupt } from '../corrupt.ts';
import { LzmaDecoder, MOST_SYMBOL_BYTES, type LzmaProperties } from './lzma-decoder.ts';
import { RANGE_START_BYTES } from './range-decoder.ts';

const HEADER_BYTES = 13;
const UNKNOWN_SIZE = 0xffff_ffff_ffff_ffffn;
/** Of what is written with xz's highest level. WAL-G writes 8 MiB. */
const MOST_DICTIONARY_BYTES = 64 * 1024 * 1024;
const LEAST_DICTIONARY_BYTES = 4096;
const INPUT_BYTES = 64 * 1024;

interface LzmaHeader extends LzmaProperties {
  /** What the stream says that it holds; `Infinity` where its end is marked. */
  readonly contentBytes: number;
}

function parseHeader(header: Buffer, object: string): LzmaHeader {
  if (header.length === 0) throw corrupt(object, 'it is empty');
  if (header.length < HEADER_BYTES) throw corrupt(object, 'it ends inside its lzma header', header.length);
  const properties = header.readUInt8(0);
  const dictionaryBytes = Math.max(header.readUInt32LE(1), LEAST_DICTIONARY_BYTES);
  const contentBytes = header.readBigUInt64LE(5);
  if (properties >= 9 * 5 * 5) throw corrupt(object, 'it does not begin as an lzma object does', 0);
  if (dictionaryBytes > MOST_DICTIONARY_BYTES) {
    throw corrupt(object, `its lzma dictionary would have ${dictionaryBytes} bytes, which WAL-G does not write`, 1);
  }
  return {
    literalContextBits: properties % 9,
    literalPositionBits: Math.floor(properties / 9) % 5,
    positionBits: Math.floor(properties / 45),
    dictionaryBytes,
    contentBytes: contentBytes === UNKNOWN_SIZE ? Infinity : Number(contentBytes),
  };
}

/** The input that is not read yet, and what has come after it. */
function following(decoder: LzmaDecoder, input: Buffer, arrived: Buffer): Buffer {
  return Buffer.concat([input.subarray(input.length - Math.max(0, decoder.bits.unreadBytes)), arrived]);
}

/** Decodes an object as its bytes come. @throws {Failure} `corrupt` */
export async function* lzmaDecompressStream(source: AsyncIterable<Uint8Array>, object: string): AsyncGenerator<Buffer> {
  const input = new ByteSource(source);
  try {
    const header = parseHeader(Buffer.from(await input.take(HEADER_BYTES)), object);
    const decoder = new LzmaDecoder(header);
    let stretch: Buffer = Buffer.from(await input.take(INPUT_BYTES));
    let isLast = stretch.length < INPUT_BYTES;
    decoder.bits.feed(stretch);
    if (stretch.length < RANGE_START_BYTES) throw corrupt(object, 'it ends inside its lzma data', input.offset);
    if (!decoder.bits.start()) throw corrupt(object, 'its lzma data does not begin as such', HEADER_BYTES);
    for (;;) {
      const stop = decoder.decode(isLast, header.contentBytes);
      const piece = decoder.take();
      if (piece.length > 0) yield piece;
      if (stop === 'piece') continue;
      if (stop === 'end') break;
      const offset = input.offset - Math.max(0, decoder.bits.unreadBytes);
      if (stop === 'damaged') throw corrupt(object, 'its lzma data is damaged', offset);
      if (isLast) throw corrupt(object, 'it ends inside its lzma data', offset);
      const arrived = await input.take(INPUT_BYTES);
      isLast = arrived.length < INPUT_BYTES;
      stretch = following(decoder, stretch, arrived);
      decoder.bits.feed(stretch);
    }
    // The mark of the end may not be in the input yet, and what comes after it certainly is not.
    const rest = following(decoder, stretch, await input.take(MOST_SYMBOL_BYTES));
    checkEnd(decoder, rest, header, object);
  } finally {
    await input.close();
  }
}

/** @throws {Failure} `corrupt` if the stream does not end where it should, or the object goes on. */
function checkEnd(decoder: LzmaDecoder, rest: Buffer, header: LzmaHeader, object: string): void {
  decoder.bits.feed(rest);
  const hasAll = decoder.contentBytes === header.contentBytes;
  // A stream that says its size may have the mark too.
  if (hasAll && !decoder.bits.isFinished && decoder.symbol() !== 'end') {
    throw corrupt(object, 'its lzma data goes on after the size it says');
  }
  if (decoder.bits.isOverrun) throw corrupt(object, 'it ends inside its lzma data');
  if (!decoder.bits.isFinished) throw corrupt(object, 'its lzma data is damaged at its end');
  if (header.contentBytes !== Infinity && !hasAll) {
    throw corrupt(object, `it holds ${decoder.contentBytes} bytes, and says ${header.contentBytes}`);
  }
  if (decoder.bits.unreadBytes > 0) throw corrupt(object, 'there is something after its lzma data');
}
