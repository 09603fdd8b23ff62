/**
 * Which files a partial restore needs: the system's, and those of the databases or tables that are asked for.
 *
 * A database is `shop`; a table is `shop/orders`, `shop/sales.orders` or `shop/sales/orders`, and `*` stands for any text. A
 * table comes with the tables that inherit from it and with its TOAST table. Its indexes do not: nothing in a backup tells
 * which are its own, so they have to be built again (REINDEX). A database or table that the backup does not name is
 * refused, where WAL-G leaves everything of it out.
 *
 * Source: WAL-G `internal/databases/postgres/restore_desc.go`, `databases_by_names.go`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { nearestName } from '../base/nearest-name.ts';
import { JsonFields } from '../walg/json-fields.ts';
import type { JsonValue } from '../walg/json64.ts';

/** Objects below it are the system's. Source: PostgreSQL `src/include/access/transam.h` (`FirstNormalObjectId`). */
const FIRST_NORMAL_OID = 16_384;

interface NamedTable {
  readonly oid: number;
  readonly fileNode: number;
  /** Those that inherit from it, all levels. */
  readonly children: readonly NamedTable[];
}

interface NamedDatabase {
  readonly oid: number;
  /** By `schema.name`; TOAST tables and indexes are among them. */
  readonly tables: ReadonlyMap<string, NamedTable>;
}

/** What is kept of one database: everything, or some files. */
type Wanted = 'all' | ReadonlySet<number>;

function parseTables(fields: JsonFields | undefined): Map<string, NamedTable> {
  const tables = new Map<string, NamedTable>();
  for (const [name, entry] of fields?.fieldsOfEach() ?? []) {
    tables.set(name, {
      oid: entry.count('oid') ?? 0,
      fileNode: entry.count('relfilenode') ?? 0,
      children: [...parseTables(entry.fields('subtables')).values()],
    });
  }
  return tables;
}

function parseDatabases(value: JsonValue, object: string): Map<string, NamedDatabase> {
  const databases = new Map<string, NamedDatabase>();
  for (const [name, entry] of new JsonFields(value, object, 'DatabasesByNames').fieldsOfEach()) {
    const oid = entry.count('oid');
    if (oid === undefined) throw entry.failure('absent', 'oid');
    databases.set(name, { oid, tables: parseTables(entry.fields('tables_new')) });
  }
  return databases;
}

/** `*` for any text, everything else for itself. */
function pattern(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`);
}

/** Takes `shop/sales.orders` apart; the schema is `public` where none is named. */
function parseWish(text: string): { database: string; table: string | undefined } {
  const [database = '', ...rest] = text.trim().split('/');
  const [first, second] = rest;
  if (first === undefined) return { database, table: undefined };
  if (second !== undefined) return { database, table: `${first}.${second}` };
  return { database, table: first.includes('.') ? first : `public.${first}` };
}

function notThere(what: string, wanted: string, names: Iterable<string>): Failure {
  const nearest = nearestName(wanted, names);
  return new Failure('notInArchive', {
    message: `cannot restore only ${JSON.stringify(wanted)}: the backup names no such ${what}`,
    remedy: nearest === undefined ? 'Correct the name.' : `Did you mean ${JSON.stringify(nearest)}?`,
  });
}

function* withChildren(table: NamedTable): Generator<NamedTable> {
  yield table;
  yield* table.children;
}

/** The files of a table, the tables that inherit from it, and their TOAST tables with the index of those. */
function filesOf(tables: readonly NamedTable[], all: ReadonlyMap<string, NamedTable>): Set<number> {
  const files = new Set<number>();
  for (const table of tables) {
    for (const { oid, fileNode } of withChildren(table)) {
      const toast = [`pg_toast.pg_toast_${oid}`, `pg_toast.pg_toast_${oid}_index`].flatMap(
        (name) => all.get(name) ?? [],
      );
      for (const file of [fileNode, ...toast.map((one) => one.fileNode)]) if (file !== 0) files.add(file);
    }
  }
  return files;
}

function wantedOf(database: NamedDatabase, wish: string, table: string | undefined): Wanted {
  if (table === undefined) return 'all';
  const shape = pattern(table);
  const found = [...database.tables].flatMap(([name, one]) => (shape.test(name) ? [one] : []));
  if (found.length === 0) throw notThere('table', wish, [...database.tables.keys()]);
  return filesOf(found, database.tables);
}

function join(a: Wanted | undefined, b: Wanted): Wanted {
  if (a === undefined || b === 'all') return b;
  return a === 'all' ? a : new Set([...a, ...b]);
}

/** A wish that does not name exactly one database may name several. */
function addWish(wanted: Map<number, Wanted>, databases: ReadonlyMap<string, NamedDatabase>, wish: string): void {
  const { database, table } = parseWish(wish);
  const shape = pattern(database);
  const found = [...databases].flatMap(([name, one]) => (shape.test(name) ? [one] : []));
  if (found.length === 0) throw notThere('database', database, databases.keys());
  for (const one of found) wanted.set(one.oid, join(wanted.get(one.oid), wantedOf(one, wish, table)));
}

const IN_BASE = /^base\/(\d+)\/([^/]+)$/;
const IN_TABLESPACE = /^pg_tblspc\/\d+\/[^/]+\/(\d+)\/([^/]+)$/;

/** The system's own relations of a database, by their files: a rewrite gives them new numbers. */
function systemFiles({ tables }: NamedDatabase): Set<number> {
  return new Set([...tables.values()].flatMap(({ oid, fileNode }) => (oid < FIRST_NORMAL_OID ? [fileNode] : [])));
}

/**
 * A filter of names below the data directory (`base/5/1259`).
 *
 * @param value `DatabasesByNames` of the backup's list of files, and `object` the name of that list.
 * @throws {Failure} `refused` if the backup has no names, `notInArchive` for a name it does not have.
 */
export function restoreOnly(
  value: JsonValue | undefined,
  object: string,
  wishes: readonly string[],
): (name: string) => boolean {
  if (value === undefined) {
    throw new Failure('refused', {
      message: `cannot restore only a part: ${object} does not tell the names of databases and tables`,
      remedy: 'Restore the whole backup.',
    });
  }
  const databases = parseDatabases(value, object);
  const wanted = new Map<number, Wanted>();
  for (const wish of wishes) addWish(wanted, databases, wish);
  const system = new Map([...databases.values()].map((database) => [database.oid, systemFiles(database)]));
  return (name) => {
    const [, databaseText, fileName = ''] = IN_BASE.exec(name) ?? IN_TABLESPACE.exec(name) ?? [];
    if (databaseText === undefined) return true;
    const databaseOid = Number(databaseText);
    const fileNode = Number.parseInt(fileName, 10);
    // The system's databases come whole.
    if (databaseOid < FIRST_NORMAL_OID) return true;
    if (Number.isNaN(fileNode) || system.get(databaseOid)?.has(fileNode) === true) return true;
    const files = wanted.get(databaseOid);
    return files === 'all' || files?.has(fileNode) === true;
  };
}
