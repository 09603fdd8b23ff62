/**
 * The numbers by which WAL names a relation's file.
 *
 * Source: `src/include/storage/relfilelocator.h` (`RelFileLocator`; `RelFileNode` before 16).
 *
 * @module
 */

/** One relation's file. A relation gets another with every rewrite and TRUNCATE; numbers repeat between databases. */
export interface RelationFile {
  readonly tablespaceOid: number;
  /** 0 for catalogs that all databases share. */
  readonly databaseOid: number;
  /** `relfilenode`. */
  readonly filenode: number;
}

/** A text that is equal for equal files: `1663/16384/24576`, as PostgreSQL's own tools write it. */
export function relationFileKey({ tablespaceOid, databaseOid, filenode }: RelationFile): string {
  return `${tablespaceOid}/${databaseOid}/${filenode}`;
}
