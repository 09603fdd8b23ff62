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
      /** `hoff - 23` bytes of bitmap and padding are left out: column data only, the middle part. `undefined`: the new row is in the image given before. */
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

/** The column data of one row (behind its header), cut behind the last fixed-length column that is needed. */
export interface CatalogRowBytes {
  /** Line pointer on the page, from 1. */
  readonly offset: number;
  readonly data: Buffer;
}
