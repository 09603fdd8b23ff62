/**
 * LZ4 frames: compress and decompress, whole or as a stream.
 *
 * Blocks are compressed and decompressed by `lz4-napi`, one at a time and with their largest size known; frames are
 * ours. It writes exactly one frame per object, because WAL-G before 3.0.9 reads no further than the first.
 *
 * @module
 */

import { compress, compressFrame, compressFrameSync, uncompress, uncompressSync } from 'lz4-napi';
import { ByteSource } from './byte-source.ts';
import { corrupt } from './corrupt.ts';
import { lz4Dialogue, type Lz4Step } from './lz4-decoder.ts';
import { LZ4_BLOCK_BYTES, LZ4_WRITTEN_HEADER, lz4BlockHeader, lz4Word } from './lz4-format.ts';
import { XxHash32 } from './xxhash32.ts';

const NOTHING = Buffer.alloc(0);
const FRAME_OPTIONS = { contentChecksum: true } as const;
/** `lz4-napi` writes and reads the content's length before a block. */
const LENGTH_PREFIX_BYTES = 4;

/** Compresses to one frame, off the main thread. */
export async function lz4Compress(data: Uint8Array): Promise<Buffer> {
  return withWrittenHeader(await compressFrame(data, FRAME_OPTIONS));
}

/** {@link lz4Compress}, on this thread. */
export function lz4CompressSync(data: Uint8Array): Buffer {
  return withWrittenHeader(
    compressFrameSync(Buffer.from(data.buffer, data.byteOffset, data.byteLength), FRAME_OPTIONS),
  );
}

/** The encoder declares smaller blocks for small input. A frame of smaller blocks is one of 4 MiB blocks too, and that is what WAL-G declares. */
function withWrittenHeader(frame: Buffer): Buffer {
  LZ4_WRITTEN_HEADER.copy(frame);
  return frame;
}

/** Compresses a stream to one frame, which is handed out in pieces. Holds one block. */
export async function* lz4CompressStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const input = new ByteSource(source);
  const hash = new XxHash32();
  yield LZ4_WRITTEN_HEADER;
  try {
    for (;;) {
      const block = await input.take(LZ4_BLOCK_BYTES);
      if (block.length === 0) break;
      const compressing = compress(block);
      hash.update(block);
      const stored = (await compressing).subarray(LENGTH_PREFIX_BYTES);
      const isSmaller = stored.length < block.length;
      yield lz4BlockHeader(isSmaller ? stored.length : block.length, isSmaller);
      yield isSmaller ? stored : block;
    }
    yield lz4Word(0);
    yield lz4Word(hash.digest());
  } finally {
    await input.close();
  }
}

/** A block as `lz4-napi` takes it, told the most it may hold; it gives what the block holds. */
function withLengthPrefix(block: Buffer, maxBytes: number): Buffer {
  return Buffer.concat([lz4Word(maxBytes), block]);
}

/**
 * Decompresses a whole object, off the main thread.
 *
 * @throws {Failure} `corrupt`; also if it holds more than `limit.maxBytes`.
 */
export async function lz4Decompress(data: Buffer, limit: { maxBytes: number; object: string }): Promise<Buffer> {
  const whole = new WholeObject(data, limit);
  const dialogue = lz4Dialogue(limit.object);
  let step = dialogue.next();
  while (step.done !== true) {
    const asked = step.value;
    step = asked.ask === 'decode' ? await answer(dialogue, decode(asked)) : dialogue.next(whole.answer(asked));
  }
  return whole.content();
}

/** {@link lz4Decompress}, on this thread. */
export function lz4DecompressSync(data: Buffer, limit: { maxBytes: number; object: string }): Buffer {
  const whole = new WholeObject(data, limit);
  const dialogue = lz4Dialogue(limit.object);
  let step = dialogue.next();
  while (step.done !== true) {
    const asked = step.value;
    step = asked.ask === 'decode' ? answerSync(dialogue, asked) : dialogue.next(whole.answer(asked));
  }
  return whole.content();
}

/** Decompresses a stream. Holds one block, and for linked blocks their window. @throws {Failure} `corrupt` */
export async function* lz4DecompressStream(source: AsyncIterable<Uint8Array>, object: string): AsyncGenerator<Buffer> {
  const input = new ByteSource(source);
  const dialogue = lz4Dialogue(object);
  try {
    let step = dialogue.next();
    while (step.done !== true) {
      const asked = step.value;
      if (asked.ask === 'take') step = dialogue.next(await input.take(asked.lengthBytes));
      else if (asked.ask === 'decode') step = await answer(dialogue, decode(asked));
      else {
        if (asked.content.length > 0) yield asked.content;
        step = dialogue.next(NOTHING);
      }
    }
  } finally {
    await input.close();
  }
}

type Dialogue = ReturnType<typeof lz4Dialogue>;
type DecodeStep = Extract<Lz4Step, { ask: 'decode' }>;

function decode(asked: DecodeStep): Promise<Buffer> {
  return uncompress(withLengthPrefix(asked.block, asked.maxBytes), asked.dictionary);
}

async function answer(dialogue: Dialogue, decoded: Promise<Buffer>): Promise<IteratorResult<Lz4Step, void>> {
  let content: Buffer;
  try {
    content = await decoded;
  } catch (error) {
    return dialogue.throw(error);
  }
  return dialogue.next(content);
}

function answerSync(dialogue: Dialogue, asked: DecodeStep): IteratorResult<Lz4Step, void> {
  let content: Buffer;
  try {
    content = uncompressSync(withLengthPrefix(asked.block, asked.maxBytes), asked.dictionary);
  } catch (error) {
    return dialogue.throw(error);
  }
  return dialogue.next(content);
}

/** An object in memory, and the content it gave so far. */
class WholeObject {
  readonly #data: Buffer;
  readonly #limit: { maxBytes: number; object: string };
  readonly #pieces: Buffer[] = [];
  #at = 0;
  #contentBytes = 0;

  constructor(data: Buffer, limit: { maxBytes: number; object: string }) {
    this.#data = data;
    this.#limit = limit;
  }

  answer(asked: Exclude<Lz4Step, DecodeStep>): Buffer {
    if (asked.ask === 'take') {
      const bytes = this.#data.subarray(this.#at, this.#at + asked.lengthBytes);
      this.#at += bytes.length;
      return bytes;
    }
    this.#contentBytes += asked.content.length;
    if (this.#contentBytes > this.#limit.maxBytes) {
      throw corrupt(this.#limit.object, `it holds more than ${this.#limit.maxBytes} bytes`);
    }
    this.#pieces.push(asked.content);
    return NOTHING;
  }

  content(): Buffer {
    return this.#pieces.length === 1 && this.#pieces[0] !== undefined ? this.#pieces[0] : Buffer.concat(this.#pieces);
  }
}
