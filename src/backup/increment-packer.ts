/**
 * Packs one increment: what has changed of a data file since the parent backup.
 *
 * The changed blocks are told by the WAL's index, or found by reading the file once. Pages are verified when the file is
 * read, and again when they are copied; one that changes in between was changed during the backup, and replay writes it.
 *
 * Source: WAL-G `internal/databases/postgres/incremental_page_reader.go`; PostgreSQL
 * `src/backend/backup/basebackup_incremental.c` (`GetFileBackupMethod`: from nine tenths on the file is stored whole).
 *
 * @module
 */

import { createPageVerifier, type PageVerifier } from '../postgres/page-checksum.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import { formatIncrementHeader, INCREMENT_START_BYTES } from '../walg/increment.ts';
import { addChangedBlocks } from './changed-pages.ts';
import type { IncrementWish } from './data-directory.ts';
import type { PageCheck } from './page-check.ts';
import { readFully } from './read-fully.ts';
import { FRAME_BYTES, type TarFrames } from './tar-frames.ts';

/** From this share of changed pages on an increment saves nothing, and costs a restore the reading of older backups. */
const WHOLE_FROM_SHARE = 0.9;

/** Reads a file for its changed blocks. One per thread. */
export class ChangedBlocksReader {
  readonly verifier: PageVerifier = createPageVerifier(FRAME_BYTES);
  readonly #memory = Buffer.from(this.verifier.memory.buffer, 0, FRAME_BYTES);
  readonly #view = new DataView(this.verifier.memory.buffer, 0, FRAME_BYTES);

  /**
   * The blocks of an increment, ascending; `undefined` if the file is to be stored whole. Stops after each piece read.
   *
   * @param sizeBytes of the file, a multiple of the page size.
   */
  *find(
    file: number,
    sizeBytes: number,
    wish: IncrementWish,
    check: PageCheck | undefined,
    onScanned: (bytes: number) => void,
  ): Generator<undefined, readonly number[] | undefined> {
    const pageCount = sizeBytes / PAGE_SIZE_BYTES;
    const blocks: number[] = [];
    if (wish.blocks !== undefined) {
      for (const block of wish.blocks.listed) if (block < pageCount) blocks.push(block);
      for (let block = wish.blocks.allFrom; block < pageCount; block += 1) blocks.push(block);
      return isWorthwhile(blocks, pageCount) ? blocks : undefined;
    }
    for (let at = 0; at < sizeBytes; at += FRAME_BYTES) {
      const got = readFully(file, this.#memory.subarray(0, Math.min(FRAME_BYTES, sizeBytes - at)), at);
      const gotPages = Math.floor(got / PAGE_SIZE_BYTES);
      const firstBlock = at / PAGE_SIZE_BYTES;
      // Before they are verified: a page that is read again may have changed since.
      if (!addChangedBlocks(this.#view, gotPages, firstBlock, wish.sinceLsn, blocks)) return undefined;
      check?.checkPages(0, gotPages, firstBlock);
      onScanned(got);
      if (got < Math.min(FRAME_BYTES, sizeBytes - at)) break;
      yield;
    }
    return isWorthwhile(blocks, pageCount) ? blocks : undefined;
  }
}

function isWorthwhile(blocks: readonly number[], pageCount: number): boolean {
  return blocks.length <= pageCount * WHOLE_FROM_SHARE;
}

/** Size of an increment of so many pages. */
export function incrementSizeBytes(pageCount: number): number {
  return INCREMENT_START_BYTES + pageCount * (4 + PAGE_SIZE_BYTES);
}

/** Appends header and pages. Answers with whether the file had shrunk: what it lacked is zeros. */
export function* packIncrement(
  file: number,
  fileSizeBytes: number,
  blocks: readonly number[],
  frames: TarFrames,
  check: PageCheck | undefined,
): Generator<undefined, 'shrank' | undefined> {
  let changed: 'shrank' | undefined;
  appendInPieces(frames, formatIncrementHeader(fileSizeBytes, blocks));
  for (let at = 0; at < blocks.length;) {
    frames.makeRoom(PAGE_SIZE_BYTES);
    const room = Math.max(1, Math.floor((FRAME_BYTES - frames.fill) / PAGE_SIZE_BYTES));
    const first = blocks[at] ?? 0;
    let count = 1;
    while (count < room && blocks[at + count] === first + count) count++;
    const wanted = frames.next(count * PAGE_SIZE_BYTES);
    const got = readFully(file, wanted, first * PAGE_SIZE_BYTES);
    check?.checkPages(frames.fill, Math.floor(got / PAGE_SIZE_BYTES), first);
    if (got < wanted.length) {
      wanted.fill(0, got);
      changed = 'shrank';
    }
    frames.advance(wanted.length);
    at += count;
    yield;
  }
  return changed;
}

/** A list of blocks may be longer than a frame's room. */
function appendInPieces(frames: TarFrames, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) {
    frames.makeRoom(1);
    const piece = bytes.subarray(at, at + FRAME_BYTES - Math.min(frames.fill, FRAME_BYTES - 1));
    frames.append(piece);
    at += piece.length;
  }
}
