/**
 * Follows the naming catalogs through the WAL, and writes into a book what transactions made of them when they commit.
 *
 * Whoever reads the WAL hands it every change in LSN order, and tells it how each transaction family ended.
 *
 * @module
 */

import { neededRowBytes, parseCatalogRow, type CatalogRow } from '../../postgres/catalog-rows.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import type { Major } from '../../postgres/versions.ts';
import type { CatalogChange, CatalogRowBytes, NamingCatalog } from '../../postgres/wal-records/catalog-change.ts';
import type { DatabaseCreated, RelationMapChanged, RelationOid } from '../../postgres/wal-records/wal-event.ts';
import { CatalogImages } from './catalog-images.ts';
import type { NameBook } from './name-book.ts';
import { NAMING_CATALOG_OIDS } from './name-tables.ts';
import { PendingRows, type PendingRow } from './pending-rows.ts';
import { transitionsOf, type RelationTransition } from './relation-transitions.ts';
import { RowSlots, splice, type SlotRow } from './row-slots.ts';
import { SlotSeeds } from './slot-seeds.ts';

/** How a family ended that changed catalogs. */
export interface CatalogCommit {
  /** The top transaction and its committed children. */
  readonly xids: readonly number[];
  /** The record that ended it. */
  readonly lsn: Lsn;
  /** Relations that its record names as changed: they confirm rows whose old version is from before what was read. */
  readonly invalidatedOids: readonly RelationOid[];
}

type Change<K extends CatalogChange['kind']> = Extract<CatalogChange, { kind: K }>;

/** Follows them. */
export class CatalogFollower {
  readonly #book: NameBook;
  readonly #major: Major;
  readonly #slots = new RowSlots();
  readonly #pending = new PendingRows();
  readonly #images: CatalogImages;
  readonly #seeds: SlotSeeds;

  /** @param startLsn where reading begins. */
  constructor(book: NameBook, major: Major, startLsn: Lsn) {
    this.#book = book;
    this.#major = major;
    this.#images = new CatalogImages(book, this.#pending);
    this.#seeds = new SlotSeeds(book.snapshots, this.#slots, major, startLsn);
  }

  /** True if a transaction that changed names has not ended. */
  get hasPending(): boolean {
    return !this.#pending.isEmpty;
  }

  /** Those that have not ended and changed names. */
  get pendingXids(): number[] {
    return this.#pending.xids;
  }

  /** Takes the next change. */
  follow(change: CatalogChange): void {
    this.#seeds.advance(change.lsn);
    if (change.kind === 'catalogRows') this.#rows(change);
    else if (change.kind === 'catalogUpdate') this.#update(change);
    else this.#delete(change);
  }

  /** Mapped catalogs have other files: of `pg_class` no row is where it was. */
  followRelationMap(event: RelationMapChanged): void {
    this.#seeds.advance(event.lsn);
    for (const { oid, filenode } of event.files) {
      const isNew = this.#book.putMappedFile(event.databaseOid, oid, filenode, event.lsn);
      const catalog = NAMING_CATALOG_OIDS.get(oid);
      if (isNew && catalog !== undefined) this.#slots.moved(catalog, event.databaseOid, event.xid);
    }
  }

  /** A database was made; the names of one that was copied are its template's. */
  followDatabase(event: DatabaseCreated): void {
    this.#seeds.advance(event.lsn);
    this.#book.copyDatabase(event);
  }

  #parse(catalog: NamingCatalog, data: Buffer): CatalogRow | undefined {
    return parseCatalogRow(catalog, data, this.#major);
  }

  #rows(change: Change<'catalogRows'>): void {
    const { catalog, databaseOid, block, isImage, rows } = change;
    const seen: { row: CatalogRow; bytes: CatalogRowBytes }[] = [];
    for (const bytes of rows) {
      const old = this.#slots.get(catalog, databaseOid, block, bytes.offset);
      const row = this.#parse(catalog, bytes.data);
      const pending = row === undefined ? undefined : this.#pendingOf(change, row, old);
      const { data, totalBytes, insertedBy } = bytes;
      const slot = { data, totalBytes, isSure: true, pending, insertedBy };
      const imageXid = isImage ? change.xid : undefined;
      this.#slots.set(catalog, databaseOid, block, bytes.offset, { ...slot, imageXid });
      if (row !== undefined && isImage) seen.push({ row, bytes });
    }
    if (isImage) this.#images.learn(databaseOid, seen, change.lsn);
  }

  /** What a whole row at a place means: an insert, an in-place change, or what was there already. */
  #pendingOf(change: Change<'catalogRows'>, row: CatalogRow, old: SlotRow | undefined): PendingRow | undefined {
    const { databaseOid, lsn, xid, isImage } = change;
    const pending = old?.pending;
    const isOpen = pending !== undefined && pending.isEnded !== true && pending.row.row.oid === row.row.oid;
    const open = isOpen ? pending : undefined;
    if (isImage) return open;
    if (xid !== 0) {
      const inserted = { kind: 'insert', lsn, databaseOid, row, before: undefined, isSure: true } as const;
      return this.#pending.add(xid, inserted);
    }
    if (open !== undefined) open.row = row;
    else if (row.catalog === 'pg_class') this.#book.refreshStatistics(databaseOid, row.row, lsn);
    return open;
  }

  #update(change: Change<'catalogUpdate'>): void {
    const { catalog, databaseOid, lsn, xid } = change;
    const old = this.#slots.get(catalog, databaseOid, change.oldBlock, change.oldOffset);
    const spliced = splice(old, change, neededRowBytes(catalog, this.#major));
    const row = spliced === undefined ? undefined : this.#parse(catalog, spliced.data);
    if (spliced === undefined || row === undefined) {
      this.#slots.set(catalog, databaseOid, change.block, change.offset, undefined);
      return;
    }
    const before = old === undefined ? undefined : this.#parse(catalog, old.data);
    const isSure = old === undefined ? true : old.isSure || change.prefixBytes + change.suffixBytes === 0;
    const pending = this.#pending.add(xid, { kind: 'update', lsn, databaseOid, row, before, isSure });
    this.#slots.set(catalog, databaseOid, change.block, change.offset, {
      ...spliced,
      isSure,
      pending,
      insertedBy: xid,
      imageXid: undefined,
    });
  }

  #delete({ catalog, databaseOid, block, offset, lsn, xid }: Change<'catalogDelete'>): void {
    const old = this.#slots.get(catalog, databaseOid, block, offset);
    const row = old === undefined ? undefined : this.#parse(catalog, old.data);
    if (row === undefined || old === undefined) return;
    const { isSure, insertedBy } = old;
    this.#pending.add(xid, { kind: 'delete', lsn, databaseOid, row, before: row, isSure, insertedBy });
  }

  /**
   * A family committed: the book has its changes from here on.
   *
   * @returns what became of each relation whose row it changed.
   */
  commit({ xids, lsn, invalidatedOids }: CatalogCommit): RelationTransition[] {
    const taken = this.#pending.take(xids);
    if (taken.length === 0) return [];
    const changes = taken.filter((change) => change.isSure || isNamed(change, invalidatedOids));
    return transitionsOf(this.#book, changes, { lsn, xids });
  }

  /** A family was prepared, or rolled back: files that it made have names although no catalog will show them. */
  learn(xids: readonly number[], lsn: Lsn): void {
    for (const { databaseOid, row, isSure, kind } of this.#pending.of(xids)) {
      if (isSure && kind !== 'delete' && row.catalog === 'pg_class') {
        this.#book.putIfUnknown(databaseOid, row.row, lsn);
      }
    }
  }

  /** A family was rolled back, or is known to be dead. */
  forget(xids: readonly number[], lsn: Lsn): void {
    this.#images.rolledBack(xids.filter((xid) => this.#pending.has(xid)));
    this.learn(xids, lsn);
    this.#pending.take(xids);
  }
}

function isNamed(change: PendingRow, oids: readonly RelationOid[]): boolean {
  const { row, databaseOid } = change;
  const named = (oid: number): boolean =>
    oids.some((at) => at.oid === oid && (at.databaseOid === databaseOid || at.databaseOid === 0));
  return row.catalog === 'pg_class' || row.catalog === 'pg_inherits' ? named(row.row.oid) : false;
}
