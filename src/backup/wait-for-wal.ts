/**
 * Waits until the WAL that a backup cannot do without is in the archive.
 *
 * The store is asked, not the server: `pg_backup_stop` waits for the server's word on a primary only, and only for as
 * long as the archive command tells the truth.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import { formatSegmentName, nextSegment, segmentAt, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';

/** Which WAL, and how long to wait for it. */
export interface WaitForWalOptions {
  readonly store: ObjectStore;
  readonly timeline: number;
  readonly startLsn: Lsn;
  readonly stopLsn: Lsn;
  readonly segmentSizeBytes: WalSegmentSizeBytes;
  /** Give up when nothing new has arrived for this long. */
  readonly timeoutMs: number;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** What the server knows about its archiver, for the failure. */
  readonly explain: () => Promise<string[]>;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** The names of the segments from the one that holds `startLsn` to the one that holds the byte before `stopLsn`. */
export function segmentsBetween(
  timeline: number,
  startLsn: Lsn,
  stopLsn: Lsn,
  segmentSizeBytes: WalSegmentSizeBytes,
): string[] {
  const last = segmentAt(timeline, lsn(stopLsn - 1n), segmentSizeBytes);
  const names: string[] = [];
  for (let next = segmentAt(timeline, startLsn, segmentSizeBytes); next.index <= last.index; next = nextSegment(next)) {
    names.push(formatSegmentName(next, segmentSizeBytes));
  }
  return names;
}

/** Resolves when all of it is there. @throws {Failure} `unavailable` after the time-out, naming the first missing segment. */
export async function waitForWal(options: WaitForWalOptions): Promise<void> {
  const { store, onProgress, signal } = options;
  const wanted = segmentsBetween(options.timeline, options.startLsn, options.stopLsn, options.segmentSizeBytes);
  let missing = wanted;
  let deadline = Date.now() + options.timeoutMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const before = missing.length;
    missing = await stillMissing(store, missing, signal);
    onProgress({
      phase: 'wal',
      done: wanted.length - missing.length,
      total: wanted.length,
      unit: 'segments',
      ...(missing[0] === undefined ? {} : { note: `waiting for ${missing[0]}` }),
    });
    if (missing[0] === undefined) return;
    if (missing.length < before) deadline = Date.now() + options.timeoutMs;
    if (Date.now() > deadline) throw await timedOut(missing[0], options);
    await sleep(pauseMs, undefined, { signal });
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.5);
  }
}

async function stillMissing(store: ObjectStore, names: readonly string[], signal: AbortSignal): Promise<string[]> {
  const [first] = names;
  const last = names.at(-1);
  if (first === undefined || last === undefined) return [];
  const present = new Set<string>();
  for await (const { key } of store.list(`${WAL_FOLDER}${first.slice(0, 8)}`, {
    after: `${WAL_FOLDER}${first.slice(0, -1)}`,
    signal,
  })) {
    const file = walFileOf(key);
    if (file?.kind === 'segment') present.add(file.fileName);
    if (file !== undefined && file.fileName.slice(0, last.length) > last) break;
  }
  return names.filter((name) => !present.has(name));
}

async function timedOut(segmentName: string, options: WaitForWalOptions): Promise<Failure> {
  return new Failure('unavailable', {
    message: `cannot finish the backup: segment ${segmentName}, which it needs, did not reach ${options.store.address} within ${Math.round(options.timeoutMs / 1000)} s`,
    remedy: "Find out in the server's log why archive_command does not bring it there, then take the backup again.",
    facts: await options.explain().catch(() => []),
  });
}
