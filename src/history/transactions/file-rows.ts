/**
 * Rows that a transaction changed, file by file.
 *
 * @module
 */

import { relationFileKey, type RelationFile } from '../../postgres/relation-file.ts';
import type { FileWork, XidWork } from '../../wal-index/segment-index.ts';

/** Sums of {@link FileWork} for one file. */
export interface FileRows {
  readonly file: RelationFile;
  inserted: number;
  updated: number;
  hotUpdated: number;
  deleted: number;
  movedOut: number;
  /** Of {@link inserted}: rows that moved here (or, of a TOAST table, parts of rows that moved to its owner). */
  insertedAfterMove: number;
}

/** Sums by file, in order of first mention. */
export class RowsByFile {
  readonly #files = new Map<string, FileRows>();
  /** The last row that left a partition has not been seen to arrive. */
  #isMoveOpen = false;

  /** In order of first mention. */
  values(): IterableIterator<FileRows> {
    return this.#files.values();
  }

  /**
   * Adds what was counted in a stretch of WAL that follows the one before. A row that had left a partition at the end of
   * that one arrives with the first insert of this one.
   */
  addStretch({ files, firstInsertFile, isMoveOpen }: Pick<XidWork, 'files' | 'firstInsertFile' | 'isMoveOpen'>): void {
    for (const [place, work] of files.entries()) {
      const isArrival = this.#isMoveOpen && place === firstInsertFile;
      this.#add(work, isArrival ? 1 : 0);
    }
    this.#isMoveOpen = isMoveOpen || (this.#isMoveOpen && firstInsertFile === undefined);
  }

  /** Adds another transaction's rows: a committed child's. */
  addAll(other: RowsByFile): void {
    for (const rows of other.values()) this.#add(rows, 0);
  }

  #add(work: FileWork, arrived: number): void {
    const key = relationFileKey(work.file);
    const rows = this.#files.get(key) ?? emptyRows(work.file);
    this.#files.set(key, rows);
    rows.inserted += work.inserted;
    rows.updated += work.updated;
    rows.hotUpdated += work.hotUpdated;
    rows.deleted += work.deleted;
    rows.movedOut += work.movedOut;
    rows.insertedAfterMove += work.insertedAfterMove + arrived;
  }
}

function emptyRows(file: RelationFile): FileRows {
  return { file, inserted: 0, updated: 0, hotUpdated: 0, deleted: 0, movedOut: 0, insertedAfterMove: 0 };
}
