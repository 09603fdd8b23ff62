/**
 * The tablespaces of a backup, as its sentinel lists them (`Spec`).
 *
 * Source: WAL-G `internal/databases/postgres/tablespace_spec.go`.
 *
 * @module
 */

import type { JsonFields } from './json-fields.ts';
import type { JsonObject, JsonValue } from './json64.ts';

/** One tablespace. */
export interface Tablespace {
  readonly oid: number;
  /** Where it was when the backup was taken: an absolute path. */
  readonly location: string;
}

/** All tablespaces of a backup. */
export interface TablespaceSpec {
  /** The data directory when the backup was taken. */
  readonly basePrefix: string;
  readonly tablespaces: readonly Tablespace[];
}

const OID = /^[1-9]\d{0,9}$/;
const MAX_OID = 2 ** 32 - 1;

/** Reads a `Spec`. @throws {Failure} `corrupt` if an entry is missing, its link is not its own, or its location is no absolute path. */
export function parseTablespaceSpec(fields: JsonFields): TablespaceSpec {
  const names = fields.texts('tablespaces') ?? [];
  const basePrefix = fields.text('base_prefix');
  if (basePrefix === undefined) throw fields.failure('absent', 'base_prefix');
  return { basePrefix, tablespaces: names.map((name) => parseTablespace(fields, name)) };
}

function parseTablespace(fields: JsonFields, name: string): Tablespace {
  const entry = OID.test(name) && Number(name) <= MAX_OID ? fields.fields(name) : undefined;
  const location = entry?.text('loc') ?? '';
  if (entry === undefined) throw fields.failure('not the number of a tablespace that is described', name);
  if (!location.startsWith('/') || location.includes('\0')) throw entry.failure('not an absolute path', 'loc');
  if (entry.text('link') !== `pg_tblspc/${name}`) throw entry.failure(`not pg_tblspc/${name}`, 'link');
  return { oid: Number(name), location };
}

/** Writes a `Spec`, keys in WAL-G's order. */
export function formatTablespaceSpec(spec: TablespaceSpec): JsonObject {
  const entries = spec.tablespaces.map(({ oid, location }): [string, JsonValue] => [
    String(oid),
    { loc: location, link: `pg_tblspc/${oid}` },
  ]);
  return {
    ...Object.fromEntries(entries),
    base_prefix: spec.basePrefix,
    tablespaces: spec.tablespaces.map(({ oid }) => String(oid)),
  };
}
