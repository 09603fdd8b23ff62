/**
 * What WAL says of the rows of those catalogs that give relations their names.
 *
 * @module
 */

import type { Lsn } from '../lsn.ts';

/** The catalogs that are followed: the oids are fixed (`src/include/catalog/pg_*.h`). */
export type NamingCatalog = 'pg_class' | 'pg_namespace' | 'pg_inherits' | 'pg_database';

/**
 * One change to a page of a naming catalog. Rows are kept as bytes: an update may hold only what differs from the old
 * row, which whoever follows the catalog has.
 *
 * - `rows`: row versions that are whole, from inserts or from the image of a page (then all of its rows; `isImage`).
 * - `update`: a new version of which the first `prefixBytes` and last `suffixBytes` are the old row's.
 * - `delete`: the row at the place went.
 */
export type CatalogChange =
  | {
      readonly kind: 'catalogRows';
      readonly catalog: NamingCatalog;
      readonly lsn: Lsn;
      /** The (sub)transaction; 0 for an in-place change, which holds whatever becomes of it. */
      readonly xid: number;
      readonly databaseOid: number;
      readonly block: number;
      /** Rows as they were at that time for every transaction: not by themselves a change. */
      readonly isImage: boolean;
      readonly rows: readonly CatalogRowBytes[];
    }
  | {
      readonly kind: 'catalogUpdate';
      readonly catalog: NamingCatalog;
      readonly lsn: Lsn;
      readonly xid: number;
      readonly databaseOid: number;
      readonly block: number;
      readonly offset: number;
      readonly oldBlock: number;
      readonly oldOffset: number;
      readonly prefixBytes: number;
      readonly suffixBytes: number;
      /**
       * Column data of the new row between prefix and suffix; its length is that of the row without both.
       * `undefined`: the record has neither it nor an image that can be read.
       */
      readonly data: Buffer | undefined;
    }
  | {
      readonly kind: 'catalogDelete';
      readonly catalog: NamingCatalog;
      readonly lsn: Lsn;
      readonly xid: number;
      readonly databaseOid: number;
      readonly block: number;
      readonly offset: number;
    };

/** One row version. */
export interface CatalogRowBytes {
  /** Line pointer on the page, from 1. */
  readonly offset: number;
  /** Column data, from behind the header on, cut behind the last column of fixed length that is of use. */
  readonly data: Buffer;
  /** Length of all its column data: where the suffix of an update begins. */
  readonly totalBytes: number;
  /** The (sub)transaction that made it; 0 where the record does not hold the row's header, or if it is frozen. */
  readonly insertedBy: number;
  /**
   * The (sub)transaction that deleted or replaced it, whatever became of that one; 0 if none had, or where the record does
   * not hold the row's header. Only rows of images have it.
   */
  readonly deletedBy: number;
  /** The image says that whoever made it was rolled back. */
  readonly isDead: boolean;
}
