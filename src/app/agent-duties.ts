/**
 * The agent's duties beside pushing and fetching, as the settings want them.
 *
 * @module
 */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import type { ReportDutyEvent } from '../agent/duty-event.ts';
import type { OnUndeleted } from '../agent/lease.ts';
import type { AgentIdentity } from '../agent/lease-term.ts';
import type { FollowingReplica, ReplicaDuty, RestartPoint } from '../agent/replica-backups.ts';
import { runDuties, type AgentPruning } from '../agent/run-duties.ts';
import { leftUndeletedWords } from '../backup/left-undeleted.ts';
import type { Settings } from '../config/load-settings.ts';
import { queryText } from '../instance/connection.ts';
import { processSpace } from '../instance/process-space.ts';
import { lsn, parseLsn } from '../postgres/lsn.ts';
import { takeBackupInProcess } from './backup-process.ts';
import type { Archive } from './open-archive.ts';
import { openInstance } from './open-instance.ts';
import { keepPolicy, pruneArchive } from './prune-archive.ts';

/** What the duties are for. */
export interface AgentDutiesOptions {
  readonly settings: Settings;
  readonly archive: Archive;
  readonly dataDirectory: string;
  readonly report: ReportDutyEvent;
  readonly onWarning: (message: string) => void;
  readonly signal: AbortSignal;
}

function identity(dataDirectory: string): AgentIdentity {
  return {
    id: randomUUID(),
    hostname: hostname(),
    processSpace: processSpace(),
    processId: process.pid,
    dataDirectory,
    startedAt: new Date().toISOString(),
  };
}

async function readInsertLsn(settings: Settings): Promise<bigint> {
  await using connection = await openInstance(settings);
  return parseLsn(await queryText(connection, 'select pg_current_wal_insert_lsn()')) ?? lsn(0n);
}

/** By what a replica is well enough to take a backup of. It applies what it receives but for a few segments. */
const FOLLOWING_REPLICA = `select received_tli as timeline, pg_last_wal_receive_lsn() as lsn from pg_stat_wal_receiver
  where status = 'streaming' and pg_is_in_recovery() and not pg_is_wal_replay_paused()
    and pg_last_wal_receive_lsn() - pg_last_wal_replay_lsn()
      <= 16 * (select setting::bigint from pg_settings where name = 'wal_segment_size')`;

async function readReplica(settings: Settings): Promise<FollowingReplica | undefined> {
  await using connection = await openInstance(settings);
  const [row] = await connection.query(FOLLOWING_REPLICA);
  const receivedLsn = parseLsn(row?.['lsn'] ?? '');
  return receivedLsn === undefined ? undefined : { timeline: Number(row?.['timeline']), receivedLsn };
}

const RESTART_POINT = `select redo_lsn as lsn, timeline_id as timeline, (select setting from pg_settings where name = 'wal_segment_size') as bytes
  from pg_control_checkpoint()`;

async function makeRestartPoint(settings: Settings): Promise<RestartPoint> {
  await using connection = await openInstance(settings);
  await connection.query('checkpoint');
  const [row] = await connection.query(RESTART_POINT);
  return {
    lsn: parseLsn(row?.['lsn'] ?? '') ?? lsn(0n),
    timeline: Number(row?.['timeline']),
    segmentSizeBytes: BigInt(row?.['bytes'] ?? 1),
  };
}

async function endSegment(settings: Settings, withCheckpoint: boolean): Promise<void> {
  await using connection = await openInstance(settings);
  await connection.query('select pg_switch_wal()');
  if (withCheckpoint) await connection.query('checkpoint');
}

function replicaDuty(settings: Settings): ReplicaDuty | undefined {
  if (!settings.get('backupFromReplica')) return undefined;
  return {
    waitMs: settings.get('replicaBackupWait'),
    endSegment: (withCheckpoint) => endSegment(settings, withCheckpoint),
    readReplica: () => readReplica(settings),
    makeRestartPoint: () => makeRestartPoint(settings),
  };
}

/** One that tells of objects that may not be deleted, whoever leaves them: the first time. */
function undeletedTeller(onWarning: (message: string) => void): OnUndeleted {
  let isTold = false;
  return (failure) => {
    if (!isTold) onWarning(leftUndeletedWords(failure));
    isTold = true;
  };
}

/**
 * The duties that the settings want, to be done until the signal; what comes back never throws.
 *
 * @throws {Failure} `usage` for settings that are wrong.
 */
export function agentDuties({ settings, archive, ...given }: AgentDutiesOptions): () => Promise<void> {
  const { dataDirectory, report, onWarning, signal } = given;
  const prune = async (stop: AbortSignal): Promise<AgentPruning> => {
    const pruned = await pruneArchive(settings, archive, { signal: stop });
    return { backupCount: pruned?.backups.length ?? 0, segmentCount: pruned?.segmentCount ?? 0 };
  };
  const options = {
    store: archive.forWriting,
    whole: archive.store,
    self: identity(dataDirectory),
    dataDirectory,
    compression: archive.compression,
    backups: {
      schedule: settings.get('backupSchedule'),
      zone: settings.get('timeZone') ?? 'UTC',
      afterWalBytes: settings.get('backupAfterWal'),
    },
    readInsertLsn: () => readInsertLsn(settings),
    takeBackup: async (isFull: boolean, stop: AbortSignal) => {
      const { warnings, ...taken } = await takeBackupInProcess({ settings, dataDirectory, isFull, signal: stop });
      for (const warning of warnings) onWarning(`backup ${taken.name}: ${warning}`);
      return taken;
    },
    onUndeleted: undeletedTeller(onWarning),
    replicas: replicaDuty(settings),
    prune: keepPolicy(settings) === undefined ? undefined : prune,
    chainPauseMs: settings.get('chainCheckInterval'),
    report,
    signal,
  };
  return () => runDuties(options);
}
