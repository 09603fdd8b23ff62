/**
 * What is known of names, from which position on: one table for each naming catalog, and whose file is whose.
 *
 * @module
 */

import { isSameClassRow, type CatalogRow, type ClassRow, type InheritsRow } from '../../postgres/catalog-rows.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import type { RelationFile } from '../../postgres/relation-file.ts';
import type { NamingCatalog } from '../../postgres/wal-records/catalog-change.ts';
import { VersionedMap } from './versions.ts';

/** oids below this are PostgreSQL's own (`FirstNormalObjectId`), and the same in each database. */
export const FIRST_NORMAL_OID = 16384;

/** Whose file a number is. */
export interface FileOwner {
  readonly databaseOid: number;
  readonly oid: number;
  /** 0: the database's default. */
  readonly tablespaceOid: number;
}

/** The naming catalogs by their oids, which are the numbers of their first files too. */
export const NAMING_CATALOG_OIDS: ReadonlyMap<number, NamingCatalog> = new Map([
  [1259, 'pg_class'],
  [2615, 'pg_namespace'],
  [2611, 'pg_inherits'],
  [1262, 'pg_database'],
]);

/** A naming catalog's file that is not its first. */
interface Rewritten {
  readonly catalog: NamingCatalog;
  readonly databaseOid: number;
  readonly filenode: number;
}

/** A row of `pg_class` and the database that its relation counts to; 0 for shared ones. */
export interface OwnedRow {
  readonly databaseOid: number;
  readonly row: ClassRow;
}

/** A key of these tables. */
export function oidKey(databaseOid: number, oid: number): string {
  return `${databaseOid}/${oid}`;
}

function fileKey(tablespaceOid: number, databaseOid: number, filenode: number): string {
  return `${tablespaceOid}/${databaseOid}/${filenode}`;
}

function isSameOwner(a: FileOwner, b: FileOwner): boolean {
  return a.oid === b.oid && a.databaseOid === b.databaseOid && a.tablespaceOid === b.tablespaceOid;
}

function owningDatabase(databaseOid: number, row: ClassRow): number {
  return row.isShared ? 0 : databaseOid;
}

/** The tables. Keys are {@link oidKey} where they are texts. */
export class NameTables {
  readonly classes = new VersionedMap<string, ClassRow>();
  readonly schemas = new VersionedMap<string, string>();
  /** 0: it was detached. */
  readonly parents = new VersionedMap<string, number>();
  readonly toastOwners = new VersionedMap<string, number>();
  readonly databases = new VersionedMap<number, string>();
  /** Files of mapped catalogs, whose row has none. */
  readonly mapped = new VersionedMap<string, number>();
  /** Tablespaces that are known to be a database's default. */
  readonly #defaultTablespaces = new Map<number, Set<number>>();
  /** By {@link fileKey}; tablespace 0 is the database's default. */
  readonly #files = new VersionedMap<string, FileOwner>();
  /** Owners of PostgreSQL's own files, whose first numbers are the same in each database. */
  readonly #ownFiles = new VersionedMap<number, FileOwner>();
  /** PostgreSQL's own relations, which a database that is not known has, too. */
  readonly #ownRows = new Map<number, ClassRow>();
  /** Files of naming catalogs that are not their first ones. */
  readonly #catalogFiles = new Map<string, Rewritten>();

  /** Adds a row from `lsn` on. */
  put(databaseOid: number, { catalog, row }: CatalogRow, lsn: Lsn): void {
    if (catalog === 'pg_class') this.putClass(databaseOid, row, lsn);
    else if (catalog === 'pg_inherits') this.putParent(databaseOid, row, lsn);
    else if (catalog === 'pg_namespace') this.schemas.addIfChanged(oidKey(databaseOid, row.oid), lsn, row.name);
    else this.databases.addIfChanged(row.oid, lsn, row.name);
  }

  /** Of several parents (which partitions never have) the first counts. */
  putParent(databaseOid: number, { oid, parentOid, sequence }: InheritsRow, lsn: Lsn): void {
    if (sequence === 1) this.parents.addIfChanged(oidKey(databaseOid, oid), lsn, parentOid);
  }

  putClass(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    const owner = owningDatabase(databaseOid, row);
    this.classes.addIfChanged(oidKey(owner, row.oid), lsn, row, isSameClassRow);
    if (owner !== 0 && row.oid < FIRST_NORMAL_OID && !this.#ownRows.has(row.oid)) this.#ownRows.set(row.oid, row);
    if (row.toastOid !== 0) this.toastOwners.addIfChanged(oidKey(owner, row.toastOid), lsn, row.oid);
    if (row.filenode !== 0) this.putFile(databaseOid, row, row.filenode, lsn);
  }

  /** `filenode` is the row's from `lsn` on. */
  putFile(databaseOid: number, row: ClassRow, filenode: number, lsn: Lsn): void {
    const owningOid = owningDatabase(databaseOid, row);
    this.#own({ databaseOid: owningOid, oid: row.oid, tablespaceOid: row.tablespaceOid }, filenode, lsn);
  }

  /** Files that naming catalogs got when they were rewritten. */
  get rewrittenCatalogs(): IterableIterator<Rewritten> {
    return this.#catalogFiles.values();
  }

  #own(owner: FileOwner, filenode: number, lsn: Lsn): void {
    const catalog = NAMING_CATALOG_OIDS.get(owner.oid);
    if (catalog !== undefined && filenode !== owner.oid) {
      this.#catalogFiles.set(oidKey(owner.databaseOid, filenode), {
        catalog,
        filenode,
        databaseOid: owner.databaseOid,
      });
    }
    this.#files.addIfChanged(fileKey(owner.tablespaceOid, owner.databaseOid, filenode), lsn, owner, isSameOwner);
    if (filenode < FIRST_NORMAL_OID) this.#ownFiles.addIfChanged(filenode, lsn, owner, isSameOwner);
  }

  /** @returns whether it is another than before; the first file has the oid's number. */
  putMapped(databaseOid: number, oid: number, filenode: number, lsn: Lsn): boolean {
    const key = oidKey(databaseOid, oid);
    const before = this.mapped.at(key, lsn) ?? oid;
    this.mapped.addIfChanged(key, lsn, filenode);
    this.#own({ databaseOid, oid, tablespaceOid: 0 }, filenode, lsn);
    return before !== filenode;
  }

  /** All of one database is another's as well, from `lsn` on. */
  copyDatabase(from: number, to: number, lsn: Lsn): void {
    const prefix = `${from}/`;
    const rowsOf = <T>(map: VersionedMap<string, T>): [number, T][] =>
      [...map.entries()].flatMap(([key]) => {
        const value = key.startsWith(prefix) ? map.at(key, lsn) : undefined;
        return value === undefined ? [] : [[Number(key.slice(prefix.length)), value]];
      });
    for (const [, row] of rowsOf(this.classes)) this.putClass(to, row, lsn);
    for (const [oid, name] of rowsOf(this.schemas)) this.schemas.addIfChanged(oidKey(to, oid), lsn, name);
    for (const [oid, parentOid] of rowsOf(this.parents)) this.parents.addIfChanged(oidKey(to, oid), lsn, parentOid);
    for (const [oid, filenode] of rowsOf(this.mapped)) this.putMapped(to, oid, filenode, lsn);
  }

  /** A row that was there before `lsn`: counts if nothing from before is known. */
  putBefore(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    if (!this.classes.reaches(oidKey(owningDatabase(databaseOid, row), row.oid), lsn)) {
      this.putClass(databaseOid, row, lsn);
    }
  }

  /** A row of a relation of which nothing else is known, or a file of it. */
  putIfUnknown(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    if (this.classes.has(oidKey(owningDatabase(databaseOid, row), row.oid))) {
      this.putFileIfUnknown(databaseOid, row, lsn);
    } else this.putClass(databaseOid, row, lsn);
  }

  /** A file that a relation had at some time: says whose it is, not what the relation is now. */
  putFileIfUnknown(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    const key = fileKey(row.tablespaceOid, owningDatabase(databaseOid, row), row.filenode);
    if (row.filenode !== 0 && !this.#files.has(key)) this.putFile(databaseOid, row, row.filenode, lsn);
  }

  /** Statistics of a relation changed; nothing else of it did. */
  refreshStatistics(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    const key = oidKey(owningDatabase(databaseOid, row), row.oid);
    const known = this.classes.reaches(key, lsn) ? this.classes.at(key, lsn) : undefined;
    if (known === undefined) this.putClass(databaseOid, row, lsn);
    else if (known.estimatedRows !== row.estimatedRows) {
      this.classes.replaceAt(key, lsn, { ...known, estimatedRows: row.estimatedRows });
    }
  }

  /** The row of a relation; of a shared one, or one of PostgreSQL's own, whatever the database. */
  rowOf(databaseOid: number, oid: number, lsn: Lsn): OwnedRow | undefined {
    const own = this.classes.at(oidKey(databaseOid, oid), lsn);
    if (own !== undefined) return { databaseOid, row: own };
    if (oid >= FIRST_NORMAL_OID) return undefined;
    const shared = this.classes.at(oidKey(0, oid), lsn);
    const row = shared ?? this.#ownRows.get(oid);
    return row === undefined ? undefined : { databaseOid: shared === undefined ? databaseOid : 0, row };
  }

  /** The row of the relation whose file it is. One of PostgreSQL's own files is the same relation's in a database not known. */
  rowOfFile({ databaseOid, tablespaceOid, filenode }: RelationFile, lsn: Lsn): OwnedRow | undefined {
    const owner =
      this.#files.at(fileKey(tablespaceOid, databaseOid, filenode), lsn) ??
      (this.#mayBeDefault(tablespaceOid, databaseOid)
        ? this.#files.at(fileKey(0, databaseOid, filenode), lsn)
        : undefined);
    if (owner !== undefined) return this.rowOf(owner.databaseOid, owner.oid, lsn);
    const like = this.#ownFiles.at(filenode, lsn, (one) => (one.databaseOid === 0) === (databaseOid === 0));
    return like === undefined ? undefined : this.rowOf(databaseOid, like.oid, lsn);
  }

  /** A database's default, in which relations are that name none. */
  addDefaultTablespace(databaseOid: number, tablespaceOid: number): void {
    const known = this.#defaultTablespaces.get(databaseOid) ?? new Set();
    this.#defaultTablespaces.set(databaseOid, known.add(tablespaceOid));
  }

  #mayBeDefault(tablespaceOid: number, databaseOid: number): boolean {
    return this.#defaultTablespaces.get(databaseOid)?.has(tablespaceOid) ?? true;
  }
}
