/**
 * The rows of naming catalogs by their places on pages, as bytes: what an update in the WAL refers to.
 *
 * A page is not replayed. A place keeps what was last written there, until it is written again; nothing that refers to it
 * comes in between. What a snapshot said of a place before reading began is not sure: the place may have been used
 * again since.
 *
 * @module
 */

import type { CatalogChange, NamingCatalog } from '../../postgres/wal-records/catalog-change.ts';
import type { PendingRow } from './pending-rows.ts';

/** The row at a place. */
export interface SlotRow {
  /** The beginning of its column data. */
  readonly data: Buffer;
  /** Length of all of it. */
  readonly totalBytes: number;
  readonly isSure: boolean;
  /** The change of a transaction that has not ended, which put it there. */
  readonly pending: PendingRow | undefined;
  /** Who made it, where an image or an update told; 0 if not. */
  readonly insertedBy: number;
  /** Who wrote the image that it was read from; `undefined` if it was no image. */
  readonly imageXid: number | undefined;
}

type Update = Extract<CatalogChange, { kind: 'catalogUpdate' }>;

/** Places are numbers: 2^11 line pointers are more than a page of 32 KiB has. */
const OFFSETS = 2048;

/** Rows by catalog, database and place. */
export class RowSlots {
  readonly #slots = new Map<string, Map<number, SlotRow>>();

  #of(catalog: NamingCatalog, databaseOid: number): Map<number, SlotRow> {
    const key = `${catalog} ${databaseOid}`;
    const known = this.#slots.get(key) ?? new Map<number, SlotRow>();
    this.#slots.set(key, known);
    return known;
  }

  get(catalog: NamingCatalog, databaseOid: number, block: number, offset: number): SlotRow | undefined {
    return this.#of(catalog, databaseOid).get(block * OFFSETS + offset);
  }

  set(catalog: NamingCatalog, databaseOid: number, block: number, offset: number, row: SlotRow | undefined): void {
    const slots = this.#of(catalog, databaseOid);
    if (row === undefined) slots.delete(block * OFFSETS + offset);
    else slots.set(block * OFFSETS + offset, row);
  }

  /** The catalog was rewritten by `xid`: only images that it logged itself can be of the new file, and they are not sure. */
  moved(catalog: NamingCatalog, databaseOid: number, xid: number): void {
    const slots = this.#of(catalog, databaseOid);
    for (const [place, row] of slots) {
      if (row.imageXid === xid) slots.set(place, { ...row, isSure: false });
      else slots.delete(place);
    }
  }
}

/**
 * The new row of an update: the old one's beginning and end around what the record holds.
 *
 * @param neededBytes how much of it is wanted; less is kept of rows.
 * @returns `undefined` if the old row is not known as far as it is needed.
 */
export function splice(
  old: SlotRow | undefined,
  { prefixBytes, suffixBytes, data }: Update,
  neededBytes: number,
): Pick<SlotRow, 'data' | 'totalBytes'> | undefined {
  if (data === undefined) return undefined;
  const totalBytes = prefixBytes + data.length + suffixBytes;
  const wantedBytes = Math.min(neededBytes, totalBytes);
  if (prefixBytes === 0 && data.length >= wantedBytes) return { data, totalBytes };
  if (old === undefined || prefixBytes + suffixBytes > old.totalBytes) return undefined;
  const suffixStart = old.totalBytes - suffixBytes;
  const fromSuffix = Math.max(0, wantedBytes - prefixBytes - data.length);
  const isKnown = Math.min(prefixBytes, wantedBytes) <= old.data.length;
  if (!isKnown || (fromSuffix > 0 && suffixStart + fromSuffix > old.data.length)) return undefined;
  const suffix = old.data.subarray(suffixStart);
  return { data: Buffer.concat([old.data.subarray(0, prefixBytes), data, suffix]), totalBytes };
}
