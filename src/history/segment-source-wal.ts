/**
 * What WAL there is in a server's `pg_wal`, and in an archive and a `pg_wal` together.
 *
 * A file of `pg_wal` counts if its first page is that of its name: files that the server keeps for later use have the
 * pages of an earlier life, or none.
 *
 * @module
 */

import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure, isFailure, messageOf } from '../base/failure.ts';
import { parseHistoryName } from '../postgres/timeline-history.ts';
import { LONG_HEADER_BYTES, readSegmentHeader, type SegmentHeader } from '../postgres/wal-records/page-header.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { isSegmentName, parseSegmentName, segmentStart, walSegmentSize } from '../postgres/wal-segment.ts';
import { listArchivedWal, rangesByTimeline, type ArchivedWal, type SegmentRange } from './archived-wal.ts';
import type { SegmentPlaces } from './segment-source.ts';

/**
 * Lists the WAL of one place or of both.
 *
 * @throws {Failure} `notInArchive` if there is no segment; `conflict` if the two are of different clusters; `failed` if
 *   the directory cannot be read; what the store throws.
 */
export async function listWal({ store, pgWal }: SegmentPlaces, signal?: AbortSignal): Promise<ArchivedWal> {
  const options = signal === undefined ? {} : { signal };
  const archived = store === undefined ? undefined : await listArchived(store, pgWal !== undefined, options);
  if (pgWal === undefined) {
    if (archived === undefined) throw new TypeError('no place to list WAL of');
    return archived;
  }
  const local = await listPgWal(pgWal);
  return archived === undefined ? local : together(archived, local, pgWal);
}

/** @param isEmptyAllowed a server that has just begun to archive has all its WAL in its `pg_wal`. */
async function listArchived(
  store: ObjectStore,
  isEmptyAllowed: boolean,
  options: CallOptions,
): Promise<ArchivedWal | undefined> {
  try {
    return await listArchivedWal(store, options);
  } catch (error) {
    if (isEmptyAllowed && isFailure(error, 'notInArchive')) return undefined;
    throw error;
  }
}

async function listPgWal(folder: string): Promise<ArchivedWal> {
  const all = await namesIn(folder);
  const names = new Set<string>();
  let first: SegmentHeader | undefined;
  for (const name of all.filter(isSegmentName)) {
    const header = await headerOf(join(folder, name));
    if (header === undefined) continue;
    const size = walSegmentSize(header.segmentSizeBytes);
    const segment = parseSegmentName(name, size);
    if (segment === undefined || segmentStart(segment, size) !== header.startLsn) continue;
    names.add(name);
    first ??= header;
  }
  if (first === undefined) {
    throw new Failure('notInArchive', {
      message: `cannot read WAL in ${folder}: no file of it is a segment that was written`,
      remedy: 'Give the directory pg_wal of a server, with --pg-wal.',
    });
  }
  const segmentSizeBytes = walSegmentSize(first.segmentSizeBytes);
  return {
    systemIdentifier: first.systemIdentifier,
    majorVersion: first.version.major,
    segmentSizeBytes,
    segments: rangesByTimeline(names, segmentSizeBytes),
    historyTimelines: all.flatMap((name) => parseHistoryName(name) ?? []).toSorted((a, b) => a - b),
    objectBytes: new Map(),
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    throw new Failure('failed', {
      message: `cannot read ${folder}: ${messageOf(error)}`,
      remedy: 'Give the directory pg_wal of a server, and run as a user that may read it.',
      cause: error,
    });
  }
}

/** The first page's header, if the file is there and it is one. */
async function headerOf(path: string): Promise<SegmentHeader | undefined> {
  // The server may have removed it in between.
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LONG_HEADER_BYTES), 0, LONG_HEADER_BYTES, 0);
    const header = readSegmentHeader(buffer.subarray(0, bytesRead));
    return 'problem' in header ? undefined : header;
  } finally {
    await file.close();
  }
}

function together(archived: ArchivedWal, local: ArchivedWal, folder: string): ArchivedWal {
  const isSame =
    archived.systemIdentifier === local.systemIdentifier && archived.segmentSizeBytes === local.segmentSizeBytes;
  if (!isSame) {
    throw new Failure('conflict', {
      message: `cannot read the archive and ${folder} together: the archive is of the system ${archived.systemIdentifier}, the directory of ${local.systemIdentifier}`,
      remedy: 'Give the pg_wal of the cluster that the archive belongs to.',
    });
  }
  const segments = new Map(archived.segments);
  for (const [timeline, ranges] of local.segments) {
    segments.set(timeline, joinedRanges([...(segments.get(timeline) ?? []), ...ranges]));
  }
  const historyTimelines = new Set([...archived.historyTimelines, ...local.historyTimelines]);
  return { ...archived, segments, historyTimelines: [...historyTimelines].toSorted((a, b) => a - b) };
}

function joinedRanges(ranges: readonly SegmentRange[]): SegmentRange[] {
  const joined: SegmentRange[] = [];
  for (const range of ranges.toSorted((a, b) => Number(a.firstIndex - b.firstIndex))) {
    const before = joined.at(-1);
    if (before === undefined || before.lastIndex + 1n < range.firstIndex) joined.push(range);
    else if (range.lastIndex > before.lastIndex) {
      joined[joined.length - 1] = { firstIndex: before.firstIndex, lastIndex: range.lastIndex };
    }
  }
  return joined;
}
