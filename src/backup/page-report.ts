/**
 * The verdict over a backup's pages, once its end is known.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { CorruptBlocks } from '../walg/files-metadata.ts';
import type { PackedEntry } from './part-packer.ts';

/** A file with pages that do not carry their checksum. */
export interface CorruptFile {
  readonly name: string;
  /** Block numbers in the file, from 0, in order. */
  readonly blocks: readonly number[];
}

/** How many block numbers of a file are written down; WAL-G's number. All are counted. */
const RECORDED_BLOCKS = 10;
const NAMED_FILES = 20;

/**
 * The corrupt files. A torn page whose LSN lies within the backup is sound after replay; one past its end was never
 * written by this server.
 */
export function corruptFiles(entries: readonly PackedEntry[], stopLsn: bigint): CorruptFile[] {
  return entries.flatMap(({ name, pages }) => {
    if (pages === undefined) return [];
    const impossible = pages.unsettledBlocks.filter(({ lsn }) => lsn > stopLsn).map(({ block }) => block);
    const blocks = [...pages.corruptBlocks, ...impossible].toSorted((a, b) => a - b);
    return blocks.length === 0 ? [] : [{ name, blocks }];
  });
}

/** As `files_metadata.json` records it. */
export function corruptBlocksOf(file: CorruptFile): CorruptBlocks {
  return { count: file.blocks.length, blocks: file.blocks.slice(0, RECORDED_BLOCKS) };
}

/** The failure of a backup that must not hold corrupt pages. */
export function corruptPagesFailure(files: readonly CorruptFile[]): Failure {
  const count = files.reduce((sum, file) => sum + file.blocks.length, 0);
  return new Failure('corrupt', {
    message: `cannot keep this backup: ${count} pages in ${files.length} files do not carry their checksum`,
    remedy:
      'Look at the disk and at the last good backup first. To have a backup nevertheless, with these pages recorded in it, use --allow-corrupt-pages.',
    facts: files.slice(0, NAMED_FILES).map(describeCorruptFile),
  });
}

/** `/base/5/16384: blocks 7, 9`. */
export function describeCorruptFile(file: CorruptFile): string {
  const shown = file.blocks.slice(0, RECORDED_BLOCKS).join(', ');
  const more = file.blocks.length - RECORDED_BLOCKS;
  return `${file.name}: ${file.blocks.length === 1 ? 'block' : 'blocks'} ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}
