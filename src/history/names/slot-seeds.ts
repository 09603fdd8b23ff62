/**
 * The rows of snapshots as bytes at their places, for updates in the WAL that say only what differs.
 *
 * A snapshot that lies within what is read says surely what is at a place when reading reaches it. One from before says
 * what was there then.
 *
 * @module
 */

import { encodeClassRow, encodeInheritsRow, encodeNamedRow } from '../../postgres/catalog-row-bytes.ts';
import type { CatalogSnapshot, DatabaseCatalog, RowPlace } from '../../postgres/catalog-snapshot.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import type { Major } from '../../postgres/versions.ts';
import type { NamingCatalog } from '../../postgres/wal-records/catalog-change.ts';
import type { RowSlots } from './row-slots.ts';

/** Puts them there as reading goes on. */
export class SlotSeeds {
  readonly #slots: RowSlots;
  readonly #major: Major;
  /** Not yet reached, the next one last. */
  readonly #waiting: DatabaseCatalog[];

  constructor(snapshots: readonly CatalogSnapshot[], slots: RowSlots, major: Major, startLsn: Lsn) {
    this.#slots = slots;
    this.#major = major;
    const databases = snapshots.flatMap((snapshot) => snapshot.databases).sort((a, b) => Number(a.lsn - b.lsn));
    this.#waiting = databases.filter(({ lsn }) => lsn >= startLsn).reverse();
    const before = new Map(databases.filter(({ lsn }) => lsn < startLsn).map((database) => [database.oid, database]));
    for (const database of before.values()) this.#seed(database, false);
  }

  /** Reading has come to `lsn`. */
  advance(lsn: Lsn): void {
    for (let next = this.#waiting.at(-1); next !== undefined && next.lsn <= lsn; next = this.#waiting.at(-1)) {
      this.#waiting.pop();
      this.#seed(next, true);
    }
  }

  #seed(database: DatabaseCatalog, isSure: boolean): void {
    for (const row of database.relations)
      this.#put('pg_class', database.oid, row, encodeClassRow(row, this.#major), isSure);
    for (const row of database.schemas) this.#put('pg_namespace', database.oid, row, encodeNamedRow(row), isSure);
    for (const row of database.parents) this.#put('pg_inherits', database.oid, row, encodeInheritsRow(row), isSure);
    this.#put('pg_database', 0, database, encodeNamedRow(database), isSure);
  }

  /** What the WAL wrote at the place is newer, or the same. */
  #put(
    catalog: NamingCatalog,
    databaseOid: number,
    row: { place: RowPlace },
    data: Buffer | undefined,
    isSure: boolean,
  ) {
    const { block, offset, dataBytes } = row.place;
    const known = this.#slots.get(catalog, databaseOid, block, offset);
    if (data === undefined || known?.isSure === true) return;
    this.#slots.set(catalog, databaseOid, block, offset, {
      data,
      totalBytes: dataBytes,
      isSure,
      pending: undefined,
      insertedBy: 0,
      imageXid: undefined,
    });
  }
}
