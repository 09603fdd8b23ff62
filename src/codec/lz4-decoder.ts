/**
 * Decodes LZ4 frames, block by block, as a dialogue: the decoder asks for bytes and for blocks to be decoded, and hands
 * out content. Who answers decides whether it happens at once or as bytes arrive.
 *
 * Every frame of the object is read, and skippable ones are skipped; anything else between or after frames is refused.
 * All checksums and the content size are verified where a frame has them.
 *
 * Source: "LZ4 Frame Format Description" 1.6.x.
 *
 * @module
 */

import { corrupt } from './corrupt.ts';
import {
  LZ4_WINDOW_BYTES,
  LZ4_WORD_BYTES,
  MIN_LZ4_HEADER_BYTES,
  isLz4Magic,
  lz4HeaderBytes,
  parseLz4BlockHeader,
  parseLz4FrameHeader,
  type Lz4BlockHeader,
  type Lz4FrameHeader,
} from './lz4-format.ts';
import { XxHash32, xxHash32 } from './xxhash32.ts';
import { SKIPPABLE_HEADER_BYTES, skippableFrameBytes } from './zstd-frames.ts';

/** What the decoder asks for. It is answered with the bytes; `emit` with none. */
export type Lz4Step =
  /** Up to that many bytes: fewer only at the end of the object. */
  | { readonly ask: 'take'; readonly lengthBytes: number }
  /** Content of a compressed block, at most `maxBytes`, which may refer back into `dictionary`. */
  | { readonly ask: 'decode'; readonly block: Buffer; readonly dictionary: Buffer; readonly maxBytes: number }
  /** The next piece of content. `isDecoded`: its memory is its own; else it is part of what was taken. */
  | { readonly ask: 'emit'; readonly content: Buffer; readonly isDecoded: boolean };

type Dialogue<Result> = Generator<Lz4Step, Result, Buffer>;

const NOTHING: Buffer = Buffer.alloc(0);
const SKIP_PIECE_BYTES = 1024 * 1024;

/** Where the decoder is, for messages. */
interface Position {
  readonly object: string;
  /** Bytes taken so far. */
  offset: number;
}

function* take(position: Position, lengthBytes: number): Dialogue<Buffer> {
  const bytes = yield { ask: 'take', lengthBytes };
  position.offset += bytes.length;
  if (bytes.length < lengthBytes) throw corrupt(position.object, 'it ends inside an lz4 frame', position.offset);
  return bytes;
}

/**
 * Decodes all frames of one object.
 *
 * @throws {Failure} `corrupt`, through the generator; an object of no bytes too.
 */
export function* lz4Dialogue(object: string): Dialogue<void> {
  const position: Position = { object, offset: 0 };
  for (;;) {
    const magic: Buffer = yield { ask: 'take', lengthBytes: LZ4_WORD_BYTES };
    if (magic.length === 0 && position.offset > 0) return;
    if (magic.length === 0) throw corrupt(object, 'it is empty');
    position.offset += magic.length;
    const isFrame = magic.length === LZ4_WORD_BYTES && isLz4Magic(magic);
    yield* isFrame ? frame(position, magic) : skippableFrame(position, magic);
  }
}

function* skippableFrame(position: Position, magic: Buffer): Dialogue<void> {
  const start = position.offset - magic.length;
  const size = yield { ask: 'take', lengthBytes: SKIPPABLE_HEADER_BYTES - LZ4_WORD_BYTES };
  position.offset += size.length;
  const lengthBytes = skippableFrameBytes(Buffer.concat([magic, size]), 0);
  if (lengthBytes === undefined) throw corrupt(position.object, 'what follows is no lz4 frame', start);
  for (let left = lengthBytes - SKIPPABLE_HEADER_BYTES; left > 0; left -= SKIP_PIECE_BYTES) {
    yield* take(position, Math.min(left, SKIP_PIECE_BYTES));
  }
}

function* frame(position: Position, magic: Buffer): Dialogue<void> {
  const start = position.offset - magic.length;
  const fixed = Buffer.concat([magic, yield* take(position, MIN_LZ4_HEADER_BYTES - magic.length)]);
  const rest = yield* take(position, lz4HeaderBytes(fixed) - fixed.length);
  const header = parseLz4FrameHeader(Buffer.concat([fixed, rest]), position.object, start);
  const hash = new XxHash32();
  let contentBytes = 0;
  let dictionary: Buffer = NOTHING;
  for (;;) {
    const decoded = yield* block(position, header, dictionary);
    if (decoded === undefined) break;
    const { content } = decoded;
    if (header.hasContentChecksum) hash.update(content);
    contentBytes += content.length;
    if (header.hasLinkedBlocks) dictionary = window(dictionary, content);
    yield { ask: 'emit', ...decoded };
  }
  yield* verifyEnd(position, header, hash, contentBytes);
}

type Content = Pick<Extract<Lz4Step, { ask: 'emit' }>, 'content' | 'isDecoded'>;

function* block(position: Position, header: Lz4FrameHeader, dictionary: Buffer): Dialogue<Content | undefined> {
  const word = yield* take(position, LZ4_WORD_BYTES);
  const offset = position.offset - LZ4_WORD_BYTES;
  const blockHeader: Lz4BlockHeader = parseLz4BlockHeader(word, header, position.object, offset);
  if (blockHeader === 'end') return undefined;
  const { storedBytes } = blockHeader;
  const taken = yield* take(position, storedBytes + (header.hasBlockChecksums ? LZ4_WORD_BYTES : 0));
  const stored = taken.subarray(0, storedBytes);
  if (header.hasBlockChecksums && taken.readUInt32LE(storedBytes) !== xxHash32(stored)) {
    throw corrupt(position.object, 'the checksum of an lz4 block is wrong', offset);
  }
  if (!blockHeader.isCompressed) return { content: stored, isDecoded: false };
  try {
    const content = yield { ask: 'decode', block: stored, dictionary, maxBytes: header.maxBlockBytes };
    return { content, isDecoded: true };
  } catch (cause) {
    throw corrupt(position.object, 'an lz4 block cannot be decoded', offset, cause);
  }
}

/** A copy of the last 64 KiB of content: what the next linked block may refer to. */
function window(before: Buffer, content: Buffer): Buffer {
  if (content.length >= LZ4_WINDOW_BYTES) return Buffer.from(content.subarray(-LZ4_WINDOW_BYTES));
  return Buffer.concat([before.subarray(-(LZ4_WINDOW_BYTES - content.length)), content]);
}

function* verifyEnd(position: Position, header: Lz4FrameHeader, hash: XxHash32, contentBytes: number): Dialogue<void> {
  if (header.contentSizeBytes !== undefined && header.contentSizeBytes !== BigInt(contentBytes)) {
    const found = `an lz4 frame of ${header.contentSizeBytes} bytes holds ${contentBytes}`;
    throw corrupt(position.object, found, position.offset);
  }
  if (!header.hasContentChecksum) return;
  const checksum = yield* take(position, LZ4_WORD_BYTES);
  if (checksum.readUInt32LE(0) !== hash.digest()) {
    throw corrupt(position.object, 'the checksum of an lz4 frame is wrong', position.offset - LZ4_WORD_BYTES);
  }
}
