/**
 * The agent's duties beside pushing and fetching, as the settings want them.
 *
 * @module
 */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import type { ReportDutyEvent } from '../agent/duty-event.ts';
import type { AgentIdentity } from '../agent/lease-term.ts';
import { runDuties, type AgentPruning } from '../agent/run-duties.ts';
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

/**
 * The duties that the settings want, to be done until the signal; what comes back never throws.
 *
 * @throws {Failure} `usage` for settings that are wrong.
 */
export function agentDuties({ settings, archive, ...given }: AgentDutiesOptions): () => Promise<void> {
  const { dataDirectory, report, signal } = given;
  const prune = async (stop: AbortSignal): Promise<AgentPruning> => {
    const pruned = await pruneArchive(settings, archive, { signal: stop });
    return { backupCount: pruned?.backups.length ?? 0, segmentCount: pruned?.segmentCount ?? 0 };
  };
  const options = {
    store: archive.store,
    self: identity(dataDirectory),
    dataDirectory,
    compression: archive.compression,
    backups: {
      schedule: settings.get('backupSchedule'),
      zone: settings.get('timeZone') ?? 'UTC',
      afterWalBytes: settings.get('backupAfterWal'),
    },
    readInsertLsn: () => readInsertLsn(settings),
    takeBackup: (isFull: boolean, stop: AbortSignal) =>
      takeBackupInProcess({ settings, dataDirectory, isFull, signal: stop }),
    prune: keepPolicy(settings) === undefined ? undefined : prune,
    chainPauseMs: settings.get('chainCheckInterval'),
    report,
    signal,
  };
  return () => runDuties(options);
}
