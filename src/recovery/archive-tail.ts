/**
 * Getting the live server's newest WAL into the archive, so that nothing it has done is only in a place that may be
 * released later.
 *
 * The segment that holds the checkpoint of a shutdown is not pushed: it is not complete, holds no transaction (the server
 * switches segments before it), and a server that starts on that data again goes on writing in it.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { pushWalFile } from '../archive/push.ts';
import { findWalObjects } from '../archive/read-wal-file.ts';
import { Failure } from '../base/failure.ts';
import { queryText, type Connection } from '../instance/connection.ts';
import { controlFileOf } from '../instance/control-file-of.ts';
import { isThere } from '../instance/durable-rename.ts';
import { writtenTimeline } from '../instance/written-timeline.ts';
import { formatLsn, lsn, parseLsn } from '../postgres/lsn.ts';
import { formatSegmentName, segmentAt, walSegmentSize, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { RecoveryUses } from './uses.ts';
import { writeChangedPages } from './write-changed-pages.ts';

const POLL_MS = 200;
const DEFAULT_TIMEOUT_MS = 120_000;

/** As the server says it, which is in bytes. */
async function segmentSizeOf(connection: Connection): Promise<WalSegmentSizeBytes> {
  const text = await queryText(connection, "select setting from pg_settings where name = 'wal_segment_size'");
  return walSegmentSize(Number(text));
}

/** Closes the current segment; the name of the last one that is complete now, and the position behind it. */
async function switchSegment(connection: Connection): Promise<{ name: string; endLsn: string }> {
  const sizeBytes = await segmentSizeOf(connection);
  const timeline = await writtenTimeline(connection);
  const behind = parseLsn(await queryText(connection, 'select pg_switch_wal()::text')) ?? lsn(0n);
  const segment = segmentAt(timeline, lsn(behind - 1n), sizeBytes);
  return { name: formatSegmentName(segment, sizeBytes), endLsn: formatLsn(behind) };
}

async function archiverFacts(connection: Connection): Promise<string[]> {
  const [row = {}] = await connection.query(
    'select last_archived_wal, last_failed_wal, last_failed_time::text from pg_stat_archiver',
  );
  const { last_archived_wal: archived, last_failed_wal: failed, last_failed_time: failedAt } = row;
  return [
    `last archived: ${archived ?? 'nothing'}`,
    ...(failed === null || failed === undefined ? [] : [`last failed: ${failed} at ${failedAt}`]),
  ];
}

async function untilArchived(store: ObjectStore, name: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if ((await findWalObjects(store, name)).length > 0) return true;
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
}

/** What came of it. `skipped`: the server is not running, or does not archive. */
export type ArchivedTail =
  | {
      readonly outcome: 'archived' | 'late';
      readonly lastSegment: string;
      readonly endLsn: string;
      readonly facts: string[];
    }
  | { readonly outcome: 'skipped' };

/** Lets the live server archive all it has written so far, and waits until the archive holds it. */
export async function archiveTail(
  uses: RecoveryUses,
  timeoutMs = uses.archiveTimeoutMs ?? DEFAULT_TIMEOUT_MS,
): Promise<ArchivedTail> {
  return throughLive(uses, (connection) => archiveTailThrough(connection, uses.store, timeoutMs));
}

/** As {@link archiveTail}, of a live server that is stopped next: {@link archiveTailBeforeStopThrough}. */
export async function archiveTailBeforeStop(uses: RecoveryUses): Promise<ArchivedTail> {
  return throughLive(uses, (connection) => archiveTailBeforeStopThrough(connection, uses.store, uses.archiveTimeoutMs));
}

async function throughLive(
  { cluster }: RecoveryUses,
  archive: (connection: Connection) => Promise<ArchivedTail>,
): Promise<ArchivedTail> {
  if ((await cluster.state()) !== 'running') return { outcome: 'skipped' };
  await using connection = await cluster.connect();
  // The connection is closed when this returns.
  return await archive(connection);
}

/**
 * As {@link archiveTailThrough}, of a server that is stopped next. Its changed pages are written while its clients still
 * work: the checkpoint of its shutdown, which nobody can work beside, then has few to write.
 */
export async function archiveTailBeforeStopThrough(
  connection: Connection,
  store: ObjectStore,
  timeoutMs?: number,
): Promise<ArchivedTail> {
  await writeChangedPages(connection);
  return archiveTailThrough(connection, store, timeoutMs);
}

/** As {@link archiveTail}, of the server of a connection. */
export async function archiveTailThrough(
  connection: Connection,
  store: ObjectStore,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<ArchivedTail> {
  if ((await queryText(connection, 'show archive_mode')) === 'off') return { outcome: 'skipped' };
  if ((await queryText(connection, 'select pg_is_in_recovery()')) === 't') return { outcome: 'skipped' };
  const { name, endLsn } = await switchSegment(connection);
  const isArchived = await untilArchived(store, name, timeoutMs);
  const facts = isArchived ? [] : await archiverFacts(connection);
  return { outcome: isArchived ? 'archived' : 'late', lastSegment: name, endLsn, facts };
}

/** Like {@link archiveTailBeforeStop}. @throws {Failure} `unavailable` if the archiver does not get there in time. */
export async function archiveTailOrFail(uses: RecoveryUses): Promise<ArchivedTail> {
  const tail = await archiveTailBeforeStop(uses);
  if (tail.outcome !== 'late') return tail;
  throw new Failure('unavailable', {
    message: `cannot archive the newest WAL of ${uses.cluster.name}: ${tail.lastSegment} has not reached ${uses.store.address}`,
    remedy: "Look at the server's log for what its archive_command says, mend it, and go on.",
    facts: tail.facts,
  });
}

/** History files before the segments that need them. */
function byKindAndName(a: string, b: string): number {
  return Number(b.endsWith('.history')) - Number(a.endsWith('.history')) || (a < b ? -1 : 1);
}

/** Pushes what a stopped server still had to archive (`.ready`). Returns how many files. */
export async function archiveRest(uses: Pick<RecoveryUses, 'store'>, dataDirectory: string): Promise<number> {
  const control = await controlFileOf(dataDirectory);
  const statusFolder = join(dataDirectory, 'pg_wal', 'archive_status');
  const names = (await readdir(statusFolder))
    .filter((name) => name.endsWith('.ready'))
    .map((name) => name.slice(0, -6));
  let pushed = 0;
  for (const name of names.toSorted(byKindAndName)) {
    const path = join(dataDirectory, 'pg_wal', name);
    if (!(await isThere(path))) continue;
    const { systemIdentifier, walSegmentSizeBytes } = control;
    await pushWalFile({ store: uses.store, path, systemIdentifier, walSegmentSizeBytes });
    pushed += 1;
  }
  return pushed;
}
