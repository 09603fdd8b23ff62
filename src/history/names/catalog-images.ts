/**
 * What the image of a catalog's page tells of names: every version of its rows, the newest of which is what is known best.
 *
 * @module
 */

import { isSameClassRow, type CatalogRow } from '../../postgres/catalog-rows.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import type { CatalogRowBytes } from '../../postgres/wal-records/catalog-change.ts';
import type { NameBook } from './name-book.ts';
import type { PendingRows } from './pending-rows.ts';

/** One row version of a page. */
export interface ImageRow {
  readonly row: CatalogRow;
  readonly bytes: CatalogRowBytes;
}

/** Learns from images. */
export class CatalogImages {
  readonly #book: NameBook;
  readonly #pending: PendingRows;
  /** (Sub)transactions that changed catalogs and were rolled back: an image may hold their rows long after. */
  readonly #rolledBack = new Set<number>();

  constructor(book: NameBook, pending: PendingRows) {
    this.#book = book;
    this.#pending = pending;
  }

  /** Nothing that these made is to be learnt. */
  rolledBack(xids: readonly number[]): void {
    for (const xid of xids) this.#rolledBack.add(xid);
  }

  /** Learns from all rows of one page. */
  learn(databaseOid: number, rows: readonly ImageRow[], lsn: Lsn): void {
    const settled = rows.filter(({ bytes }) => this.#isSettled(bytes));
    const current = settled.filter(({ bytes }) => !this.#isDeleted(bytes));
    for (const { row } of current) {
      if (!this.#isKnownFrom(settled, databaseOid, row, lsn)) this.#book.put(databaseOid, row, lsn);
    }
    for (const { row } of settled) {
      if (row.catalog === 'pg_class') this.#book.putIfUnknown(databaseOid, row.row, lsn);
    }
  }

  /** Made by nobody who is still at it, or who failed. */
  #isSettled({ insertedBy, isDead }: CatalogRowBytes): boolean {
    return !isDead && !this.#rolledBack.has(insertedBy) && !this.#pending.has(insertedBy);
  }

  /** Somebody who may have succeeded has deleted it. */
  #isDeleted({ deletedBy }: CatalogRowBytes): boolean {
    return deletedBy !== 0 && !this.#rolledBack.has(deletedBy) && !this.#pending.has(deletedBy);
  }

  /**
   * True if another version on the page is what is known of the relation: then whoever made this one may have been
   * rolled back before reading began.
   */
  #isKnownFrom(rows: readonly ImageRow[], databaseOid: number, row: CatalogRow, lsn: Lsn): boolean {
    if (row.catalog !== 'pg_class') return false;
    const known = this.#book.classRow(databaseOid, row.row.oid, lsn);
    return (
      known !== undefined &&
      rows.some((other) => other.row.catalog === 'pg_class' && isSameClassRow(other.row.row, known))
    );
  }
}
