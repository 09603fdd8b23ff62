/**
 * Reads from a running server what its relations are called, in all databases that let it.
 *
 * @module
 */

import { messageOf } from '../base/failure.ts';
import type { CatalogSnapshot, DatabaseCatalog } from '../postgres/catalog-snapshot.ts';
import { versionByMajor } from '../postgres/versions.ts';
import { connect, queryText, type Connection, type Row } from './connection.ts';
import { placeColumns, readDatabaseCatalog, RowReader, walPosition } from './read-database-catalog.ts';

const NO_CONNECTIONS = 'it takes no connections';

/** How a database is reached; the usual one where none is named. */
export type ConnectToDatabase = (database?: string) => Promise<Connection>;

const DATABASES = `select c.oid, c.datname as name, c.dattablespace, c.datallowconn, ${placeColumns('pg_database')}
  from pg_catalog.pg_database c order by c.oid`;

/** On a standby the number is that of the last restart point: its timeline may have ended since. */
const TIMELINE = `select case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint())
  else ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int end`;

/** Connects by settings, and to any database of the same server. */
export function databasesOf(settings: Parameters<typeof connect>[0]): ConnectToDatabase {
  return (database) => connect(database === undefined ? settings : { ...settings, database });
}

/**
 * Reads them. A database that cannot be read is named with its problem.
 *
 * @throws {Failure} `denied`, `unavailable`, `failed` when the server itself cannot be asked.
 */
export async function readCatalog(connectTo: ConnectToDatabase): Promise<CatalogSnapshot> {
  await using connection = await connectTo();
  const takenAtUs = BigInt(Date.now()) * 1000n;
  const lsn = await walPosition(connection);
  const systemIdentifier = BigInt(await queryText(connection, 'select system_identifier from pg_control_system()'));
  const { major } = versionByMajor(Math.floor(Number(await queryText(connection, 'show server_version_num')) / 10_000));
  const timeline = Number(await queryText(connection, TIMELINE));
  const rows = await connection.query(DATABASES);
  const databases: DatabaseCatalog[] = [];
  for (const row of rows) databases.push(await readOne(row, { connection, connectTo, major, lsn }));
  return { systemIdentifier, major, timeline, lsn, takenAtUs, databases };
}

interface Reading {
  readonly connection: Connection;
  readonly connectTo: ConnectToDatabase;
  readonly major: number;
  readonly lsn: DatabaseCatalog['lsn'];
}

async function readOne(row: Row, { connection, connectTo, major, lsn }: Reading): Promise<DatabaseCatalog> {
  const reader = new RowReader(connection);
  const database = { ...reader.named(row), tablespaceOid: reader.number(row, 'dattablespace') };
  const empty = { lsn, snapshot: { xmax: 0, running: [] }, schemas: [], relations: [], parents: [], mapped: [] };
  if (reader.text(row, 'datallowconn') !== 't') return { ...database, problem: NO_CONNECTIONS, ...empty };
  try {
    await using own = await connectTo(database.name);
    return { ...database, problem: undefined, ...(await readDatabaseCatalog(own, major)) };
  } catch (error) {
    return { ...database, problem: messageOf(error), ...empty };
  }
}

/** The databases that could not be read, and why; those that take no connections are not worth a word. */
export function unreadDatabases(snapshot: CatalogSnapshot): string[] {
  return snapshot.databases.flatMap(({ name, problem }) =>
    problem === undefined || problem === NO_CONNECTIONS ? [] : [`${name}: ${problem}`],
  );
}
