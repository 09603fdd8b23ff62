/**
 * The agent: one resident process beside a server, which pushes its WAL ahead of `archive_command`, fetches WAL ahead of
 * replay, and answers `restore_command`, all through the spool.
 *
 * It serves one *life* of a data directory at a time. A promotion, a data directory that was exchanged, or a spool that
 * was emptied begins a new one, from an empty spool. Pushing or fetching, it holds at most {@link SEGMENT_BYTES_IN_HAND}
 * of WAL as the server has it (two segments while many wait), and as compressed at most {@link STORED_BYTES_IN_HAND}, whatever the segment size and
 * concurrency asked for (one file is always allowed).
 *
 * @module
 */

import { mkdir, readFile, realpath, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Compression } from '../base/compression-names.ts';
import { isFailure, messageOf } from '../base/failure.ts';
import { formatHistoryName } from '../postgres/timeline-history.ts';
import type { WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { ReportAgentEvent } from './agent-event.ts';
import { readControlFile } from './server.ts';
import { serveLife } from './serve-life.ts';
import { isServing, serveFrom, type SpoolOwner } from './spool.ts';
import { takeSpoolLock, type SpoolLock } from './spool-lock.ts';

/** What the agent needs. */
export interface AgentOptions {
  readonly store: ObjectStore;
  /** The same for who writes to it: failover storages that are away do not stop a push. `store` unless told. */
  readonly forWriting?: ObjectStore;
  readonly dataDirectory: string;
  /** The same directory by the path that the server sees, when that is another (a volume mounted elsewhere). */
  readonly serverDataDirectory?: string;
  readonly spool: string;
  readonly compression?: Compression;
  /** How many files are pushed at a time. */
  readonly pushConcurrency?: number;
  /** How many files are fetched ahead at a time. */
  readonly fetchConcurrency?: number;
  /** How much WAL is fetched ahead of replay. */
  readonly prefetchBytes?: number;
  /** Pushes nothing: for a rehearsal, whose WAL must not reach the archive before it is the live server. */
  readonly isFetchOnly?: boolean;
  readonly report?: ReportAgentEvent;
  /** Ends the agent. */
  readonly signal: AbortSignal;
}

/** The life of a data directory as the agent sees it. */
export interface ServerLife extends SpoolOwner {
  readonly walSegmentSizeBytes: WalSegmentSizeBytes;
  /** Another directory at the same path is another life. */
  readonly directoryId: string;
}

export const DEFAULT_PREFETCH_BYTES = 256 * 1024 * 1024;
const DEFAULT_CONCURRENCY = 4;
/** One usual segment: reading and compressing the next while this one is sent is fast enough for any server. Where many wait, one more. */
const SEGMENT_BYTES_IN_HAND = 16 * 1024 * 1024;
/** For WAL that does not compress; most is a third or a fifth of it. */
const STORED_BYTES_IN_HAND = 64 * 1024 * 1024;
const HEARTBEAT_MS = 200;
const LIFE_CHECK_MS = 250;
const STUMBLE_PAUSE_MS = 1000;

/** How many segments are within `bytes`. */
function countWithin(bytes: number, walSegmentSizeBytes: number): number {
  return Math.max(1, Math.floor(bytes / walSegmentSizeBytes));
}

async function readLife(dataDirectory: string): Promise<ServerLife> {
  const { systemIdentifier, timeline, walSegmentSizeBytes } = await readControlFile(dataDirectory);
  const path = join(dataDirectory, 'pg_wal', formatHistoryName(timeline));
  const history = timeline === 1 ? '' : await readFile(path, 'utf8').catch(() => '');
  const { dev, ino } = await stat(dataDirectory);
  return { systemIdentifier, timeline, history, walSegmentSizeBytes, directoryId: `${dev}:${ino}` };
}

async function isSameLife(life: ServerLife, dataDirectory: string): Promise<boolean> {
  const now = await readLife(dataDirectory).catch(() => undefined);
  return (
    now !== undefined &&
    now.systemIdentifier === life.systemIdentifier &&
    now.timeline === life.timeline &&
    now.directoryId === life.directoryId
  );
}

async function waitForServer(given: AgentOptions, lock: SpoolLock, stop: AbortSignal): Promise<ServerLife | undefined> {
  let told = false;
  while (!stop.aborted) {
    await lock.touch();
    try {
      return await readLife(given.dataDirectory);
    } catch (error) {
      if (!told) given.report?.({ kind: 'waitingForServer', message: messageOf(error) });
      told = true;
      await sleep(250, undefined, { signal: stop }).catch(() => {});
    }
  }
  return undefined;
}

/** Keeps `work` going at a pace; its error ends the whole. */
function every(pauseMs: number, stop: AbortController, work: () => Promise<void>): NodeJS.Timeout {
  let running = false;
  return setInterval(() => {
    if (running) return;
    running = true;
    work()
      .catch((error: unknown) => stop.abort(error))
      .finally(() => {
        running = false;
      });
  }, pauseMs);
}

/** Shows the shell's half that the agent lives. It may have removed the file, when it thought otherwise. */
async function beat(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(async () => writeFile(path, '').catch(() => {}));
}

/** Serves one life until it is over. */
async function serve(given: AgentOptions, life: ServerLife, lock: SpoolLock, stopped: AbortSignal): Promise<void> {
  const { spool, dataDirectory } = given;
  const filesInHand = countWithin(STORED_BYTES_IN_HAND, life.walSegmentSizeBytes);
  const seenAs = given.serverDataDirectory ?? (await realpath(dataDirectory));
  const paths = await serveFrom(spool, life, seenAs);
  given.report?.({ kind: 'serving', systemIdentifier: life.systemIdentifier, timeline: life.timeline, spool });
  const over = new AbortController();
  const end = () => over.abort();
  stopped.addEventListener('abort', end, { once: true });
  if (stopped.aborted) end();
  const hearts = every(HEARTBEAT_MS, over, () => beat(paths.heartbeat));
  const checks = every(LIFE_CHECK_MS, over, async () => {
    await lock.touch();
    if (!(await isServing(spool, paths.key)) || !(await isSameLife(life, dataDirectory))) over.abort();
  });
  try {
    await serveLife({
      store: given.store,
      forWriting: given.forWriting ?? given.store,
      dataDirectory,
      paths,
      life,
      compression: given.compression ?? 'zstd',
      pushConcurrency: Math.min(given.pushConcurrency ?? DEFAULT_CONCURRENCY, filesInHand),
      fetchConcurrency: Math.min(given.fetchConcurrency ?? DEFAULT_CONCURRENCY, filesInHand),
      segmentsInHand: countWithin(SEGMENT_BYTES_IN_HAND, life.walSegmentSizeBytes),
      prefetchBytes: given.prefetchBytes ?? DEFAULT_PREFETCH_BYTES,
      isFetchOnly: given.isFetchOnly ?? false,
      report: given.report ?? (() => {}),
      signal: over.signal,
    });
  } finally {
    clearInterval(hearts);
    clearInterval(checks);
    stopped.removeEventListener('abort', end);
    // Between two lives the agent lives, and is waited for.
    if (stopped.aborted) await rm(paths.heartbeat, { force: true });
  }
  // An interval that failed has said why; the end of a life has not.
  if (over.signal.reason instanceof Error && over.signal.reason.name !== 'AbortError') throw over.signal.reason;
}

/** Whatever it was, WAL goes on being archived; only an agent that has lost its spool to another one ends. */
async function stumble({ report, signal }: AgentOptions, error: unknown): Promise<void> {
  if (isFailure(error, 'conflict')) throw error;
  report?.({ kind: 'stumbled', message: messageOf(error) });
  await sleep(STUMBLE_PAUSE_MS, undefined, { signal }).catch(() => {});
}

/**
 * Serves a data directory until `signal`.
 *
 * @throws {Failure} `conflict` if another agent serves the spool.
 */
export async function runAgent(given: AgentOptions): Promise<void> {
  const { spool, signal } = given;
  await mkdir(spool, { recursive: true, mode: 0o700 });
  if (signal.aborted) return;
  const lock = await takeSpoolLock(join(spool, 'agent.lock'), signal);
  try {
    while (!signal.aborted) {
      const life = await waitForServer(given, lock, signal);
      if (life !== undefined) await serve(given, life, lock, signal).catch((error: unknown) => stumble(given, error));
    }
  } finally {
    await lock.release();
  }
}
