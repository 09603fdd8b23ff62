/**
 * Which blocks of which files have changed over a span of WAL: the lists of all its segments, put together.
 *
 * A bit for each block that a file may have, as far as bits are set: 16 KiB for a full piece of 1 GiB.
 *
 * @module
 */

import { relationFileKey, type RelationFile } from '../postgres/relation-file.ts';
import type { ChangedFile } from '../wal-index/changed-blocks.ts';
import type { ChangedBlocks } from './data-directory.ts';

const BITS_PER_WORD = 32;
const FIRST_WORDS = 8;
const NO_BLOCKS: ChangedBlocks = { listed: new Uint32Array(), allFrom: Infinity };

interface MappedFile {
  limitBlock: number;
  /** By the number of the file's piece. */
  readonly pieces: Map<number, Uint32Array>;
}

/** Collects lists, and answers for files. */
export class BlockMap {
  readonly #files = new Map<string, MappedFile>();
  readonly #blocksPerSegment: number;

  /** @param blocksPerSegment of a file's piece: 131072 as PostgreSQL is usually built. */
  constructor(blocksPerSegment: number) {
    this.#blocksPerSegment = blocksPerSegment;
  }

  /** Adds what one segment, or one record, changes. */
  add(files: readonly ChangedFile[]): void {
    for (const { file, limitBlock = Infinity, blocks } of files) {
      const mapped = this.#fileOf(relationFileKey(file));
      mapped.limitBlock = Math.min(mapped.limitBlock, limitBlock);
      for (const block of blocks) this.#set(mapped, block);
    }
  }

  /** The changed blocks of one piece of a file, from 0 in the piece: those that it may have, not those it has. */
  changedBlocks(file: RelationFile, segmentNumber: number): ChangedBlocks {
    const mapped = this.#files.get(relationFileKey(file));
    if (mapped === undefined) return NO_BLOCKS;
    const perSegment = this.#blocksPerSegment;
    const limit = Math.max(0, mapped.limitBlock - segmentNumber * perSegment);
    const listed = setBits(mapped.pieces.get(segmentNumber)).filter((block) => block < limit);
    return { listed: Uint32Array.from(listed), allFrom: limit < perSegment ? limit : Infinity };
  }

  #fileOf(key: string): MappedFile {
    const mapped = this.#files.get(key) ?? { limitBlock: Infinity, pieces: new Map() };
    this.#files.set(key, mapped);
    return mapped;
  }

  #set({ pieces }: MappedFile, block: number): void {
    const number = Math.floor(block / this.#blocksPerSegment);
    const inPiece = block % this.#blocksPerSegment;
    const word = Math.floor(inPiece / BITS_PER_WORD);
    let bits = pieces.get(number);
    if (bits === undefined || word >= bits.length) {
      const larger = new Uint32Array(Math.max(FIRST_WORDS, 2 ** Math.ceil(Math.log2(word + 1))));
      if (bits !== undefined) larger.set(bits);
      pieces.set(number, larger);
      bits = larger;
    }
    bits[word] = (bits[word] ?? 0) | (1 << (inPiece % BITS_PER_WORD));
  }
}

function setBits(bits: Uint32Array | undefined): number[] {
  const set: number[] = [];
  for (const [word, value] of (bits ?? []).entries()) {
    for (let bit = 0; value >>> bit !== 0 && bit < BITS_PER_WORD; bit += 1) {
      if (((value >>> bit) & 1) === 1) set.push(word * BITS_PER_WORD + bit);
    }
  }
  return set;
}
