/**
 * What one database's catalogs say of its relations, read in one snapshot.
 *
 * Source: PostgreSQL manual, "System Catalogs"; `src/include/access/htup_details.h` for the length of a row's header.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { InheritsRow, NamedRow } from '../postgres/catalog-rows.ts';
import type { DatabaseCatalog, PlacedClassRow, RowPlace } from '../postgres/catalog-snapshot.ts';
import { lsn, parseLsn, type Lsn } from '../postgres/lsn.ts';
import { addressOf, queryText, type Connection, type Row } from './connection.ts';

/** What of {@link DatabaseCatalog} the database itself tells. */
export type ReadDatabase = Omit<DatabaseCatalog, keyof NamedRow | 'place' | 'tablespaceOid' | 'problem'>;

/** Columns by which a row of `catalog`, called `c`, is found again in the WAL. */
export function placeColumns(catalog: string): string {
  const header = `(select (23 + (relnatts + 7) / 8 + 7) / 8 * 8 from pg_catalog.pg_class where oid = 'pg_catalog.${catalog}'::regclass)`;
  return `c.ctid::text as place, pg_column_size(c) - case when c is not null then 24 else ${header} end as bytes`;
}

const POSITION =
  'select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end::text';
const SCHEMAS = `select c.oid, c.nspname as name, ${placeColumns('pg_namespace')} from pg_catalog.pg_namespace c order by c.oid`;
const PARENTS = `select c.inhrelid, c.inhparent, c.inhseqno, ${placeColumns('pg_inherits')} from pg_catalog.pg_inherits c`;
const MAPPED = `select oid, pg_relation_filenode(oid) as filenode from pg_catalog.pg_class where relfilenode = 0 and pg_relation_filenode(oid) is not null`;

function relationsQuery(major: number): string {
  return `select c.oid, c.relname as name, c.relnamespace, c.reltype, c.reloftype, c.relowner, c.relam, c.relfilenode,
      c.reltablespace, c.relpages, c.reltuples, c.relallvisible, ${major >= 18 ? 'c.relallfrozen' : '0 as relallfrozen'},
      c.reltoastrelid, c.relhasindex, c.relisshared, c.relpersistence, c.relkind, ${placeColumns('pg_class')}
    from pg_catalog.pg_class c order by c.oid`;
}

/** The WAL's end: all that a later snapshot sees, and not an earlier one, is behind it. */
export async function walPosition(connection: Connection): Promise<Lsn> {
  return parseLsn(await queryText(connection, POSITION)) ?? lsn(0n);
}

/**
 * Reads the database that `connection` is in.
 *
 * @throws {Failure} what the server refuses, a lock that is not given included.
 */
export async function readDatabaseCatalog(connection: Connection, major: number): Promise<ReadDatabase> {
  await connection.query("set lock_timeout = '10s'; set statement_timeout = '1min'");
  const position = await walPosition(connection);
  await connection.query('begin isolation level repeatable read read only');
  const snapshot = snapshotOf(await queryText(connection, 'select pg_current_snapshot()::text'));
  const schemas = await connection.query(SCHEMAS);
  const relations = await connection.query(relationsQuery(major));
  const parents = await connection.query(PARENTS);
  const mapped = await connection.query(MAPPED);
  await connection.query('commit');
  const reader = new RowReader(connection);
  return {
    lsn: position,
    snapshot,
    schemas: schemas.map((row) => reader.named(row)),
    relations: relations.map((row) => reader.relation(row)),
    parents: parents.map((row) => reader.parent(row)),
    mapped: mapped.map((row) => ({ oid: reader.number(row, 'oid'), filenode: reader.number(row, 'filenode') })),
  };
}

/** `xmin:xmax:xip,xip`, of 64 bits each. */
function snapshotOf(text: string): DatabaseCatalog['snapshot'] {
  const [, xmax = '0', running = ''] = text.split(':');
  const low = (xid: string): number => Number(BigInt.asUintN(32, BigInt(xid)));
  return { xmax: low(xmax), running: running === '' ? [] : running.split(',').map(low) };
}

/** Takes the server's text apart. */
export class RowReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  text(row: Row, column: string): string {
    const value = row[column];
    if (value !== undefined && value !== null) return value;
    throw this.#unreadable(column, value);
  }

  number(row: Row, column: string): number {
    const value = Number(this.text(row, column));
    if (Number.isFinite(value)) return value;
    throw this.#unreadable(column, row[column]);
  }

  #unreadable(column: string, value: string | null | undefined): Failure {
    return new Failure('failed', {
      message: `cannot read the catalogs at ${addressOf(this.#connection.settings)}: ${column} is ${JSON.stringify(value ?? null)}`,
      remedy: "Look at the server's log, and whether it is a PostgreSQL of 14 to 18.",
    });
  }

  place(row: Row): RowPlace {
    const [, block = '', offset = ''] = /^\((\d+),(\d+)\)$/.exec(this.text(row, 'place')) ?? [];
    return { block: Number(block), offset: Number(offset), dataBytes: this.number(row, 'bytes') };
  }

  named(row: Row): NamedRow & { place: RowPlace } {
    return { oid: this.number(row, 'oid'), name: this.text(row, 'name'), place: this.place(row) };
  }

  parent(row: Row): InheritsRow & { place: RowPlace } {
    return {
      oid: this.number(row, 'inhrelid'),
      parentOid: this.number(row, 'inhparent'),
      sequence: this.number(row, 'inhseqno'),
      place: this.place(row),
    };
  }

  relation(row: Row): PlacedClassRow {
    const estimatedRows = this.number(row, 'reltuples');
    return {
      ...this.named(row),
      schemaOid: this.number(row, 'relnamespace'),
      typeOid: this.number(row, 'reltype'),
      ofTypeOid: this.number(row, 'reloftype'),
      ownerOid: this.number(row, 'relowner'),
      accessMethodOid: this.number(row, 'relam'),
      filenode: this.number(row, 'relfilenode'),
      tablespaceOid: this.number(row, 'reltablespace'),
      pages: this.number(row, 'relpages'),
      estimatedRows: estimatedRows >= 0 ? estimatedRows : undefined,
      allVisiblePages: this.number(row, 'relallvisible'),
      allFrozenPages: this.number(row, 'relallfrozen'),
      toastOid: this.number(row, 'reltoastrelid'),
      hasIndex: this.text(row, 'relhasindex') === 't',
      isShared: this.text(row, 'relisshared') === 't',
      persistence: this.text(row, 'relpersistence'),
      kind: this.text(row, 'relkind'),
    };
  }
}
