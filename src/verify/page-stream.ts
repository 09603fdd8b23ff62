/**
 * Verifies pages as they come, in pieces of any length, without a disk.
 *
 * @module
 */

import { createPageVerifier, pageLsn } from '../postgres/page-checksum.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import type { DamagedPage } from '../restore/increment-writer.ts';

const PAGES_AT_ONCE = 128;

/** The pages of one file after another. One per stream. */
export class PageStream {
  readonly #verifier = createPageVerifier(PAGES_AT_ONCE * PAGE_SIZE_BYTES);
  #fillBytes = 0;
  /** Of the first page that waits: its block in the file, and in its relation fork. */
  #block = 0;
  #firstOfFile = 0;
  #damaged: DamagedPage[] = [];
  #pagesChecked = 0;

  /** How many pages were verified, of all files. */
  get pagesChecked(): number {
    return this.#pagesChecked;
  }

  /** Begins a file, or goes to another block of it. @param firstOfFile block number in the fork of the file's block 0. */
  seek(firstOfFile: number, block: number): void {
    const isNext = this.#fillBytes > 0 && block === this.#block + this.#fillBytes / PAGE_SIZE_BYTES;
    if (isNext && firstOfFile === this.#firstOfFile) return;
    this.#check();
    this.#firstOfFile = firstOfFile;
    this.#block = block;
  }

  /** Takes bytes that follow. */
  take(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      const { memory } = this.#verifier;
      const length = Math.min(piece.length - at, memory.length - this.#fillBytes);
      memory.set(piece.subarray(at, at + length), this.#fillBytes);
      this.#fillBytes += length;
      at += length;
      if (this.#fillBytes === memory.length) this.#check();
    }
  }

  /** Pages of the file that do not carry their checksum. What is no whole page at its end is none. */
  end(): readonly DamagedPage[] {
    this.#check();
    const damaged = this.#damaged;
    this.#damaged = [];
    return damaged;
  }

  #check(): void {
    const { memory } = this.#verifier;
    const count = Math.floor(this.#fillBytes / PAGE_SIZE_BYTES);
    for (const index of this.#verifier.findBadPages(0, count, this.#firstOfFile + this.#block)) {
      this.#damaged.push({ block: this.#block + index, lsn: pageLsn(memory, index * PAGE_SIZE_BYTES) });
    }
    this.#pagesChecked += count;
    this.#block += count;
    this.#fillBytes = 0;
  }
}
