/**
 * What transactions that have not ended did to rows of naming catalogs.
 *
 * @module
 */

import type { CatalogRow } from '../../postgres/catalog-rows.ts';
import type { Lsn } from '../../postgres/lsn.ts';

/** One change of one row. */
export interface PendingRow {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly lsn: Lsn;
  readonly databaseOid: number;
  /** The new row; of a delete, the one that goes. An in-place change of it replaces it. */
  row: CatalogRow;
  /** What it was before; `undefined` if that is not known, or nothing. */
  readonly before: CatalogRow | undefined;
  /** False if the old row is from before what was read: it holds only if the transaction names the relation. */
  readonly isSure: boolean;
  /** Of a delete: who made the row that goes, where an image told. */
  readonly insertedBy?: number;
  /** Its transaction has ended: what happens to the row from now on is not part of it. */
  isEnded?: true;
}

/** The changes of all (sub)transactions that are open. */
export class PendingRows {
  readonly #byXid = new Map<number, PendingRow[]>();

  /** Adds a change, and gives it back. */
  add(xid: number, change: PendingRow): PendingRow {
    const changes = this.#byXid.get(xid);
    if (changes === undefined) this.#byXid.set(xid, [change]);
    else changes.push(change);
    return change;
  }

  get isEmpty(): boolean {
    return this.#byXid.size === 0;
  }

  /** Whose changes are held. */
  get xids(): number[] {
    return [...this.#byXid.keys()];
  }

  has(xid: number): boolean {
    return this.#byXid.has(xid);
  }

  /** The changes of a family in LSN order. */
  of(xids: readonly number[]): PendingRow[] {
    if (this.#byXid.size === 0) return [];
    const changes = xids.flatMap((xid) => this.#byXid.get(xid) ?? []);
    return changes.sort((a, b) => (a.lsn < b.lsn ? -1 : Number(a.lsn > b.lsn)));
  }

  /** Forgets a family; what it had done, in LSN order. */
  take(xids: readonly number[]): PendingRow[] {
    const changes = this.of(xids);
    for (const xid of xids) this.#byXid.delete(xid);
    for (const change of changes) change.isEnded = true;
    return changes;
  }
}
