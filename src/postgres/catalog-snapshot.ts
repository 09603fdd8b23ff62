/**
 * The catalogs of all databases of a server at one time, as far as names of relations need them.
 *
 * @module
 */

import type { ClassRow, InheritsRow, NamedRow } from './catalog-rows.ts';
import type { Lsn } from './lsn.ts';
import type { Major } from './versions.ts';

/** Where a row stood in its catalog, and how long its column data is: what an update in the WAL may refer to. */
export interface RowPlace {
  readonly block: number;
  /** Line pointer, from 1. */
  readonly offset: number;
  readonly dataBytes: number;
}

/** A row of `pg_class` with what a whole one holds besides. */
export interface PlacedClassRow extends ClassRow {
  readonly place: RowPlace;
  /** The columns between those of {@link ClassRow}, in their order. */
  readonly typeOid: number;
  readonly ofTypeOid: number;
  readonly ownerOid: number;
  readonly accessMethodOid: number;
  readonly pages: number;
  readonly allVisiblePages: number;
  /** 18 and later. */
  readonly allFrozenPages: number;
  readonly hasIndex: boolean;
}

/** One database. Where it could not be read, its lists are empty and `problem` says why. */
export interface DatabaseCatalog extends NamedRow {
  /** Its row in `pg_database`. */
  readonly place: RowPlace;
  readonly tablespaceOid: number;
  readonly problem: string | undefined;
  /** The WAL's end just before it was read. What committed before is in it, but for what `snapshot` did not see yet. */
  readonly lsn: Lsn;
  /** `pg_current_snapshot()` of the reader, low 32 bits: it saw no transaction from `xmax` on, and none of `running`. */
  readonly snapshot: { readonly xmax: number; readonly running: readonly number[] };
  readonly schemas: readonly (NamedRow & { readonly place: RowPlace })[];
  readonly relations: readonly PlacedClassRow[];
  readonly parents: readonly (InheritsRow & { readonly place: RowPlace })[];
  /** Files of the mapped catalogs, the shared ones included: their `pg_class` row has none. */
  readonly mapped: readonly { readonly oid: number; readonly filenode: number }[];
}

/** All of them. */
export interface CatalogSnapshot {
  readonly systemIdentifier: bigint;
  readonly major: Major;
  readonly timeline: number;
  /** The WAL's end before the first database was read. */
  readonly lsn: Lsn;
  /** Microseconds since the Unix epoch. */
  readonly takenAtUs: bigint;
  readonly databases: readonly DatabaseCatalog[];
}

/** True if a transaction had not ended for whoever read the database, wherever its commit lies in the WAL. */
export function wasRunning({ xmax, running }: DatabaseCatalog['snapshot'], xid: number): boolean {
  return ((xid - xmax) | 0) >= 0 || running.includes(xid);
}
