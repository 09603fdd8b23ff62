/**
 * Which files are those of the catalogs that give relations their names.
 *
 * Every catalog's file has its oid as number until it is rewritten. Where a rewritten one is, the relation map's records
 * tell (`pg_class`, `pg_database`), or the rows of `pg_class` (the others), or whoever asks knows it.
 *
 * Source: `src/include/catalog/pg_class.h` and beside it (the oids); `src/backend/utils/cache/relmapper.c`.
 *
 * @module
 */

import type { RelationFile } from '../relation-file.ts';
import type { NamingCatalog } from './catalog-change.ts';

/** A catalog's file that is not its first. */
export interface CatalogFile {
  readonly catalog: NamingCatalog;
  readonly file: RelationFile;
}

const CATALOG_OIDS: ReadonlyMap<number, NamingCatalog> = new Map([
  [1259, 'pg_class'],
  [2615, 'pg_namespace'],
  [2611, 'pg_inherits'],
  [1262, 'pg_database'],
]);

const LAST_FIRST_FILENODE = Math.max(...CATALOG_OIDS.keys());

/** True for the one that all databases share. */
function isShared(catalog: NamingCatalog): boolean {
  return catalog === 'pg_database';
}

/** Knows the catalogs' files; learns more. */
export class CatalogFiles {
  /** By number of the file; a number stands for one file only in the common case. */
  readonly #known = new Map<number, readonly CatalogFile[]>();
  readonly #learned: CatalogFile[] = [];

  constructor(known: readonly CatalogFile[] = []) {
    for (const one of known) this.#add(one);
  }

  /** What was learned, and not known from the start. */
  get learned(): readonly CatalogFile[] {
    return this.#learned;
  }

  /** How many files are known beside those that are found by their catalog's oid. */
  get count(): number {
    return this.#known.size;
  }

  /** The number of every file that can be a catalog's. */
  get filenodes(): readonly number[] {
    return [...CATALOG_OIDS.keys(), ...this.#known.keys()];
  }

  /** The catalog that a file belongs to; `undefined` for all others. */
  catalogOf(tablespaceOid: number, databaseOid: number, filenode: number): NamingCatalog | undefined {
    if (filenode > LAST_FIRST_FILENODE && this.#known.size === 0) return undefined;
    const first = CATALOG_OIDS.get(filenode);
    if (first !== undefined) return isShared(first) === (databaseOid === 0) ? first : undefined;
    return this.#known
      .get(filenode)
      ?.find(({ file }) => file.tablespaceOid === tablespaceOid && file.databaseOid === databaseOid)?.catalog;
  }

  /** Notes that the catalog of that oid has this file. Oids of other relations are passed over. */
  learn(oid: number, file: RelationFile): void {
    const catalog = CATALOG_OIDS.get(oid);
    if (catalog === undefined || isShared(catalog) !== (file.databaseOid === 0) || file.filenode === 0) return;
    if (this.catalogOf(file.tablespaceOid, file.databaseOid, file.filenode) !== undefined) return;
    this.#add({ catalog, file });
    this.#learned.push({ catalog, file });
  }

  #add(one: CatalogFile): void {
    this.#known.set(one.file.filenode, [...(this.#known.get(one.file.filenode) ?? []), one]);
  }
}
