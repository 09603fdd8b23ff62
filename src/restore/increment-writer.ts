/**
 * Applies one increment to the file it builds on: its size, then its pages.
 *
 * Where the cluster has checksums, the pages are verified on their way. One that does not carry its checksum is reported,
 * not refused: it may have been torn when it was backed up, and replay writes it whole.
 *
 * Refused: whatever the header says that cannot be (see {@link parseIncrementStart}), and an end before the last page.
 *
 * Source: WAL-G `internal/databases/postgres/pagefile.go` (`applyFileIncrement`).
 *
 * @module
 */

import { fstatSync, ftruncateSync, writeSync } from 'node:fs';

import { ByteSource } from '../codec/byte-source.ts';
import { corrupt } from '../codec/corrupt.ts';
import { createPageVerifier, pageLsn, type PageVerifier } from '../postgres/page-checksum.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import { INCREMENT_START_BYTES, parseIncrementBlocks, parseIncrementStart } from '../walg/increment.ts';

/** How the cluster's files are made, from its control file. */
export interface PageLayout {
  readonly pageSizeBytes: number;
  /** Pages of the largest data file. */
  readonly segmentPages: number;
  /** True if pages carry checksums, and are of the usual size. */
  readonly hasChecksums: boolean;
}

/** One increment as it comes. */
export interface Increment {
  /** Normalized. */
  readonly name: string;
  /** The tar object that holds it. */
  readonly object: string;
  readonly sizeBytes: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** A page that does not carry its checksum. */
export interface DamagedPage {
  /** From 0, in its file. */
  readonly block: number;
  readonly lsn: bigint;
}

/** What became of the file. */
export interface AppliedIncrement {
  readonly fileSizeBytes: number;
  readonly damaged: readonly DamagedPage[];
}

const PAGES_AT_ONCE = 128;
const SEGMENT = /\.(\d+)$/;

/** Which part of its relation a data file is, from 0. */
export function segmentNumberOf(name: string): number {
  return Number(SEGMENT.exec(name)?.[1] ?? 0);
}

/** Applies increments, one after another. */
export class IncrementWriter {
  readonly #layout: PageLayout;
  readonly #verifier: PageVerifier | undefined;

  constructor(layout: PageLayout) {
    this.#layout = layout;
    this.#verifier = layout.hasChecksums ? createPageVerifier(PAGES_AT_ONCE * PAGE_SIZE_BYTES) : undefined;
  }

  /** Applies one to an open file. @throws {Failure} `corrupt`, naming object and file. */
  async apply(file: number, increment: Increment, onBytes: (bytes: number) => void): Promise<AppliedIncrement> {
    const { pageSizeBytes, segmentPages } = this.#layout;
    const about = { name: `${increment.name} in ${increment.object}`, sizeBytes: increment.sizeBytes };
    const entry = { ...about, pageSizeBytes, segmentPages };
    const source = new ByteSource(increment.body);
    const start = parseIncrementStart(await source.take(INCREMENT_START_BYTES), entry);
    const list = await source.take(start.headerBytes - INCREMENT_START_BYTES);
    const blocks = parseIncrementBlocks(list, start, entry);
    if (fstatSync(file).size !== start.fileSizeBytes) ftruncateSync(file, start.fileSizeBytes);
    onBytes(start.headerBytes);
    const damaged: DamagedPage[] = [];
    for (const { first, count } of runsOf(blocks)) {
      const pages = await source.take(count * pageSizeBytes);
      if (pages.length < count * pageSizeBytes)
        throw corrupt(increment.object, 'an increment ends inside its pages', source.offset);
      damaged.push(...this.#damagedPages(pages, first, increment.name));
      writeFully(file, pages, first * pageSizeBytes);
      onBytes(pages.length);
    }
    return { fileSizeBytes: start.fileSizeBytes, damaged };
  }

  #damagedPages(pages: Buffer, firstBlock: number, name: string): DamagedPage[] {
    if (this.#verifier === undefined) return [];
    this.#verifier.memory.set(pages);
    const blockOfRelation = segmentNumberOf(name) * this.#layout.segmentPages + firstBlock;
    const bad = this.#verifier.findBadPages(0, pages.length / PAGE_SIZE_BYTES, blockOfRelation);
    return bad.map((index) => ({ block: firstBlock + index, lsn: pageLsn(pages, index * PAGE_SIZE_BYTES) }));
  }
}

/** Blocks that lie one behind the other, {@link PAGES_AT_ONCE} at most. */
function* runsOf(blocks: Uint32Array): Generator<{ first: number; count: number }> {
  for (let at = 0; at < blocks.length;) {
    const first = blocks[at] ?? 0;
    let count = 1;
    while (count < PAGES_AT_ONCE && blocks[at + count] === first + count) count++;
    yield { first, count };
    at += count;
  }
}

function writeFully(file: number, pages: Buffer, position: number): void {
  for (let written = 0; written < pages.length;) {
    written += writeSync(file, pages, written, pages.length - written, position + written);
  }
}
