/**
 * What the live server tells about itself that a recovery changes or loses.
 *
 * @module
 */

import { relative } from 'node:path';

import { messageOf } from '../base/failure.ts';
import { connect, queryText, type Connection } from '../instance/connection.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { LiveFacts } from './facts.ts';

/** In every database; temporary tables are nobody's loss. */
const UNLOGGED = `select current_database() || '.' || n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relpersistence = 'u' and c.relkind in ('r', 'p') order by 1 limit 100`;

const REPLICAS = `select application_name || coalesce(' at ' || host(client_addr), '') || ', ' || state as name
  from pg_stat_replication where application_name <> 'walkback' order by 1`;

/** Files whose settings act, and those that settings name (keys and certificates). */
const CONFIGURATION = `select distinct sourcefile as name from pg_file_settings
  union select setting from pg_settings where name in ('config_file', 'hba_file', 'ident_file') and setting is not null
  union select setting from pg_settings where name in ('ssl_cert_file', 'ssl_key_file', 'ssl_ca_file', 'ssl_crl_file', 'ssl_dh_params_file') and setting <> ''`;

/** The file, since when, and how often in all; nothing while the archiver gets on. */
const ARCHIVER_FAILURE = `select last_failed_wal || ', since ' || coalesce(last_archived_time, stats_reset, last_failed_time)::text
    || ', ' || failed_count || ' failures' as name
  from pg_stat_archiver where last_failed_time > coalesce(last_archived_time, '-infinity')`;

async function names(connection: Connection, text: string): Promise<string[]> {
  return (await connection.query(text)).flatMap(({ name }) => (name === null || name === undefined ? [] : [name]));
}

async function unloggedTables(connection: Connection): Promise<string[]> {
  const databases = await names(
    connection,
    'select datname as name from pg_database where datallowconn and not datistemplate order by 1',
  );
  const found: string[] = [];
  for (const database of databases) found.push(...(await unloggedTablesOf(connection, database)));
  return found;
}

/** A database that lets nobody in must not keep a recovery from being planned. */
async function unloggedTablesOf({ settings }: Connection, database: string): Promise<string[]> {
  try {
    await using other = await connect({ ...settings, database });
    return await names(other, UNLOGGED);
  } catch (error) {
    return [`${database}: not known, it could not be asked (${messageOf(error)})`];
  }
}

/** Relative where it is inside; whole where it is not: it may include files that are. */
function asSeenFrom(dataDirectory: string, path: string): string {
  const inside = path.startsWith('/') ? relative(dataDirectory, path) : path;
  return inside.startsWith('..') || inside === '' ? path : inside;
}

/** Asks the running server. */
export async function readLiveFacts(cluster: Pick<Cluster, 'connect'>): Promise<LiveFacts> {
  await using connection = await cluster.connect();
  const dataDirectory = await queryText(connection, 'show data_directory');
  const files = (await names(connection, CONFIGURATION)).map((path) => asSeenFrom(dataDirectory, path));
  return {
    archiveMode: await queryText(connection, 'show archive_mode'),
    archiverFailure: (await names(connection, ARCHIVER_FAILURE))[0],
    synchronousStandbyNames: await queryText(connection, 'show synchronous_standby_names'),
    replicas: await names(connection, REPLICAS),
    unloggedTables: await unloggedTables(connection),
    logicalSlots: await names(
      connection,
      "select slot_name as name from pg_replication_slots where slot_type = 'logical'",
    ),
    subscriptions: await names(connection, 'select subname as name from pg_subscription'),
    preloadLibraries: await queryText(connection, 'show shared_preload_libraries'),
    configurationFiles: [...new Set(files)].filter((name) => name !== 'postgresql.auto.conf').toSorted(),
  };
}
