/**
 * Freezes an archive: nothing of it is pruned until it is unfrozen, and all that the server has written until now is in it.
 *
 * For the minutes in which somebody finds out what happened. The note comes first among what changes anything. A server
 * that cannot be asked, or that is a replica, hinders nothing: then there is no restore point, and what its WAL still holds
 * is not waited for.
 *
 * @module
 */

import { hostname, userInfo } from 'node:os';

import { archiverFacts } from '../backup/backup-source.ts';
import { writeFreezeNote, type FreezeNote } from '../backup/freeze-note.ts';
import { waitForWal } from '../backup/wait-for-wal.ts';
import { isFailure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import type { Settings } from '../config/load-settings.ts';
import { queryText, type Connection } from '../instance/connection.ts';
import { lsn, parseLsn, type Lsn } from '../postgres/lsn.ts';
import { walSegmentSize } from '../postgres/wal-segment.ts';
import type { Archive } from './open-archive.ts';
import { openInstance } from './open-instance.ts';

/** How to freeze. */
export interface FreezeOptions {
  /** Who does it; the user and host of this process unless told. */
  readonly by?: string | undefined;
  readonly reason: string;
  /** Do not wait until the archive has the WAL. */
  readonly isWaiting: boolean;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** A restore point that was made, and whether the archive has the WAL up to it. */
export interface FrozenMoment {
  readonly restorePoint: string;
  readonly lsn: Lsn;
  readonly isArchived: boolean;
}

/** What came of it. */
export interface FrozenArchive {
  /** False if somebody had frozen it before: then `note` is theirs. */
  readonly isNew: boolean;
  readonly note: FreezeNote;
  readonly moment: FrozenMoment | undefined;
  /** What could not be done, and why. */
  readonly warnings: readonly string[];
}

/** The server, if it writes and can be asked. */
async function askedServer(settings: Settings, warnings: string[]): Promise<Connection | undefined> {
  try {
    const connection = await openInstance(settings);
    if ((await queryText(connection, 'select pg_is_in_recovery()')) === 'f') return connection;
    await connection.close();
    warnings.push('the server is a replica, or recovers: it has no WAL of its own to switch');
  } catch (error) {
    if (!isFailure(error)) throw error;
    warnings.push(`the server's last WAL may not be in the archive: ${error.message}`);
  }
  return undefined;
}

async function markMoment(
  connection: Connection,
  restorePoint: string,
  archive: Archive,
  settings: Settings,
  { isWaiting, onProgress, signal }: FreezeOptions,
): Promise<FrozenMoment & { readonly warning?: string }> {
  const [row = {}] = await connection.query(
    'select pg_create_restore_point($1)::text as point, pg_walfile_name(pg_current_wal_insert_lsn()) as file',
    [restorePoint],
  );
  await connection.query('select pg_switch_wal()');
  const at = parseLsn(row['point'] ?? '') ?? lsn(0n);
  const moment = { restorePoint, lsn: at, isArchived: false };
  if (!isWaiting) return moment;
  const sizeBytes = Number(
    await queryText(connection, "select setting::bigint from pg_settings where name = 'wal_segment_size'"),
  );
  try {
    await waitForWal({
      store: archive.store,
      timeline: Number.parseInt((row['file'] ?? '').slice(0, 8), 16),
      // The record ends there: the byte before is in the segment that holds it.
      startLsn: lsn(at - 1n),
      stopLsn: at,
      segmentSizeBytes: walSegmentSize(sizeBytes),
      timeoutMs: settings.get('archiveTimeout'),
      onProgress,
      signal,
      explain: () => archiverFacts(connection),
    });
    return { ...moment, isArchived: true };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { ...moment, warning: [error.message, ...error.facts].join('; ') };
  }
}

/** Freezes it. @throws {Failure} what the store throws; then nothing is frozen. */
export async function freezeArchive(
  settings: Settings,
  archive: Archive,
  options: FreezeOptions,
): Promise<FrozenArchive> {
  const warnings: string[] = [];
  await using connection = await askedServer(settings, warnings);
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  const restorePoint = `walkback-freeze-${at.replaceAll(/[-:]/g, '')}`;
  const { outcome, note } = await writeFreezeNote(
    archive.store,
    {
      by: options.by ?? `${userInfo().username}@${hostname()}`,
      at,
      reason: options.reason,
      restorePoint: connection === undefined ? undefined : restorePoint,
    },
    { signal: options.signal },
  );
  const isNew = outcome === 'written';
  if (connection === undefined) return { isNew, note, moment: undefined, warnings };
  const { warning, ...moment } = await markMoment(connection, restorePoint, archive, settings, options);
  return { isNew, note, moment, warnings: warning === undefined ? warnings : [...warnings, warning] };
}
