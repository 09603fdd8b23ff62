/**
 * The header of an increment: what a delta backup stores of a data file, its changed pages.
 *
 * `wi1U`, the file's size, the number of pages, their block numbers in ascending order, then the pages themselves in the
 * same order. Whether a tar entry is an increment is told by the list of files, not by these four bytes: a user's file may
 * begin with them too.
 *
 * Source: WAL-G `internal/databases/postgres/incremental_page_reader.go`, `incremental_page_writer` in `page_file.go`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** What the fixed part says. */
export interface IncrementStart {
  /** Size the file must have afterwards; more than it had is filled with zeros. */
  readonly fileSizeBytes: number;
  readonly pageCount: number;
  /** Length of the header with the list of blocks: where the pages begin. */
  readonly headerBytes: number;
}

/** Length of the fixed part: mark, size, count. */
export const INCREMENT_START_BYTES = 16;

const MARK = Buffer.from('wi1U', 'latin1');
const BLOCK_NUMBER_BYTES = 4;
/** Data files are cut at 1 GiB, as PostgreSQL is usually built. */
export const USUAL_SEGMENT_PAGES = 131_072;

/** What is known of an entry before its content. */
export interface IncrementEntry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly pageSizeBytes: number;
  /** Pages of the largest data file: {@link USUAL_SEGMENT_PAGES} unless the cluster was built otherwise. */
  readonly segmentPages?: number;
}

function damaged(name: string, found: string): Failure {
  return new Failure('corrupt', {
    message: `cannot apply the increment of ${name}: ${found}`,
    remedy: 'Restore from the full backup this one builds on, or from another; this one is damaged.',
  });
}

/**
 * Reads the fixed part.
 *
 * @param start the entry's first 16 bytes.
 * @param entry name and size of the tar entry, and the page size: the header must account for every byte of it.
 * @throws {Failure} `corrupt` if it is no increment, its length is not what its count of pages needs, or the file that it
 *   tells of cannot be: so the list of blocks is no longer than a data file has pages.
 */
export function parseIncrementStart(start: Buffer, entry: IncrementEntry): IncrementStart {
  if (start.length < INCREMENT_START_BYTES) throw damaged(entry.name, 'it ends inside its header');
  if (!start.subarray(0, MARK.length).equals(MARK)) throw damaged(entry.name, 'it does not begin with wi1U');
  const fileSizeBytes = Number(start.readBigUInt64LE(MARK.length));
  const pageCount = start.readUInt32LE(12);
  const headerBytes = INCREMENT_START_BYTES + BLOCK_NUMBER_BYTES * pageCount;
  const neededBytes = headerBytes + entry.pageSizeBytes * pageCount;
  if (neededBytes !== entry.sizeBytes) {
    throw damaged(entry.name, `${pageCount} pages take ${neededBytes} bytes, and it has ${entry.sizeBytes}`);
  }
  const maxBytes = (entry.segmentPages ?? USUAL_SEGMENT_PAGES) * entry.pageSizeBytes;
  if (fileSizeBytes > maxBytes || fileSizeBytes % entry.pageSizeBytes !== 0) {
    throw damaged(entry.name, `a data file cannot have ${fileSizeBytes} bytes`);
  }
  if (pageCount * entry.pageSizeBytes > fileSizeBytes) {
    throw damaged(entry.name, `it has ${pageCount} pages, more than a file of ${fileSizeBytes} bytes`);
  }
  return { fileSizeBytes, pageCount, headerBytes };
}

/**
 * Reads the list of blocks.
 *
 * @param list the bytes between the fixed part and the pages.
 * @throws {Failure} `corrupt` if they do not ascend, or one is not inside the file.
 */
export function parseIncrementBlocks(
  list: Buffer,
  increment: IncrementStart,
  entry: Pick<IncrementEntry, 'name' | 'pageSizeBytes'>,
): Uint32Array {
  if (list.length !== increment.headerBytes - INCREMENT_START_BYTES)
    throw damaged(entry.name, 'it ends inside its header');
  const filePages = increment.fileSizeBytes / entry.pageSizeBytes;
  const blocks = new Uint32Array(increment.pageCount);
  let previous = -1;
  for (let at = 0; at < blocks.length; at += 1) {
    const block = list.readUInt32LE(at * BLOCK_NUMBER_BYTES);
    if (block <= previous || block >= filePages) throw damaged(entry.name, `block ${block} is out of place`);
    blocks[at] = block;
    previous = block;
  }
  return blocks;
}

/** Writes the header of an increment. @param blocks ascending, each inside the file. */
export function formatIncrementHeader(fileSizeBytes: number, blocks: readonly number[]): Buffer {
  const header = Buffer.alloc(INCREMENT_START_BYTES + BLOCK_NUMBER_BYTES * blocks.length);
  MARK.copy(header);
  header.writeBigUInt64LE(BigInt(fileSizeBytes), MARK.length);
  header.writeUInt32LE(blocks.length, 12);
  for (const [at, block] of blocks.entries())
    header.writeUInt32LE(block, INCREMENT_START_BYTES + at * BLOCK_NUMBER_BYTES);
  return header;
}
