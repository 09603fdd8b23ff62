/**
 * Rows of the catalogs that give relations their names, from the bytes that pages and WAL hold: only columns of fixed length,
 * which come first.
 *
 * A name is bytes in the database's encoding, of which nothing here is told: what is not valid UTF-8 is read as
 * Latin-1.
 *
 * Source: `src/include/catalog/pg_class.h` (`relallfrozen` came with 18, and moved what is behind it by four bytes),
 * `pg_namespace.h`, `pg_inherits.h`, `pg_database.h`.
 *
 * @module
 */

import type { Major } from './versions.ts';
import type { NamingCatalog } from './wal-records/catalog-change.ts';

/** What is read of a row of `pg_class`. Oids; 0 for none. */
export interface ClassRow {
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  /** 0 for relations without a file, and for mapped catalogs. */
  readonly filenode: number;
  /** 0: the database's default. */
  readonly tablespaceOid: number;
  /** `reltuples`; `undefined` before the first VACUUM or ANALYZE. */
  readonly estimatedRows: number | undefined;
  readonly toastOid: number;
  readonly isShared: boolean;
  /** `relpersistence`: `p`, `u`, `t`. */
  readonly persistence: string;
  /** `relkind`: `r`, `i`, `S`, `t`, `v`, `m`, `c`, `f`, `p`, `I`. */
  readonly kind: string;
}

/** A row of `pg_namespace` or `pg_database`. */
export interface NamedRow {
  readonly oid: number;
  readonly name: string;
}

/** A row of `pg_inherits`. */
export interface InheritsRow {
  readonly oid: number;
  readonly parentOid: number;
  /** From 1; a partition has one parent. */
  readonly sequence: number;
}

/** A row of one of them. `row.oid` is the relation's, schema's or database's. */
export type CatalogRow =
  | { readonly catalog: 'pg_class'; readonly row: ClassRow }
  | { readonly catalog: 'pg_namespace' | 'pg_database'; readonly row: NamedRow }
  | { readonly catalog: 'pg_inherits'; readonly row: InheritsRow };

const NAME_BYTES = 64;
const NAMED_ROW_BYTES = 4 + NAME_BYTES;
const INHERITS_ROW_BYTES = 12;
const CLASS_ROW_BYTES = 116;

/** Bytes that 18 and later have in front of `reltoastrelid`. */
function frozenBytes(major: Major): number {
  return major >= 18 ? 4 : 0;
}

/** Length of the beginning of a row that is read; a row is never shorter. */
export function neededRowBytes(catalog: NamingCatalog, major: Major): number {
  if (catalog === 'pg_class') return CLASS_ROW_BYTES + frozenBytes(major);
  return catalog === 'pg_inherits' ? INHERITS_ROW_BYTES : NAMED_ROW_BYTES;
}

const UTF8 = new TextDecoder('utf8', { fatal: true });

function nameAt(data: Buffer, offset: number): string {
  const field = data.subarray(offset, offset + NAME_BYTES);
  const zero = field.indexOf(0);
  const bytes = zero === -1 ? field : field.subarray(0, zero);
  try {
    return UTF8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

function parseClassRow(data: Buffer, major: Major): ClassRow {
  const moved = frozenBytes(major);
  const estimatedRows = data.readFloatLE(100);
  return {
    oid: data.readUInt32LE(0),
    name: nameAt(data, 4),
    schemaOid: data.readUInt32LE(68),
    filenode: data.readUInt32LE(88),
    tablespaceOid: data.readUInt32LE(92),
    estimatedRows: estimatedRows >= 0 ? estimatedRows : undefined,
    toastOid: data.readUInt32LE(108 + moved),
    isShared: data[113 + moved] === 1,
    persistence: String.fromCharCode(data[114 + moved] ?? 0),
    kind: String.fromCharCode(data[115 + moved] ?? 0),
  };
}

/** Reads the column data of a row (behind its header); `undefined` if it is too short, or of no relation. */
export function parseCatalogRow(catalog: NamingCatalog, data: Buffer, major: Major): CatalogRow | undefined {
  if (data.length < neededRowBytes(catalog, major) || data.readUInt32LE(0) === 0) return undefined;
  if (catalog === 'pg_class') return { catalog, row: parseClassRow(data, major) };
  const oid = data.readUInt32LE(0);
  if (catalog === 'pg_inherits') {
    return { catalog, row: { oid, parentOid: data.readUInt32LE(4), sequence: data.readInt32LE(8) } };
  }
  return { catalog, row: { oid, name: nameAt(data, 4) } };
}

/** True if two rows of `pg_class` say the same. */
export function isSameClassRow(a: ClassRow, b: ClassRow): boolean {
  return (
    a.oid === b.oid &&
    a.name === b.name &&
    a.schemaOid === b.schemaOid &&
    a.filenode === b.filenode &&
    a.tablespaceOid === b.tablespaceOid &&
    a.estimatedRows === b.estimatedRows &&
    a.toastOid === b.toastOid &&
    a.isShared === b.isShared &&
    a.persistence === b.persistence &&
    a.kind === b.kind
  );
}
