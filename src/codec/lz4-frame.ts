/**
 * LZ4 frames: compress and decompress, whole or as a stream.
 *
 * Blocks are compressed and decompressed by `lz4-napi`, one at a time and with their largest size known; frames are
 * ours. It writes exactly one frame per object, because WAL-G before 3.0.9 reads no further than the first.
 *
 * Blocks are done on this thread, with a turn for everything else after each: a few milliseconds. The functions of
 * `lz4-napi` (2.10.0) that work on another thread never free what they return, 1.3 GB after 300 blocks.
 *
 * @module
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

import { compressSync, uncompressSync } from 'lz4-napi';

import { releaseBuffer } from '../base/release-buffer.ts';
import { ByteSource } from './byte-source.ts';
import { corrupt } from './corrupt.ts';
import { lz4Dialogue, type Lz4Step } from './lz4-decoder.ts';
import { LZ4_BLOCK_BYTES, LZ4_WRITTEN_HEADER, lz4BlockHeader, lz4Word } from './lz4-format.ts';
import { ReusedMemory } from './reused-memory.ts';
import { XxHash32 } from './xxhash32.ts';

const NOTHING: Buffer = Buffer.alloc(0);
/** `lz4-napi` writes and reads the content's length before a block. */
const LENGTH_PREFIX_BYTES = 4;

/** One block as it is stored. */
interface StoredBlock {
  readonly pieces: readonly [header: Buffer, bytes: Buffer];
  /** Frees what was made for it; for when its pieces are not needed any more. */
  readonly letGo: () => void;
}

/** A block as it is stored: compressed, unless that does not make it smaller. */
function storedBlock(block: Buffer): StoredBlock {
  const memory = compressSync(block);
  const compressed = memory.subarray(LENGTH_PREFIX_BYTES);
  const isSmaller = compressed.length < block.length;
  const header = lz4BlockHeader(isSmaller ? compressed.length : block.length, isSmaller);
  return { pieces: [header, isSmaller ? compressed : block], letGo: () => releaseBuffer(memory) };
}

/** The frame of all blocks of `data`, whose memory is given back. */
function frameOf(blocks: readonly StoredBlock[], data: Buffer): Buffer {
  const end = frameEnd(new XxHash32().update(data));
  const frame = Buffer.concat([LZ4_WRITTEN_HEADER, ...blocks.flatMap(({ pieces }) => pieces), end]);
  for (const block of blocks) block.letGo();
  return frame;
}

function* blocksOf(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += LZ4_BLOCK_BYTES) yield data.subarray(at, at + LZ4_BLOCK_BYTES);
}

function frameEnd(hash: XxHash32): Buffer {
  return Buffer.concat([lz4Word(0), lz4Word(hash.digest())]);
}

/** Compresses to one frame, a block at a time. */
export async function lz4Compress(data: Buffer): Promise<Buffer> {
  const blocks: StoredBlock[] = [];
  for (const block of blocksOf(data)) {
    blocks.push(storedBlock(block));
    await nextTurn();
  }
  return frameOf(blocks, data);
}

/** {@link lz4Compress}, at once. */
export function lz4CompressSync(data: Buffer): Buffer {
  return frameOf([...blocksOf(data)].map(storedBlock), data);
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
      hash.update(block);
      yield* storedBlock(block).pieces;
      await nextTurn();
    }
    yield frameEnd(hash);
  } finally {
    await input.close();
  }
}

/**
 * Decompresses a whole object, a block at a time.
 *
 * @throws {Failure} `corrupt`; also if it holds more than `limit.maxBytes`.
 */
export async function lz4Decompress(data: Buffer, limit: { maxBytes: number; object: string }): Promise<Buffer> {
  const whole = new WholeObject(data, limit);
  const dialogue = lz4Dialogue(limit.object);
  let step = dialogue.next();
  while (step.done !== true) {
    const asked = step.value;
    if (asked.ask === 'decode') {
      step = answerDecoded(dialogue, asked);
      await nextTurn();
    } else step = dialogue.next(whole.answer(asked));
  }
  return whole.content();
}

/** {@link lz4Decompress}, at once. */
export function lz4DecompressSync(data: Buffer, limit: { maxBytes: number; object: string }): Buffer {
  const whole = new WholeObject(data, limit);
  const dialogue = lz4Dialogue(limit.object);
  let step = dialogue.next();
  while (step.done !== true) {
    const asked = step.value;
    step = asked.ask === 'decode' ? answerDecoded(dialogue, asked) : dialogue.next(whole.answer(asked));
  }
  return whole.content();
}

/**
 * Decompresses a stream. Holds one block, and for linked blocks their window.
 *
 * @param options.frees each piece's memory is given back when the next is asked for.
 * @throws {Failure} `corrupt`
 */
export async function* lz4DecompressStream(
  source: AsyncIterable<Uint8Array>,
  object: string,
  { frees = false }: { readonly frees?: boolean } = {},
): AsyncGenerator<Buffer> {
  const input = new ByteSource(source);
  const memory = new ReusedMemory();
  const dialogue = lz4Dialogue(object);
  try {
    let step = dialogue.next();
    while (step.done !== true) {
      const asked = step.value;
      if (asked.ask === 'take')
        step = dialogue.next(await takeFor(asked.lengthBytes, input, frees ? memory : undefined));
      else if (asked.ask === 'decode') step = answerDecoded(dialogue, asked);
      else {
        if (asked.content.length > 0) yield asked.content;
        if (frees && asked.isDecoded) releaseBuffer(asked.content);
        // Memory of `lz4-napi` is given back in a turn only.
        await nextTurn();
        step = dialogue.next(NOTHING);
      }
    }
  } finally {
    await input.close();
  }
}

/** Headers, some of which the decoder keeps while it asks for more. */
const FEW_BYTES = 64;

/** Bytes for the decoder: those of a block, which is used up before more is asked for, in memory that is used again. */
async function takeFor(lengthBytes: number, input: ByteSource, memory: ReusedMemory | undefined): Promise<Buffer> {
  if (lengthBytes <= FEW_BYTES) return Buffer.from(await input.take(lengthBytes));
  if (memory === undefined) return input.take(lengthBytes);
  memory.begin();
  const room = memory.reserve(lengthBytes);
  return room.subarray(0, await input.takeInto(room));
}

type DecodeStep = Extract<Lz4Step, { ask: 'decode' }>;

/** Decodes a block, of which at most as much comes out as it may hold. */
function answerDecoded(dialogue: ReturnType<typeof lz4Dialogue>, asked: DecodeStep): IteratorResult<Lz4Step, void> {
  let content: Buffer;
  try {
    const block = Buffer.concat([lz4Word(asked.maxBytes), asked.block]);
    content = uncompressSync(block, asked.dictionary);
    releaseBuffer(block);
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
