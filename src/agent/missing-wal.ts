/**
 * Which files of a server's line of history are missing in its archive, from a position on.
 *
 * Missing is a segment that later ones of the line are archived behind; one that the server has marked as archived; one
 * that it had written in full before its last checkpoint began, whatever it says of it, since a server with `archive_mode`
 * off says nothing; and the history file of a timeline of the line. What the server has ready to be archived is not
 * missing: it is under way.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { findWalObjects } from '../archive/read-wal-file.ts';
import { rangesByTimeline, type ArchivedWal } from '../history/archived-wal.ts';
import { runsOfLine } from '../history/line-runs.ts';
import { chooseSegment, expectedSegmentName } from '../history/segment-choice.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import { formatHistoryName, isOnLine, timelineAt, type TimelineHistory } from '../postgres/timeline-history.ts';
import {
  formatSegmentName,
  isSegmentName,
  parseSegmentName,
  segmentAt,
  segmentStart,
} from '../postgres/wal-segment.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';
import type { PrimaryServer } from './server-line.ts';

/** What was found. */
export interface WalChain {
  /** Segments of the line that the archive has, from the position on. */
  readonly segmentCount: number;
  /** Names of files that it lacks, in order; at most {@link MOST_MISSING}. */
  readonly missing: readonly string[];
  /** How many it lacks in all. */
  readonly missingCount: number;
}

export const MOST_MISSING = 4096;
const READY = '.ready';
const DONE = '.done';

/** Names of files of `pg_wal`, by what the server says of their archiving. */
async function readStatus(dataDirectory: string): Promise<{ ready: Set<string>; done: Set<string> }> {
  const entries = await readdir(join(dataDirectory, 'pg_wal', 'archive_status')).catch(() => []);
  const named = (suffix: string) =>
    new Set(entries.filter((entry) => entry.endsWith(suffix)).map((entry) => entry.slice(0, -suffix.length)));
  return { ready: named(READY), done: named(DONE) };
}

async function listNames(
  store: ObjectStore,
  { line, walSegmentSizeBytes: size }: PrimaryServer,
  fromLsn: Lsn,
  options: CallOptions,
): Promise<{ segments: Set<string>; histories: Set<string> }> {
  const segments = new Set<string>();
  const histories = new Set<string>();
  for (const timeline of timelinesFrom(line, fromLsn)) {
    const from = segmentAt(timeline, fromLsn, size);
    const prefix = `${WAL_FOLDER}${formatHistoryName(timeline).slice(0, 8)}`;
    // Of one segment before, so that the first one is in it under whatever ending.
    const before =
      from.index === 0n
        ? {}
        : { after: `${WAL_FOLDER}${formatSegmentName({ timeline, index: from.index - 1n }, size)}~` };
    for await (const { key } of store.list(prefix, { ...options, ...before })) {
      const file = walFileOf(key);
      if (file?.kind === 'segment') segments.add(file.fileName);
    }
  }
  for (const fileName of historiesOf(line, fromLsn)) {
    // They sort before the segments of their timeline.
    if ((await findWalObjects(store, fileName, options.signal)).length > 0) histories.add(fileName);
  }
  return { segments, histories };
}

/** Segments that the server says are archived, of the line, behind the position. */
function doneOnLine(
  done: ReadonlySet<string>,
  { line, walSegmentSizeBytes: size }: PrimaryServer,
  fromLsn: Lsn,
): string[] {
  return [...done].filter((name) => {
    const segment = isSegmentName(name) ? parseSegmentName(name, size) : undefined;
    if (segment === undefined) return false;
    const startLsn = segmentStart(segment, size);
    return startLsn >= segmentStart(segmentAt(1, fromLsn, size), size) && isOnLine(line, segment.timeline, startLsn);
  });
}

/** Segments that the archive lacks, from one on: before what it has, in between, and from there to the checkpoint. */
function* indexesNotHeld(
  wal: ArchivedWal,
  { line, redoLsn, walSegmentSizeBytes: size }: PrimaryServer,
  fromIndex: bigint,
): Generator<bigint> {
  const indexOf = (position: Lsn) => segmentAt(line.timeline, position, size).index;
  const { runs, holes } = runsOfLine(wal, line);
  const [firstRun] = runs;
  if (firstRun !== undefined) yield* indexesBetween(fromIndex, indexOf(firstRun.fromLsn));
  for (const { fromLsn, segmentCount } of holes) {
    const first = indexOf(fromLsn);
    yield* indexesBetween(first, first + BigInt(segmentCount));
  }
  // Where the archive ends with the segment of a promotion, cut, the new timeline's is still to come.
  const heldTo = indexOf(runs.at(-1)?.toLsn ?? lsn(0n));
  yield* indexesBetween(heldTo > fromIndex ? heldTo : fromIndex, indexOf(redoLsn));
}

function* indexesBetween(first: bigint, behindLast: bigint): Generator<bigint> {
  for (let index = first; index < behindLast; index += 1n) yield index;
}

/** Looks. @throws what the store throws. */
export async function findMissingWal(
  store: ObjectStore,
  dataDirectory: string,
  server: PrimaryServer,
  fromLsn: Lsn,
  options: CallOptions = {},
): Promise<WalChain> {
  // First what the server says, its checkpoint before all, then the archive: what is archived in between is there then.
  const { ready, done } = await readStatus(dataDirectory);
  const { segments, histories } = await listNames(store, server, fromLsn, options);
  const { line, walSegmentSizeBytes: segmentSizeBytes, systemIdentifier, majorVersion } = server;
  const ranges = rangesByTimeline(segments, segmentSizeBytes);
  const known = { systemIdentifier, majorVersion, segmentSizeBytes, segments: ranges };
  const wal: ArchivedWal = { ...known, historyTimelines: [], objectBytes: new Map() };
  const missing = new Set(historiesOf(line, fromLsn).filter((name) => !histories.has(name) && !ready.has(name)));
  const fromIndex = segmentAt(line.timeline, fromLsn, segmentSizeBytes).index;
  let missingCount = missing.size;
  const miss = (name: string) => {
    if (ready.has(name) || missing.has(name)) return;
    missingCount += 1;
    if (missing.size < MOST_MISSING) missing.add(name);
  };
  for (const index of indexesNotHeld(wal, server, fromIndex)) miss(expectedSegmentName(wal, line, index));
  for (const name of doneOnLine(done, server, fromLsn)) {
    const index = parseSegmentName(name, segmentSizeBytes)?.index;
    if (index !== undefined && chooseSegment(wal, line, index) === undefined) miss(name);
  }
  return { segmentCount: segments.size, missing: [...missing].toSorted(), missingCount };
}

/** The timelines of a line from a position on, in order. */
function timelinesFrom(line: TimelineHistory, fromLsn: Lsn): number[] {
  const first = timelineAt(line, fromLsn);
  return [...line.ancestors.map(({ timeline }) => timeline), line.timeline].filter((timeline) => timeline >= first);
}

/** Their history files. The first timeline has none. */
function historiesOf(line: TimelineHistory, fromLsn: Lsn): string[] {
  return timelinesFrom(line, fromLsn)
    .filter((timeline) => timeline > 1)
    .map(formatHistoryName);
}
