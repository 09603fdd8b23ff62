/**
 * How well a cluster is protected: facts from its archive, its server, its data directory and its agent.
 *
 * What cannot be looked at is a fact too, never an exception: whoever watches must hear of it.
 *
 * @module
 */

import { stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { readWaitingFiles, type WaitingFiles } from '../archive/waiting-files.ts';
import { readFreezeNote, type FreezeNote } from '../backup/freeze-note.ts';
import { isFailure, type Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import type { Connection } from '../instance/connection.ts';
import type { Archive } from './open-archive.ts';
import { openInstance } from './open-instance.ts';
import { readArchiveWindows, type ArchiveWindows } from './read-archive-windows.ts';
import { readHeldRecoveries, readLiveData, type HeldRecovery, type LiveData } from './read-live-data.ts';

/** What the server says of its archiver. Times are microseconds since the Unix epoch. */
export interface Archiver {
  readonly archiveMode: string;
  readonly isInRecovery: boolean;
  readonly lastArchivedFile: string | undefined;
  readonly lastArchivedUs: bigint | undefined;
  readonly lastFailedFile: string | undefined;
  readonly lastFailedUs: bigint | undefined;
}

/** All facts. */
export interface Protection {
  readonly clusterName: string;
  readonly address: string;
  readonly archive: ArchiveWindows | Failure;
  readonly archiver: Archiver | Failure;
  /** The rest is known where the data directory is set and can be read. */
  readonly waiting: WaitingFiles | undefined;
  /** When the agent last gave a sign; `undefined` if none serves this data directory. */
  readonly agentSeenUs: bigint | undefined;
  readonly disk: { readonly freeBytes: bigint; readonly totalBytes: bigint } | undefined;
  readonly live: LiveData | Failure | undefined;
  /** Recoveries that are under way on this host, or keep data. */
  readonly recoveries: readonly HeldRecovery[] | Failure | undefined;
  readonly backupDueMs: number;
  /** Who froze the archive, if somebody did. */
  readonly frozen: FreezeNote | undefined;
}

async function orFailure<T>(work: Promise<T>): Promise<T | Failure> {
  return work.catch((error: unknown) => {
    if (isFailure(error)) return error;
    throw error;
  });
}

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch(() => undefined);
}

const ARCHIVER_SQL = `select current_setting('archive_mode') as archive_mode, pg_is_in_recovery() as in_recovery,
  last_archived_wal, last_failed_wal,
  (extract(epoch from last_archived_time) * 1000000)::bigint as archived_us,
  (extract(epoch from last_failed_time) * 1000000)::bigint as failed_us
  from pg_stat_archiver`;

async function readArchiver(settings: Settings): Promise<Archiver> {
  await using connection: Connection = await openInstance(settings);
  const [row = {}] = await connection.query(ARCHIVER_SQL);
  const us = (text: string | null | undefined) => (text === null || text === undefined ? undefined : BigInt(text));
  return {
    archiveMode: row['archive_mode'] ?? 'off',
    isInRecovery: row['in_recovery'] === 't',
    lastArchivedFile: row['last_archived_wal'] ?? undefined,
    lastArchivedUs: us(row['archived_us']),
    lastFailedFile: row['last_failed_wal'] ?? undefined,
    lastFailedUs: us(row['failed_us']),
  };
}

async function modifiedUs(path: string): Promise<bigint | undefined> {
  const found = await orUndefined(stat(path, { bigint: true }));
  return found === undefined ? undefined : found.mtimeNs / 1000n;
}

async function readDisk(dataDirectory: string): Promise<Protection['disk']> {
  const figures = await orUndefined(statfs(dirname(dataDirectory), { bigint: true }));
  if (figures === undefined) return undefined;
  return { freeBytes: figures.bavail * figures.bsize, totalBytes: figures.blocks * figures.bsize };
}

/** Gathers them. @throws {Failure} `usage` only, for settings that are wrong. */
export async function readProtection(settings: Settings, archive: Archive, signal: AbortSignal): Promise<Protection> {
  const dataDirectory = settings.get('dataDirectory');
  const spool = settings.get('spoolDirectory') ?? (dataDirectory === undefined ? undefined : `${dataDirectory}.spool`);
  const [windows, archiver, waiting, agentSeenUs, disk, live, recoveries, frozen] = await Promise.all([
    orFailure(readArchiveWindows(settings, archive, signal)),
    orFailure(readArchiver(settings)),
    dataDirectory === undefined ? undefined : readWaitingFiles(dataDirectory),
    spool === undefined ? undefined : modifiedUs(join(spool, 'current', 'heartbeat')),
    dataDirectory === undefined ? undefined : readDisk(dataDirectory),
    dataDirectory === undefined ? undefined : orFailure(readLiveData(settings, archive.clusterName)),
    dataDirectory === undefined ? undefined : orFailure(readHeldRecoveries(settings, archive.clusterName)),
    // A store that is away is told of by the rest.
    orUndefined(readFreezeNote(archive.store, { signal })),
  ]);
  return {
    clusterName: archive.clusterName,
    address: archive.store.address,
    archive: windows,
    archiver,
    waiting,
    agentSeenUs,
    disk,
    live,
    recoveries,
    backupDueMs: settings.get('backupDue'),
    frozen,
  };
}
