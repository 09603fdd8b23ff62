/**
 * Verification of one file's pages while it is read.
 *
 * A page that does not carry its checksum may just be being written: it is read once more. A page whose LSN is at or
 * after the backup's start may stay torn, since replay restores it whole; it is reported as unsettled, and whoever knows
 * the end of the backup decides: an LSN past the end was never written by this server.
 *
 * Source: PostgreSQL `src/backend/backup/basebackup.c` (`sendFile`, `verify_page_checksum`).
 *
 * @module
 */

import { readSync } from 'node:fs';

import { pageLsn, type PageVerifier } from '../postgres/page-checksum.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';

/** A page without its checksum that was changed during the backup. */
export interface UnsettledBlock {
  /** Block number in the file, from 0. */
  readonly block: number;
  readonly lsn: bigint;
}

/** What is wrong with a file's pages. */
export interface PageFindings {
  /** Block numbers in the file, from 0. */
  readonly corruptBlocks: readonly number[];
  readonly unsettledBlocks: readonly UnsettledBlock[];
}

/** The check of one open file. */
export class PageCheck {
  readonly #verifier: PageVerifier;
  readonly #file: number;
  readonly #firstBlock: number;
  readonly #startLsn: bigint;
  readonly #corruptBlocks: number[] = [];
  readonly #unsettledBlocks: UnsettledBlock[] = [];

  /** @param firstBlock number of the file's first block in its relation fork. */
  constructor(verifier: PageVerifier, file: number, firstBlock: number, startLsn: bigint) {
    this.#verifier = verifier;
    this.#file = file;
    this.#firstBlock = firstBlock;
    this.#startLsn = startLsn;
  }

  /** Checks `pageCount` pages that were read to `offset` of the verifier's memory, the first being `block` of the file. */
  checkPages(offset: number, pageCount: number, block: number): void {
    for (const index of this.#verifier.findBadPages(offset, pageCount, this.#firstBlock + block)) {
      this.#settle(offset + index * PAGE_SIZE_BYTES, block + index);
    }
  }

  /** What was found; `undefined` if all is well. */
  findings(): PageFindings | undefined {
    if (this.#corruptBlocks.length === 0 && this.#unsettledBlocks.length === 0) return undefined;
    return { corruptBlocks: this.#corruptBlocks, unsettledBlocks: this.#unsettledBlocks };
  }

  #settle(offset: number, block: number): void {
    const { memory } = this.#verifier;
    const again = Buffer.alloc(PAGE_SIZE_BYTES);
    if (readSync(this.#file, again, 0, PAGE_SIZE_BYTES, block * PAGE_SIZE_BYTES) < PAGE_SIZE_BYTES) return;
    memory.set(again, offset);
    if (this.#verifier.findBadPages(offset, 1, this.#firstBlock + block).length === 0) return;
    const lsn = pageLsn(memory, offset);
    if (lsn >= this.#startLsn) this.#unsettledBlocks.push({ block, lsn });
    else this.#corruptBlocks.push(block);
  }
}

/** Both findings of one file, each block once. */
export function mergeFindings(a: PageFindings | undefined, b: PageFindings | undefined): PageFindings | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const corruptBlocks = [...new Set([...a.corruptBlocks, ...b.corruptBlocks])];
  const unsettled = new Map([...a.unsettledBlocks, ...b.unsettledBlocks].map((one) => [one.block, one]));
  return { corruptBlocks, unsettledBlocks: [...unsettled.values()] };
}
