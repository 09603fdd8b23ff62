/**
 * The server's side of a base backup: started and stopped on one connection, which must live as long as the copy.
 *
 * The server forgets a backup whose connection ends, so the connection is kept busy (a small query every half minute, no
 * idle time-out) and {@link BackupSession.lost} aborts the copy at once when it is gone.
 *
 * Source: PostgreSQL manual, "Making a Base Backup Using the Low Level API"; before 15 the functions were called
 * `pg_start_backup(label, fast, exclusive)` and `pg_stop_backup(exclusive, wait_for_archive)`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { parseLsn, type Lsn } from '../postgres/lsn.ts';
import { connect, queryText, type Connection, type ConnectionSettings, type OnNotice } from './connection.ts';
import { readStandbyTimelines, refuseOtherTimeline, timelineOfStandbyBackup } from './standby-timeline.ts';

/** What the server says when a backup has begun. */
export interface BackupSession extends AsyncDisposable {
  /** The redo position that replay must begin at. */
  readonly startLsn: Lsn;
  /** The timeline that `startLsn` is on. */
  readonly timeline: number;
  /** `server_version_num`, such as 170010. */
  readonly versionNum: number;
  readonly systemIdentifier: bigint;
  readonly walSegmentSizeBytes: number;
  /** True on a standby: {@link BackupSession.stop} cannot wait for the archive there. */
  readonly isInRecovery: boolean;
  /** Aborts when the connection, and with it the backup, is gone. Not once {@link BackupSession.stop} has answered: it has all. */
  readonly lost: AbortSignal;
  /** For questions to the same server during the copy. */
  readonly connection: Connection;
  /**
   * Ends the backup. Waits until its last segment is archived, unless `waitForArchive` is false or the server is a standby.
   *
   * @throws {Failure} `failed` if the server gave up the backup (a standby was promoted in between), `refused` if a standby has
   *   gone on to another timeline.
   */
  stop(options?: { readonly waitForArchive?: boolean }): Promise<BackupEnd>;
}

/** What the server says when the backup has ended. */
export interface BackupEnd {
  readonly stopLsn: Lsn;
  /** Contents of `backup_label`, byte for byte. */
  readonly backupLabel: string;
  /** Contents of `tablespace_map`; empty when there is none. */
  readonly tablespaceMap: string;
}

/** How to begin. */
export interface BackupSessionOptions {
  readonly label: string;
  /** Checkpoint at once (default) or spread out. */
  readonly fast?: boolean;
  readonly onNotice?: OnNotice;
}

const KEEPALIVE_MS = 30_000;
const FIRST_VERSION_WITH_NEW_NAMES = 150_000;
const FIRST_VERSION_WITH_TRANSACTION_TIMEOUT = 170_000;

/**
 * Begins a backup on a connection of its own. Disposing without `stop` gives it up.
 *
 * @throws {Failure} `refused` on a standby that is on another timeline than its last restart point.
 */
export async function openBackupSession(
  settings: ConnectionSettings,
  options: BackupSessionOptions,
): Promise<BackupSession> {
  const connection = await connect(settings, options.onNotice);
  try {
    return await begin(connection, options);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function begin(connection: Connection, options: BackupSessionOptions): Promise<BackupSession> {
  await connection.query('set statement_timeout = 0; set lock_timeout = 0; set idle_session_timeout = 0');
  const versionNum = Number(await queryText(connection, 'show server_version_num'));
  // Where it is set for all, a checkpoint that takes longer would end the session.
  if (versionNum >= FIRST_VERSION_WITH_TRANSACTION_TIMEOUT) await connection.query('set transaction_timeout = 0');
  const isInRecovery = (await queryText(connection, 'select pg_is_in_recovery()')) === 't';
  const systemIdentifier = BigInt(await queryText(connection, 'select system_identifier from pg_control_system()'));
  const walSegmentSizeBytes = Number(
    await queryText(connection, "select setting from pg_settings where name = 'wal_segment_size'"),
  );
  const start =
    versionNum >= FIRST_VERSION_WITH_NEW_NAMES ? 'pg_backup_start($1, $2)' : 'pg_start_backup($1, $2, false)';
  const before = isInRecovery ? await readStandbyTimelines(connection) : undefined;
  const [row] = await connection.query(`select ${start}::text as lsn`, [options.label, options.fast ?? true]);
  const startLsn = lsnOf(row?.['lsn']);
  const timeline =
    before === undefined
      ? await timelineOfPrimary(connection)
      : timelineOfStandbyBackup(startLsn, before, await readStandbyTimelines(connection));
  const keepalive = setInterval(() => void connection.query('select 1').catch(() => {}), KEEPALIVE_MS);
  keepalive.unref();
  const close = async (): Promise<void> => {
    clearInterval(keepalive);
    await connection.close();
  };
  const { lost, end } = untilEnd(connection.lost);
  return {
    startLsn,
    timeline,
    versionNum,
    systemIdentifier,
    walSegmentSizeBytes,
    isInRecovery,
    lost,
    connection,
    stop: async (stopOptions) => {
      if (isInRecovery) await refuseOtherTimeline(connection, timeline);
      const ended = await stop(connection, versionNum, stopOptions?.waitForArchive ?? true);
      end();
      return ended;
    },
    [Symbol.asyncDispose]: close,
  };
}

/** A signal that follows another until the end of what that is about. */
function untilEnd(signal: AbortSignal): { readonly lost: AbortSignal; readonly end: () => void } {
  const lost = new AbortController();
  const follow = (): void => lost.abort(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  return { lost: lost.signal, end: () => signal.removeEventListener('abort', follow) };
}

async function timelineOfPrimary(connection: Connection): Promise<number> {
  const name = await queryText(connection, 'select pg_walfile_name(pg_current_wal_insert_lsn())');
  return Number.parseInt(name.slice(0, 8), 16);
}

async function stop(connection: Connection, versionNum: number, waitForArchive: boolean): Promise<BackupEnd> {
  const call = versionNum >= FIRST_VERSION_WITH_NEW_NAMES ? 'pg_backup_stop($1)' : 'pg_stop_backup(false, $1)';
  const [row] = await connection.query(`select lsn::text as lsn, labelfile, spcmapfile from ${call}`, [waitForArchive]);
  return {
    stopLsn: lsnOf(row?.['lsn']),
    backupLabel: row?.['labelfile'] ?? '',
    tablespaceMap: row?.['spcmapfile'] ?? '',
  };
}

function lsnOf(text: string | null | undefined): Lsn {
  const position = text === undefined || text === null ? undefined : parseLsn(text);
  if (position !== undefined) return position;
  throw new Failure('failed', {
    message: `cannot read the position of the backup: the server answered ${JSON.stringify(text ?? null)}`,
    remedy: "Look at the server's log, then take the backup again.",
  });
}
