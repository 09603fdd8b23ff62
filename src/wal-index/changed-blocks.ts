/**
 * Which blocks of which files the records of a segment change: what an incremental backup needs of it.
 *
 * Main forks only: of the others nothing is stored in parts. A file that was made or cut has a limit; whatever it holds at or
 * behind that is new. Taking a record allocates nothing, and a block that was named a moment ago is not noted again; what
 * is noted twice all the same goes when it is {@link ChangedBlocks.toFiles gathered}.
 *
 * Source: PostgreSQL `src/backend/postmaster/walsummarizer.c` (`SummarizeWAL`), `src/common/blkreftable.c`.
 *
 * @module
 */

import type { RelationFile } from '../postgres/relation-file.ts';
import { MAIN_FORK, type RecordLayout } from '../postgres/wal-records/record-layout.ts';

/** What a segment changes of one file. */
export interface ChangedFile {
  readonly file: RelationFile;
  /** Everything from this block on is new; `undefined` if the file was neither made nor cut. */
  readonly limitBlock: number | undefined;
  /** Ascending, each once. */
  readonly blocks: Uint32Array;
}

/** A block is looked for among so many that were named before, at its own place. */
const RECENT = 8192;
const FIRST_CAPACITY = 4096;
export const NO_LIMIT = Infinity;
export const BLOCK_NUMBERS = 2 ** 32;

/** A file that was named, and its limit; infinite if it has none. */
export interface NotedFile extends RelationFile {
  limitBlock: number;
}

/** Gathers what was noted, by the numbers of files: file number times 2^32 plus block, in any order, and sorted in place. */
export function gatherChangedFiles(files: readonly NotedFile[], noted: Float64Array): ChangedFile[] {
  const blocks: number[][] = files.map(() => []);
  let before = -1;
  for (const one of noted.sort()) {
    if (one !== before) blocks[Math.floor(one / BLOCK_NUMBERS)]?.push(one % BLOCK_NUMBERS);
    before = one;
  }
  return files.map(({ limitBlock, ...file }, number) => ({
    file,
    limitBlock: limitBlock === NO_LIMIT ? undefined : limitBlock,
    blocks: Uint32Array.from(blocks[number] ?? []),
  }));
}

/** Collects them. */
export class ChangedBlocks {
  readonly #files: NotedFile[] = [];
  /** By filenode: numbers of {@link ChangedBlocks.#files}, of several databases or tablespaces. */
  readonly #numbers = new Map<number, number[]>();
  /** File number times 2^32 plus block, exact as a number; each at the place of its last bits. */
  readonly #recent = new Float64Array(RECENT).fill(-1);
  /** The same, all. */
  #noted = new Float64Array(FIRST_CAPACITY);
  #count = 0;
  #lastNumber = -1;

  /** Notes the pages that a record names. */
  take(layout: RecordLayout): void {
    for (let index = 0; index < layout.blockCount; index += 1) {
      if (layout.forks[index] !== MAIN_FORK) continue;
      const number = this.#numberOf(
        layout.tablespaceOids[index] ?? 0,
        layout.databaseOids[index] ?? 0,
        layout.filenodes[index] ?? 0,
      );
      this.#note(number * BLOCK_NUMBERS + (layout.blockNumbers[index] ?? 0));
    }
  }

  /** Notes that a file was made (0) or cut to so many blocks. */
  limit({ tablespaceOid, databaseOid, filenode }: RelationFile, limitBlock: number): void {
    const file = this.#files[this.#numberOf(tablespaceOid, databaseOid, filenode)];
    if (file !== undefined) file.limitBlock = Math.min(file.limitBlock, limitBlock);
  }

  /** Everything that was noted, file by file. */
  toFiles(): ChangedFile[] {
    return gatherChangedFiles(this.#files, this.#noted.subarray(0, this.#count));
  }

  #note(noted: number): void {
    const place = noted % RECENT;
    if (this.#recent[place] === noted) return;
    this.#recent[place] = noted;
    if (this.#count === this.#noted.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#noted);
      this.#noted = larger;
    }
    this.#noted[this.#count++] = noted;
  }

  #numberOf(tablespaceOid: number, databaseOid: number, filenode: number): number {
    if (this.#isFile(this.#lastNumber, tablespaceOid, databaseOid, filenode)) return this.#lastNumber;
    this.#lastNumber = this.#find(tablespaceOid, databaseOid, filenode);
    return this.#lastNumber;
  }

  #find(tablespaceOid: number, databaseOid: number, filenode: number): number {
    const numbers = this.#numbers.get(filenode);
    for (const number of numbers ?? []) if (this.#isFile(number, tablespaceOid, databaseOid, filenode)) return number;
    const number = this.#files.length;
    this.#files.push({ tablespaceOid, databaseOid, filenode, limitBlock: NO_LIMIT });
    if (numbers === undefined) this.#numbers.set(filenode, [number]);
    else numbers.push(number);
    return number;
  }

  #isFile(number: number, tablespaceOid: number, databaseOid: number, filenode: number): boolean {
    const file = this.#files[number];
    return file?.filenode === filenode && file.databaseOid === databaseOid && file.tablespaceOid === tablespaceOid;
  }
}
