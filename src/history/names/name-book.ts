/**
 * All that is known of the names of relations along one line of history: from snapshots of the catalogs, and from the changes
 * to the catalogs that the WAL holds.
 *
 * What is known from a position on is also the answer for earlier positions of which nothing is known: a file's number
 * is not used again soon, and a relation keeps its oid.
 *
 * @module
 */

import type { CatalogRow, ClassRow } from '../../postgres/catalog-rows.ts';
import { wasRunning, type CatalogSnapshot, type DatabaseCatalog } from '../../postgres/catalog-snapshot.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import type { RelationFile } from '../../postgres/relation-file.ts';
import type { CatalogFile } from '../../postgres/wal-records/catalog-files.ts';
import type { DatabaseCreated } from '../../postgres/wal-records/wal-event.ts';
import { FIRST_NORMAL_OID, NameTables, oidKey, type OwnedRow } from './name-tables.ts';
import type { Relation, RelationNames } from './relation-names.ts';
import { relationOf } from './relation-of.ts';

/** Schemas that every database has under these oids (`src/include/catalog/pg_namespace.dat`). */
const FIXED_SCHEMAS: ReadonlyMap<number, string> = new Map([
  [11, 'pg_catalog'],
  [99, 'pg_toast'],
  [2200, 'public'],
]);
const GLOBAL_TABLESPACE_OID = 1664;
const DEFAULT_TABLESPACE_OID = 1663;

/** The names of one line of history. */
export class NameBook implements RelationNames {
  readonly #tables = new NameTables();
  readonly #defaultTablespaces = new Map<number, number>();
  readonly #snapshots: CatalogSnapshot[] = [];

  /** The snapshots that were added, oldest first. */
  get snapshots(): readonly CatalogSnapshot[] {
    return this.#snapshots;
  }

  /** Adds all that a snapshot tells, from its position on. */
  addSnapshot(snapshot: CatalogSnapshot): void {
    this.#snapshots.push(snapshot);
    this.#snapshots.sort((a, b) => Number(a.lsn - b.lsn));
    for (const database of snapshot.databases) this.#addDatabase(database);
  }

  #addDatabase(database: DatabaseCatalog): void {
    const { oid: databaseOid, lsn } = database;
    const tables = this.#tables;
    tables.databases.addIfChanged(databaseOid, lsn, database.name);
    this.#defaultTablespaces.set(databaseOid, database.tablespaceOid);
    tables.addDefaultTablespace(databaseOid, database.tablespaceOid);
    for (const { oid, name } of database.schemas) tables.schemas.addIfChanged(oidKey(databaseOid, oid), lsn, name);
    for (const row of database.relations) tables.putClass(databaseOid, row, lsn);
    for (const row of database.parents) tables.putParent(databaseOid, row, lsn);
    const byOid = new Map(database.relations.map((row) => [row.oid, row]));
    for (const { oid, filenode } of database.mapped) {
      const row = byOid.get(oid);
      if (row !== undefined) tables.putMapped(row.isShared ? 0 : databaseOid, oid, filenode, lsn);
    }
  }

  /** Adds what a snapshot of another line tells: only of relations and files of which nothing else does. */
  addHint({ databases }: CatalogSnapshot): void {
    const tables = this.#tables;
    for (const { oid: databaseOid, name, lsn, schemas, relations, parents } of databases) {
      if (!tables.databases.has(databaseOid)) tables.databases.add(databaseOid, lsn, name);
      for (const { oid, name: schemaName } of schemas) {
        const key = oidKey(databaseOid, oid);
        if (!tables.schemas.has(key)) tables.schemas.add(key, lsn, schemaName);
      }
      for (const row of parents) {
        if (!tables.parents.has(oidKey(databaseOid, row.oid))) tables.putParent(databaseOid, row, lsn);
      }
      for (const row of relations) tables.putIfUnknown(databaseOid, row, lsn);
    }
  }

  /** Adds a row from `lsn` on. @param xid who committed it, where that is known. */
  put(databaseOid: number, row: CatalogRow, lsn: Lsn, xid?: number): void {
    for (const from of [lsn, ...this.#blindSnapshots(databaseOid, lsn, xid)]) this.#tables.put(databaseOid, row, from);
  }

  /** Removes what a row told from `lsn` on. Names stay: they are asked for when they are gone, too. */
  remove(databaseOid: number, { catalog, row }: CatalogRow, lsn: Lsn): void {
    if (catalog !== 'pg_inherits' || row.sequence !== 1) return;
    this.#tables.parents.add(oidKey(databaseOid, row.oid), lsn, 0);
  }

  /**
   * A database was made as a copy of another's files: they have the numbers that they had, and what they are is known from the
   * other.
   */
  copyDatabase({ databaseOid, tablespaceOid, copyOf, lsn }: DatabaseCreated): void {
    if (copyOf === undefined) return;
    this.#tables.addDefaultTablespace(databaseOid, tablespaceOid);
    if (copyOf.tablespaceOid === this.#defaultTablespace(copyOf.databaseOid)) {
      this.#defaultTablespaces.set(databaseOid, tablespaceOid);
    }
    this.#tables.copyDatabase(copyOf.databaseOid, databaseOid, lsn);
  }

  /** Where snapshots show the state from before a transaction that committed below them. */
  #blindSnapshots(databaseOid: number, lsn: Lsn, xid: number | undefined): Lsn[] {
    if (xid === undefined) return [];
    return this.#snapshots.flatMap(({ databases }) =>
      databases
        .filter(({ oid, lsn: at, snapshot }) => oid === databaseOid && at > lsn && wasRunning(snapshot, xid))
        .map(({ lsn: at }) => at),
    );
  }

  /** A mapped catalog has this file. @returns whether it is another than before. */
  putMappedFile(databaseOid: number, oid: number, filenode: number, lsn: Lsn): boolean {
    return this.#tables.putMapped(databaseOid, oid, filenode, lsn);
  }

  /** A row that was there before `lsn`: counts if nothing from before is known. */
  putBefore(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    this.#tables.putBefore(databaseOid, row, lsn);
  }

  /** A row of a relation of which nothing else is known, or a file of it. */
  putIfUnknown(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    this.#tables.putIfUnknown(databaseOid, row, lsn);
  }

  /** A file that a relation had at some time: says whose it is, not what the relation is now. */
  putFileIfUnknown(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    this.#tables.putFileIfUnknown(databaseOid, row, lsn);
  }

  /** Statistics of a relation changed; nothing else of it did. */
  refreshStatistics(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    this.#tables.refreshStatistics(databaseOid, row, lsn);
  }

  /** The row of a relation as it is known at a position. */
  classRow(databaseOid: number, oid: number, lsn: Lsn): ClassRow | undefined {
    return this.#tables.rowOf(databaseOid, oid, lsn)?.row;
  }

  ofFile(file: RelationFile, lsn: Lsn): Relation | undefined {
    return this.#compose(this.#tables.rowOfFile(file, lsn), lsn);
  }

  ofOid(databaseOid: number, oid: number, lsn: Lsn): Relation | undefined {
    return this.#compose(this.#tables.rowOf(databaseOid, oid, lsn), lsn);
  }

  /** A relation by a row that need not be of a transaction that committed. */
  ofRow(databaseOid: number, row: ClassRow, lsn: Lsn): Relation | undefined {
    return this.#compose({ databaseOid: row.isShared ? 0 : databaseOid, row }, lsn);
  }

  #compose(owned: OwnedRow | undefined, lsn: Lsn): Relation | undefined {
    if (owned === undefined) return undefined;
    const { databaseOid, row } = owned;
    const { schemas, parents, toastOwners } = this.#tables;
    const key = oidKey(databaseOid, row.oid);
    return relationOf(row, {
      databaseOid,
      databaseName: this.databaseName(databaseOid, lsn),
      schemaName: schemas.at(oidKey(databaseOid, row.schemaOid), lsn) ?? FIXED_SCHEMAS.get(row.schemaOid),
      isCatalog: row.oid < FIRST_NORMAL_OID,
      tablespaceOid: row.tablespaceOid === 0 ? this.#defaultTablespace(databaseOid) : row.tablespaceOid,
      toastOwnerOid: toastOwners.at(key, lsn),
      parentOid: parents.at(key, lsn) || undefined,
    });
  }

  #defaultTablespace(databaseOid: number): number {
    if (databaseOid === 0) return GLOBAL_TABLESPACE_OID;
    return this.#defaultTablespaces.get(databaseOid) ?? DEFAULT_TABLESPACE_OID;
  }

  databaseName(databaseOid: number, lsn: Lsn): string | undefined {
    return this.#tables.databases.at(databaseOid, lsn);
  }

  /** Every relation that is or was known, under each name that it had. */
  *relations(): Generator<Relation> {
    for (const [key, versions] of this.#tables.classes.entries()) {
      const databaseOid = Number(key.slice(0, key.indexOf('/')));
      for (const { lsn, value: row } of versions) {
        const relation = this.#compose({ databaseOid, row }, lsn);
        if (relation !== undefined) yield relation;
      }
    }
  }

  /** Every database that is or was known, under each name that it had. */
  *databases(): Generator<{ readonly oid: number; readonly name: string }> {
    for (const [oid, versions] of this.#tables.databases.entries()) {
      for (const { value: name } of versions) yield { oid, name };
    }
  }

  named(name: string): readonly Relation[] {
    const found: Relation[] = [];
    for (const [key, versions] of this.#tables.classes.entries()) {
      const databaseOid = Number(key.slice(0, key.indexOf('/')));
      for (const { lsn, value: row } of versions) {
        if (row.name !== name && !name.endsWith(`.${row.name}`)) continue;
        const relation = this.#compose({ databaseOid, row }, lsn);
        if (relation === undefined || (row.name !== name && `${relation.schemaName}.${row.name}` !== name)) continue;
        found.push(relation);
        break;
      }
    }
    return found;
  }

  /** Files of the naming catalogs that are not their first ones, which no oid tells: for whoever reads their records. */
  catalogFiles(): CatalogFile[] {
    return [...this.#tables.rewrittenCatalogs].map(({ catalog, databaseOid, filenode }) => {
      return { catalog, file: { tablespaceOid: this.#defaultTablespace(databaseOid), databaseOid, filenode } };
    });
  }
}
