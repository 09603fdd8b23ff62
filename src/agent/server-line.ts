/**
 * What the data directory says of its server: whether it is the primary, and on which line of history.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readWalFile } from '../archive/read-wal-file.ts';
import { exists, readControlFile } from '../archive/server.ts';
import { timelineOf } from '../postgres/control-file.ts';
import type { Lsn } from '../postgres/lsn.ts';
import { formatHistoryName, parseTimelineHistory, type TimelineHistory } from '../postgres/timeline-history.ts';
import type { WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** A server that writes. */
export interface PrimaryServer {
  readonly systemIdentifier: bigint;
  readonly majorVersion: number;
  readonly walSegmentSizeBytes: WalSegmentSizeBytes;
  readonly line: TimelineHistory;
  /** Where its last checkpoint began: segments before this one are written in full. */
  readonly redoLsn: Lsn;
}

/**
 * The primary on a data directory; `undefined` if its server recovers, follows another, or was shut down. One that has
 * crashed counts: what it has written is to be archived like that of one that runs.
 *
 * @throws {Failure} if the data directory, or the history file of its timeline, cannot be read.
 */
export async function readPrimary(
  store: ObjectStore,
  dataDirectory: string,
  signal?: AbortSignal,
): Promise<PrimaryServer | undefined> {
  const signals = ['recovery.signal', 'standby.signal'].map((name) => exists(join(dataDirectory, name)));
  if ((await Promise.all(signals)).includes(true)) return undefined;
  const control = await readControlFile(dataDirectory);
  if (control.state !== 'in production') return undefined;
  const { systemIdentifier, majorVersion, walSegmentSizeBytes, redoLsn } = control;
  const line = await lineOf(store, dataDirectory, timelineOf(control), signal);
  return { systemIdentifier, majorVersion, walSegmentSizeBytes, line, redoLsn };
}

/** True if the data directory is a replica's. It ends with a promotion. */
export async function isStandby(dataDirectory: string): Promise<boolean> {
  return exists(join(dataDirectory, 'standby.signal'));
}

/** The line that leads to a timeline, by the server's history file or the archive's. @throws {Failure} if neither can be read. */
export async function lineOf(
  store: ObjectStore,
  dataDirectory: string,
  timeline: number,
  signal?: AbortSignal,
): Promise<TimelineHistory> {
  if (timeline === 1) return { timeline, ancestors: [] };
  const name = formatHistoryName(timeline);
  const local = await readFile(join(dataDirectory, 'pg_wal', name)).catch(() => undefined);
  const archived = local ?? (await readWalFile(store, name, signal === undefined ? {} : { signal }))?.bytes;
  return parseTimelineHistory(timeline, archived?.toString('utf8') ?? '');
}
