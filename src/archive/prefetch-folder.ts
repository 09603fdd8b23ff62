/**
 * Segments fetched ahead without an agent, in WAL-G's folders: each call of `wal-fetch` leaves a process behind that fills
 * `.wal-g/prefetch` beside the destination, and the next calls take from there.
 *
 * A segment appears in the folder whole and checked, and is checked once more when it is taken: the folder may be from
 * another life of the data directory. A mark in `running/` says who fetches what, so that nothing is fetched twice; one that
 * is not touched any more is of a process that died.
 *
 * Source: WAL-G `internal/databases/postgres/prefetch.go`, `cleaner.go`.
 *
 * @module
 */

import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ReadableCompression } from '../base/compression-names.ts';
import {
  formatSegmentName,
  isSegmentName,
  parseSegmentName,
  walSegmentSize,
  type WalSegment,
} from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { checkWalFile, type ExpectedWal } from './check-wal-file.ts';
import { writeFileDurably } from './durable-file.ts';
import { lookUpWalFile } from './look-up.ts';

const RUNNING = 'running';
const MARK_SILENCE_MS = 5000;
const MARK_TOUCH_MS = 500;
const LOOK_AGAIN_MS = 20;

/** One segment wanted from the folder. */
export interface PrefetchedSegment {
  /** `.wal-g/prefetch`. */
  readonly folder: string;
  readonly fileName: string;
  readonly destination: string;
  readonly expected: Required<ExpectedWal>;
  readonly signal?: AbortSignal;
}

async function isBeingFetched(folder: string, fileName: string): Promise<boolean> {
  const mark = await stat(join(folder, RUNNING, fileName)).catch(() => undefined);
  return mark !== undefined && Date.now() - mark.mtimeMs < MARK_SILENCE_MS;
}

/** Moves a file whose content is at hand, also to another file system. */
async function moveTo(path: string, bytes: Buffer, destination: string): Promise<void> {
  try {
    await rename(path, destination);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await writeFileDurably(destination, bytes);
    await rm(path, { force: true });
  }
}

/** Moves a segment from the folder to its destination, waiting for it while it is being fetched. False if it is not there, or is not what its name says. */
export async function takePrefetched(wanted: PrefetchedSegment): Promise<boolean> {
  const { folder, fileName, destination, expected, signal } = wanted;
  if (!isSegmentName(fileName)) return false;
  const path = join(folder, fileName);
  for (;;) {
    const isRunning = await isBeingFetched(folder, fileName);
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes !== undefined) {
      try {
        checkWalFile(bytes, fileName, path, expected);
        await moveTo(path, bytes, destination);
        return true;
      } catch {
        await rm(path, { force: true });
        return false;
      }
    }
    if (!isRunning) return false;
    await sleep(LOOK_AGAIN_MS, undefined, signal === undefined ? {} : { signal });
  }
}

/** Segments to fetch ahead. */
export interface PrefetchAhead {
  readonly store: ObjectStore;
  readonly folder: string;
  /** The segment that the server has just asked for. */
  readonly after: string;
  readonly count: number;
  readonly expected: Required<ExpectedWal>;
  readonly preferred?: ReadableCompression;
  readonly signal?: AbortSignal;
}

/** Makes the mark; false if somebody else is at it. */
async function beginFetching(folder: string, fileName: string): Promise<boolean> {
  const mark = join(folder, RUNNING, fileName);
  if (!(await isBeingFetched(folder, fileName))) await rm(mark, { force: true });
  const made = await open(mark, 'wx', 0o600).catch(() => undefined);
  await made?.close();
  return made !== undefined;
}

async function fetchOne(given: PrefetchAhead, fileName: string): Promise<boolean> {
  const { store, folder, expected, preferred, signal } = given;
  const path = join(folder, fileName);
  if ((await stat(path).catch(() => undefined)) !== undefined) return false;
  if (!(await beginFetching(folder, fileName))) return false;
  const mark = join(folder, RUNNING, fileName);
  const touching = setInterval(() => {
    const now = new Date();
    utimes(mark, now, now).catch(() => {});
  }, MARK_TOUCH_MS);
  try {
    const found = await lookUpWalFile({
      store,
      fileName,
      expected,
      preferred,
      ...(signal === undefined ? {} : { signal }),
    });
    if (found.kind !== 'found') return false;
    await writeFileDurably(path, found.bytes);
    return true;
  } finally {
    clearInterval(touching);
    await rm(mark, { force: true });
  }
}

/** Removes what the server is past: segments before the one it asked for, on any timeline. */
async function removePassed(folder: string, after: WalSegment, given: PrefetchAhead): Promise<void> {
  const size = walSegmentSize(given.expected.walSegmentSizeBytes ?? 0);
  for (const name of await readdir(folder).catch(() => [])) {
    const segment = parseSegmentName(name, size);
    const isPassed = segment !== undefined && segment.index < after.index;
    if (isPassed) await rm(join(folder, name), { force: true });
  }
}

/**
 * Fetches the segments behind one on its timeline, those that are there: none where the size of segments is not known.
 * Answers with how many were fetched.
 *
 * @throws {Failure} if the folder cannot be written; what the store answers only ends the fetching.
 */
export async function prefetchAhead(given: PrefetchAhead): Promise<number> {
  if (given.expected.walSegmentSizeBytes === undefined) return 0;
  const size = walSegmentSize(given.expected.walSegmentSizeBytes ?? 0);
  const after = parseSegmentName(given.after, size);
  if (after === undefined) return 0;
  await mkdir(join(given.folder, RUNNING), { recursive: true, mode: 0o700 });
  await removePassed(given.folder, after, given);
  const names = Array.from({ length: given.count }, (_, ahead) =>
    formatSegmentName({ timeline: after.timeline, index: after.index + 1n + BigInt(ahead) }, size),
  );
  const fetched = await Promise.all(names.map(async (name) => fetchOne(given, name)));
  return fetched.filter(Boolean).length;
}
