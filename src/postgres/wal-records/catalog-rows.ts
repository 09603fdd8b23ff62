/**
 * The columns of a row of a naming catalog that are of use, and where they end.
 *
 * Source: `src/include/catalog/pg_class.h` (`relallfrozen`: 18 and later), `pg_namespace.h`, `pg_inherits.h`,
 * `pg_database.h`.
 *
 * @module
 */

import type { Major } from '../versions.ts';
import type { NamingCatalog } from './catalog-change.ts';
import { readPageRows } from './heap-page.ts';

/** Offsets in the column data of `pg_class`, up to where majors begin to differ. */
export const PG_CLASS_OID = 0;
export const PG_CLASS_FILENODE = 88;
export const PG_CLASS_TABLESPACE = 92;
/** `relminmxid` and everything before it, to 17: the whole fixed part. */
const PG_CLASS_BYTES = 140;
/** `relallfrozen`, before `reltoastrelid`. */
const RELALLFROZEN_BYTES = 4;
const RELALLFROZEN_SINCE = 18;
/** Up to `datconnlimit`, which marks a database that is being dropped. In 14 two names of 64 bytes stand before it. */
const PG_DATABASE_BYTES = 84;
const PG_DATABASE_BYTES_14 = 212;
const PG_NAMESPACE_BYTES = 72;
const PG_INHERITS_BYTES = 13;
const NAME_OFFSET = 4;
const NAME_BYTES = 64;
/** `src/include/catalog/pg_namespace.dat`. */
const FIXED_SCHEMAS = [
  [11, 'pg_catalog'],
  [99, 'pg_toast'],
] as const;
const RELKIND_OFFSET = 115;
const RELATION_KINDS = 'ritSvmcfpI';
const PERSISTENCES = 'put';

/** How many bytes `reltoastrelid` and all behind it come later than in 14. */
export function pgClassShiftBytes(major: Major): number {
  return major >= RELALLFROZEN_SINCE ? RELALLFROZEN_BYTES : 0;
}

/** How many bytes of a row's column data are kept. */
export function keptRowBytes(catalog: NamingCatalog, major: Major): number {
  switch (catalog) {
    case 'pg_class':
      return PG_CLASS_BYTES + pgClassShiftBytes(major);
    case 'pg_namespace':
      return PG_NAMESPACE_BYTES;
    case 'pg_inherits':
      return PG_INHERITS_BYTES;
    case 'pg_database':
      return major === 14 ? PG_DATABASE_BYTES_14 : PG_DATABASE_BYTES;
  }
}

/** True if column data can be a row of `pg_class`: its name, kind and persistence are possible ones. */
export function looksLikePgClassRow(data: Buffer, major: Major): boolean {
  if (data.length < keptRowBytes('pg_class', major)) return false;
  const kindOffset = RELKIND_OFFSET + pgClassShiftBytes(major);
  const kind = String.fromCodePoint(data[kindOffset] ?? 0);
  const persistence = String.fromCodePoint(data[kindOffset - 1] ?? 0);
  if (!RELATION_KINDS.includes(kind) || !PERSISTENCES.includes(persistence)) return false;
  const name = data.subarray(NAME_OFFSET, NAME_OFFSET + NAME_BYTES);
  const endOfName = name.indexOf(0);
  return data.readUInt32LE(PG_CLASS_OID) > 0 && endOfName > 0 && name.subarray(endOfName).every((byte) => byte === 0);
}

/**
 * True if a page is the first one of `pg_namespace`: the two schemas that every database begins with, with their fixed oids,
 * are on it.
 */
export function isPgNamespacePage(page: Buffer): boolean {
  const rows = readPageRows(page, PG_NAMESPACE_BYTES);
  return FIXED_SCHEMAS.every(([oid, name]) => rows.some(({ data }) => isSchema(data, oid, name)));
}

function isSchema(data: Buffer, oid: number, name: string): boolean {
  if (data.length < PG_NAMESPACE_BYTES || data.readUInt32LE(0) !== oid) return false;
  return data.toString('latin1', NAME_OFFSET, NAME_OFFSET + NAME_BYTES) === name.padEnd(NAME_BYTES, '\0');
}
