/**
 * The server that a backup is taken from.
 *
 * @module
 */

import { realpath } from 'node:fs/promises';

import { Failure } from '../base/failure.ts';
import { openBackupSession, type BackupSession, type BackupSessionOptions } from '../instance/backup-session.ts';
import { connect, queryText, type Connection, type ConnectionSettings } from '../instance/connection.ts';

/** How a backup reaches its server. */
export interface BackupSource {
  /** The usual database, or one that is named. */
  connect(database?: string): Promise<Connection>;
  openBackupSession(options: BackupSessionOptions): Promise<BackupSession>;
}

/** The server at `settings`, reached as a role that may run the backup functions. */
export function backupSourceOf(settings: ConnectionSettings): BackupSource {
  return {
    connect: (database) => connect(database === undefined ? settings : { ...settings, database }),
    openBackupSession: (options) => openBackupSession(settings, options),
  };
}

/**
 * Proves before anything is started that the backup can be finished and is of this server's files.
 *
 * @throws {Failure} `refused` when WAL is not archived, or the server runs on another directory.
 */
export async function checkBackupSource(source: BackupSource, dataDirectory: string): Promise<void> {
  await using connection = await source.connect();
  const serverDirectory = await queryText(connection, 'show data_directory');
  if ((await realpath(dataDirectory)) !== (await realpath(serverDirectory).catch(() => serverDirectory))) {
    throw new Failure('refused', {
      message: `cannot back up ${dataDirectory}: the server that answers runs on ${serverDirectory}`,
      remedy: 'Give the data directory and the connection of one and the same server.',
    });
  }
  const isInRecovery = (await queryText(connection, 'select pg_is_in_recovery()')) === 't';
  const archiveMode = await queryText(connection, 'show archive_mode');
  if (archiveMode !== 'off' || isInRecovery) return;
  throw new Failure('refused', {
    message: `cannot back up ${dataDirectory}: the server archives no WAL (archive_mode is off), and a backup without its WAL cannot be restored`,
    remedy: 'Set archive_mode = on and archive_command, restart the server, and take the backup again.',
  });
}

/** What the server says about its archiver, for messages. */
export async function archiverFacts(connection: Connection): Promise<string[]> {
  const [row] = await connection.query(
    'select last_archived_wal, last_archived_time::text, last_failed_wal, last_failed_time::text, failed_count from pg_stat_archiver',
  );
  if (row === undefined) return [];
  return [
    `last archived: ${row['last_archived_wal'] ?? 'nothing'} at ${row['last_archived_time'] ?? 'no time'}`,
    `last failed: ${row['last_failed_wal'] ?? 'nothing'} at ${row['last_failed_time'] ?? 'no time'} (${row['failed_count'] ?? '0'} failures)`,
  ];
}
