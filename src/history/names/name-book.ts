/**
 * All that is known of the names of relations along one line of history: from snapshots of the catalogs, and from the changes
 * to the catalogs that the WAL holds.
 *
 * What is known from a position on is also the answer for earlier positions of which nothing is known: a file's number
 * is not used again soon, and a relation keeps its oid.
 *
 * @module
 */

import { isSameClassRow, type CatalogRow, type ClassRow, type InheritsRow } from '../../postgres/catalog-rows.ts';
import { wasRunning, type CatalogSnapshot, type DatabaseCatalog } from '../../postgres/catalog-snapshot.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import type { RelationFile } from '../../postgres/relation-file.ts';
import type { Relation, RelationNames } from './relation-names.ts';
import { relationOf } from './relation-of.ts';
import { VersionedMap } from './versions.ts';

/** Whose file a number is. */
interface FileOwner {
  readonly databaseOid: number;
  readonly oid: number;
  /** 0: the database's default. */
  readonly tablespaceOid: number;
}

/** oids below this are PostgreSQL's own (`FirstNormalObjectId`), and the same in each database. */
const FIRST_NORMAL_OID = 16384;
/** Schemas that every database has under these oids (`src/include/catalog/pg_namespace.dat`). */
const FIXED_SCHEMAS: ReadonlyMap<number, string> = new Map([
  [11, 'pg_catalog'],
  [99, 'pg_toast'],
  [2200, 'public'],
]);
const GLOBAL_TABLESPACE_OID = 1664;
const DEFAULT_TABLESPACE_OID = 1663;
const PG_CLASS_OID = 1259;

function keyOf(databaseOid: number, oid: number): string {
  return `${databaseOid}/${oid}`;
}

function isSameOwner(a: FileOwner, b: FileOwner): boolean {
  return a.oid === b.oid && a.databaseOid === b.databaseOid && a.tablespaceOid === b.tablespaceOid;
}

/** The names of one line of history. */
export class NameBook implements RelationNames {
  readonly #classes = new VersionedMap<string, ClassRow>();
  readonly #schemas = new VersionedMap<string, string>();
  readonly #parents = new VersionedMap<string, number>();
  readonly #toastOwners = new VersionedMap<string, number>();
  readonly #databases = new VersionedMap<number, string>();
  readonly #defaultTablespaces = new Map<number, number>();
  /** By database and number: the same number in two tablespaces of a database is two owners of one key. */
  readonly #files = new VersionedMap<string, FileOwner>();
  /** Owners of PostgreSQL's own files, whose first numbers are the same in each database. */
  readonly #ownFiles = new VersionedMap<number, FileOwner>();
  /** By database and oid: the files of mapped catalogs. */
  readonly #mappedFiles = new VersionedMap<string, number>();
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
    this.#databases.addIfChanged(databaseOid, lsn, database.name);
    this.#defaultTablespaces.set(databaseOid, database.tablespaceOid);
    for (const { oid, name } of database.schemas) this.#schemas.addIfChanged(keyOf(databaseOid, oid), lsn, name);
    for (const row of database.relations) this.#putClass(databaseOid, row, lsn);
    for (const row of database.parents) this.#putParent(databaseOid, row, lsn);
    const byOid = new Map(database.relations.map((row) => [row.oid, row]));
    for (const { oid, filenode } of database.mapped) {
      const row = byOid.get(oid);
      if (row === undefined) continue;
      this.#mappedFiles.addIfChanged(keyOf(row.isShared ? 0 : databaseOid, oid), lsn, filenode);
      this.#putFile(databaseOid, row, filenode, lsn);
    }
  }

  /** Adds a row from `lsn` on. @param xid who committed it, where that is known. */
  put(databaseOid: number, { catalog, row }: CatalogRow, lsn: Lsn, xid?: number): void {
    for (const from of [lsn, ...this.#blindSnapshots(databaseOid, lsn, xid)]) {
      if (catalog === 'pg_class') this.#putClass(databaseOid, row, from);
      else if (catalog === 'pg_inherits') this.#putParent(databaseOid, row, from);
      else if (catalog === 'pg_namespace') this.#schemas.addIfChanged(keyOf(databaseOid, row.oid), from, row.name);
      else this.#databases.addIfChanged(row.oid, from, row.name);
    }
  }

  /** Removes what a row told from `lsn` on. Names stay: they are asked for when they are gone, too. */
  remove(databaseOid: number, { catalog, row }: CatalogRow, lsn: Lsn): void {
    if (catalog === 'pg_inherits' && row.sequence === 1) this.#parents.add(keyOf(databaseOid, row.oid), lsn, 0);
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

  /** Of several parents (which partitions never have) the first counts. */
  #putParent(databaseOid: number, { oid, parentOid, sequence }: InheritsRow, lsn: Lsn): void {
    if (sequence === 1) this.#parents.addIfChanged(keyOf(databaseOid, oid), lsn, parentOid);
  }

  #putClass(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    const owningOid = row.isShared ? 0 : databaseOid;
    this.#classes.addIfChanged(keyOf(owningOid, row.oid), lsn, row, isSameClassRow);
    if (row.toastOid !== 0) this.#toastOwners.addIfChanged(keyOf(owningOid, row.toastOid), lsn, row.oid);
    if (row.filenode !== 0) this.#putFile(databaseOid, row, row.filenode, lsn);
  }

  #putFile(databaseOid: number, row: ClassRow, filenode: number, lsn: Lsn): void {
    const owningOid = row.isShared ? 0 : databaseOid;
    const owner = { databaseOid: owningOid, oid: row.oid, tablespaceOid: row.tablespaceOid };
    this.#files.addIfChanged(keyOf(owningOid, filenode), lsn, owner, isSameOwner);
    if (filenode < FIRST_NORMAL_OID) this.#ownFiles.addIfChanged(filenode, lsn, owner, isSameOwner);
  }

  /** A mapped catalog has this file. @returns whether it is another than before; the first file has the oid's number. */
  putMappedFile(databaseOid: number, oid: number, filenode: number, lsn: Lsn): boolean {
    const key = keyOf(databaseOid, oid);
    const before = this.#mappedFiles.at(key, lsn) ?? oid;
    this.#mappedFiles.addIfChanged(key, lsn, filenode);
    this.#files.addIfChanged(keyOf(databaseOid, filenode), lsn, { databaseOid, oid, tablespaceOid: 0 }, isSameOwner);
    return before !== filenode;
  }

  /** Every file that `pg_class` of some database is known to have had, where that is not the first: those found by no oid. */
  pgClassFiles(): RelationFile[] {
    return [...this.#mappedFiles.entries()].flatMap(([key, versions]) => {
      const [databaseOid = 0, oid] = key.split('/').map(Number);
      const tablespaceOid = this.#defaultTablespaces.get(databaseOid) ?? DEFAULT_TABLESPACE_OID;
      return oid === PG_CLASS_OID
        ? versions.map(({ value: filenode }) => ({ tablespaceOid, databaseOid, filenode }))
        : [];
    });
  }

  /** A row of a relation of which nothing else is known, or a file of it. */
  putIfUnknown(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    const owningOid = row.isShared ? 0 : databaseOid;
    if (!this.#classes.has(keyOf(owningOid, row.oid))) this.#putClass(databaseOid, row, lsn);
    else this.putFileIfUnknown(databaseOid, row, lsn);
  }

  /** A file that a relation had at some time: says whose it is, not what the relation is now. */
  putFileIfUnknown(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    const owningOid = row.isShared ? 0 : databaseOid;
    if (row.filenode === 0 || this.#files.has(keyOf(owningOid, row.filenode))) return;
    this.#putFile(databaseOid, row, row.filenode, lsn);
  }

  /** Statistics of a relation changed; nothing else of it did. */
  refreshStatistics(databaseOid: number, row: ClassRow, lsn: Lsn): void {
    const key = keyOf(row.isShared ? 0 : databaseOid, row.oid);
    const known = this.#classes.at(key, lsn);
    if (known === undefined) this.#putClass(databaseOid, row, lsn);
    else if (known.estimatedRows !== row.estimatedRows) {
      this.#classes.replaceAt(key, lsn, { ...known, estimatedRows: row.estimatedRows });
    }
  }

  /** The row of a relation as it is known at a position. */
  classRow(databaseOid: number, oid: number, lsn: Lsn): ClassRow | undefined {
    return this.#classes.at(keyOf(databaseOid, oid), lsn) ?? this.#sharedRow(oid, lsn);
  }

  #sharedRow(oid: number, lsn: Lsn): ClassRow | undefined {
    return oid < FIRST_NORMAL_OID ? this.#classes.at(keyOf(0, oid), lsn) : undefined;
  }

  ofFile(file: RelationFile, lsn: Lsn): Relation | undefined {
    const key = keyOf(file.databaseOid, file.filenode);
    const owner =
      this.#files.at(key, lsn, ({ tablespaceOid }) => tablespaceOid === file.tablespaceOid) ??
      this.#files.at(key, lsn, ({ tablespaceOid }) => tablespaceOid === 0 || file.databaseOid === 0);
    if (owner !== undefined) return this.ofOid(owner.databaseOid, owner.oid, lsn);
    const own = this.#ownFiles.at(file.filenode, lsn);
    const row = own === undefined ? undefined : this.#classes.at(keyOf(own.databaseOid, own.oid), lsn);
    return row === undefined || own === undefined ? undefined : this.#compose(file.databaseOid, row, lsn);
  }

  ofOid(databaseOid: number, oid: number, lsn: Lsn): Relation | undefined {
    const row = this.classRow(databaseOid, oid, lsn);
    return row === undefined ? undefined : this.#compose(databaseOid, row, lsn);
  }

  /** A relation by a row that may be of no transaction that has committed. */
  ofRow(databaseOid: number, row: ClassRow, lsn: Lsn): Relation | undefined {
    return this.#compose(databaseOid, row, lsn);
  }

  #compose(databaseOid: number, row: ClassRow, lsn: Lsn): Relation | undefined {
    const owningOid = row.isShared ? 0 : databaseOid;
    const key = keyOf(owningOid, row.oid);
    const ownTablespaceOid = this.#defaultTablespaces.get(databaseOid) ?? DEFAULT_TABLESPACE_OID;
    return relationOf(row, {
      databaseOid: owningOid,
      databaseName: this.databaseName(owningOid, lsn),
      schemaName: this.#schemas.at(keyOf(databaseOid, row.schemaOid), lsn) ?? FIXED_SCHEMAS.get(row.schemaOid),
      isCatalog: row.oid < FIRST_NORMAL_OID,
      tablespaceOid: row.tablespaceOid || (row.isShared ? GLOBAL_TABLESPACE_OID : ownTablespaceOid),
      toastOwnerOid: this.#toastOwners.at(key, lsn),
      parentOid: this.#parents.at(key, lsn) || undefined,
    });
  }

  databaseName(databaseOid: number, lsn: Lsn): string | undefined {
    return this.#databases.at(databaseOid, lsn);
  }

  named(name: string): readonly Relation[] {
    const found: Relation[] = [];
    for (const [key, versions] of this.#classes.entries()) {
      const [databaseOid] = key.split('/').map(Number);
      for (const { lsn, value } of versions) {
        if (value.name !== name && !name.endsWith(`.${value.name}`)) continue;
        const relation = this.#compose(databaseOid ?? 0, value, lsn);
        const isIt = relation?.name === name || `${relation?.schemaName}.${relation?.name}` === name;
        if (relation === undefined || !isIt) continue;
        found.push(relation);
        break;
      }
    }
    return found;
  }
}
