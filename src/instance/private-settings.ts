/**
 * Settings of a server that we start ourselves, beside the live one: inert, small, and reachable by its owner alone.
 *
 * Its files say how the *live* server behaves. So it reads a configuration file of ours, and everything that could reach
 * out of its directory is set on the command line, which wins over every file, `postgresql.auto.conf` included.
 *
 * Source: PostgreSQL manual, "Server Configuration", "Hot Standby" (settings not below the primary's).
 *
 * @module
 */

import { formatLsn, type Lsn } from '../postgres/lsn.ts';
import type { RequiredSettings } from '../postgres/wal-records/wal-event.ts';

/** Where replay stops and what feeds it. Without one the server only opens. */
export interface ReplaySettings {
  readonly restoreCommand: string;
  /** The timeline to follow, by number; `current` is the one of the data. */
  readonly timeline: number | 'current';
  /** Stops there and pauses; without it, replay goes to the end of WAL and the server promotes itself. */
  readonly stopAt?: { readonly lsn: Lsn; readonly inclusive: boolean };
  /**
   * From PostgreSQL 15 on replay decodes WAL ahead, also past a target; where the next segment is missing or damaged, asking
   * for it would end the server short of a target that can be reached. Source: `xlogprefetcher.c`.
   */
  readonly mustNotReadAhead?: boolean;
}

/** What one private server should be like. */
export interface PrivateServerSettings {
  readonly major: number;
  readonly socketDirectory: string;
  readonly port: number;
  readonly configFile: string;
  readonly hbaFile: string;
  readonly identFile: string;
  /** Shown in the process list. */
  readonly name: string;
  readonly required: RequiredSettings;
  readonly walLevel: 'minimal' | 'replica' | 'logical';
  /** `held`: WAL is kept for later (`archive_mode` on, no command). `off`: its WAL goes nowhere, ever. */
  readonly archiving: 'held' | 'off';
  /** Replication slots in the directory: the server refuses to start with room for fewer. */
  readonly replicationSlots?: number;
  readonly replay?: ReplaySettings;
  /** It listens at `port` of the loopback too; who may connect there is in `hbaFile`. */
  readonly listensOnLoopback?: boolean;
}

/** A table that the target's own transaction has locked stays locked: a query must say so, and not wait for ever. */
const LOCK_TIMEOUT = '5s';

/**
 * A server does not start on data with more replication slots, or progress of more origins (one a subscription), than it has
 * room for. A place costs some hundred bytes.
 */
const REPLICATION_PLACES = 1000;

/** For our own sessions there: what the data set for a role or a database (`ALTER ROLE … SET`) must not act on them. */
export function privateSessionParameters(major: number): Record<string, string | number> {
  return {
    session_preload_libraries: '',
    local_preload_libraries: '',
    lock_timeout: LOCK_TIMEOUT,
    statement_timeout: 0,
    idle_session_timeout: 0,
    idle_in_transaction_session_timeout: 0,
    default_transaction_read_only: 'off',
    ...(major >= 17 ? { transaction_timeout: 0 } : {}),
  };
}

type Setting = readonly [name: string, value: string | number];

/** One entry of a list of directories, whatever is in its name. Source: `SplitDirectoriesString`. */
function quotedInList(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}

function where(settings: PrivateServerSettings): Setting[] {
  return [
    ['config_file', settings.configFile],
    ['hba_file', settings.hbaFile],
    ['ident_file', settings.identFile],
    ['listen_addresses', settings.listensOnLoopback === true ? '127.0.0.1' : ''],
    ['port', settings.port],
    ['unix_socket_directories', quotedInList(settings.socketDirectory)],
    ['unix_socket_permissions', '0700'],
    ['unix_socket_group', ''],
    ['external_pid_file', ''],
    ['ssl', 'off'],
    ['bonjour', 'off'],
    ['cluster_name', settings.name],
    ['logging_collector', 'off'],
    ['log_destination', 'stderr'],
    ['log_line_prefix', '%m [%p] '],
  ];
}

/**
 * Nothing leaves the directory, nobody is followed or fed, and none of the live server's preloads run (but for what ALTER
 * ROLE or ALTER DATABASE set for sessions, which wins over a command line).
 */
function inert(major: number): Setting[] {
  const since15: Setting[] = [['archive_library', '']];
  const since17: Setting[] = [
    ['sync_replication_slots', 'off'],
    ['summarize_wal', 'off'],
    ['event_triggers', 'off'],
    ['synchronized_standby_slots', ''],
  ];
  return [
    ['archive_command', ''],
    ...(major >= 15 ? since15 : []),
    ...(major >= 17 ? since17 : []),
    ['archive_cleanup_command', ''],
    ['recovery_end_command', ''],
    ['primary_conninfo', ''],
    ['primary_slot_name', ''],
    ['synchronous_standby_names', ''],
    ['hot_standby_feedback', 'off'],
    ['max_logical_replication_workers', 0],
    ['shared_preload_libraries', ''],
    ['session_preload_libraries', ''],
    ['local_preload_libraries', ''],
    ['autovacuum', 'off'],
    ['archive_timeout', 0],
    ['temp_tablespaces', ''],
    ['default_tablespace', ''],
  ];
}

function size(required: RequiredSettings): Setting[] {
  return [
    ['shared_buffers', '64MB'],
    ['huge_pages', 'off'],
    ['max_connections', required.maxConnections],
    ['max_worker_processes', required.maxWorkerProcesses],
    ['max_wal_senders', required.maxWalSenders],
    ['max_prepared_transactions', required.maxPreparedTransactions],
    ['max_locks_per_transaction', required.maxLocksPerTransaction],
  ];
}

function replicationPlaces({ major, replicationSlots = 0 }: PrivateServerSettings): Setting[] {
  const places = Math.max(REPLICATION_PLACES, replicationSlots);
  const since18: Setting[] = [['max_active_replication_origins', places]];
  return [['max_replication_slots', places], ...(major >= 18 ? since18 : [])];
}

/** All targets are emptied first and ours comes last: an empty one resets whichever was set before it. */
function replay(settings: ReplaySettings | undefined, major: number): Setting[] {
  const emptied: Setting[] = ['', '_name', '_time', '_xid', '_lsn'].map((suffix) => [`recovery_target${suffix}`, '']);
  if (settings === undefined) return [...emptied, ['restore_command', '']];
  const { stopAt } = settings;
  const target: Setting[] =
    stopAt === undefined
      ? []
      : [
          ['recovery_target_inclusive', stopAt.inclusive ? 'on' : 'off'],
          ['recovery_target_action', 'pause'],
          ['recovery_target_lsn', formatLsn(stopAt.lsn)],
        ];
  const readAhead: Setting[] = settings.mustNotReadAhead === true && major >= 15 ? [['recovery_prefetch', 'off']] : [];
  return [
    ...emptied,
    ...readAhead,
    ['restore_command', settings.restoreCommand],
    ['recovery_target_timeline', settings.timeline],
    ['recovery_min_apply_delay', 0],
    ...target,
  ];
}

/**
 * The server's arguments: `-c name=value` pairs for `postgres`, to be given as an argument list (nothing is quoted).
 */
export function privateServerArguments(settings: PrivateServerSettings): string[] {
  const all: Setting[] = [
    ...where(settings),
    ...inert(settings.major),
    ...size(settings.required),
    ['wal_level', settings.walLevel],
    ...replicationPlaces(settings),
    // Off, a promotion removes the commit timestamps that the data has. Source: commit_ts.c.
    ['track_commit_timestamp', 'on'],
    ['hot_standby', 'on'],
    ['lock_timeout', LOCK_TIMEOUT],
    ['max_standby_archive_delay', -1],
    ['max_standby_streaming_delay', -1],
    ['restart_after_crash', 'off'],
    ['archive_mode', settings.archiving === 'held' ? 'on' : 'off'],
    ...replay(settings.replay, settings.major),
  ];
  return all.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
