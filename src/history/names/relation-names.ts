/**
 * Names of relations at a moment, as far as they are known.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';
import type { RelationFile } from '../../postgres/relation-file.ts';

/** `pg_class.relkind`, in words. */
export type RelationKind =
  | 'table'
  | 'partitionedTable'
  | 'index'
  | 'partitionedIndex'
  | 'toast'
  | 'materializedView'
  | 'sequence'
  | 'view'
  | 'compositeType'
  | 'foreignTable';

/** One relation as the catalogs had it. */
export interface Relation {
  readonly databaseOid: number;
  readonly databaseName: string | undefined;
  readonly oid: number;
  /** `undefined` while only its oid is known. */
  readonly schemaName: string | undefined;
  readonly name: string;
  readonly kind: RelationKind;
  readonly isUnlogged: boolean;
  /** Below 16384: PostgreSQL's own. */
  readonly isCatalog: boolean;
  /** 0 for relations without a file of their own, and for mapped catalogs. */
  readonly filenode: number;
  readonly tablespaceOid: number;
  /** The TOAST table of this relation, or 0. */
  readonly toastOid: number;
  /** The relation that this TOAST table belongs to. */
  readonly toastOwnerOid: number | undefined;
  /** The table that this one is a partition or child of. */
  readonly parentOid: number | undefined;
  /** `reltuples`: rows by the last VACUUM or ANALYZE; `undefined` before the first. */
  readonly estimatedRows: number | undefined;
}

/** Looks names up. Positions are those of the record in question: names change. */
export interface RelationNames {
  /** The relation whose file this was at `lsn`. */
  ofFile(file: RelationFile, lsn: Lsn): Relation | undefined;
  ofOid(databaseOid: number, oid: number, lsn: Lsn): Relation | undefined;
  databaseName(databaseOid: number, lsn: Lsn): string | undefined;
  /** All relations of that name known at any time: `name`, `schema.name`; for --table, --before-drop. */
  named(name: string): readonly Relation[];
}
