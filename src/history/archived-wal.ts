/**
 * What WAL an archive holds: one listing, and the first page of one segment for the sizes and the cluster's identity.
 *
 * A segment that is stored under several names counts once. Names that no file of the server has are passed over, and so
 * are `.partial` files: a complete segment of the same name may exist, and PostgreSQL never asks for them.
 *
 * @module
 */

import { Failure, isFailure } from '../base/failure.ts';
import { readSystemIdentifier } from '../archive/archive-identity.ts';
import { readWalFile } from '../archive/read-wal-file.ts';
import { parseHistoryName } from '../postgres/timeline-history.ts';
import { unknownWalVersion } from '../postgres/versions.ts';
import { readSegmentHeader, type SegmentHeader } from '../postgres/wal-records/page-header.ts';
import {
  parseSegmentName,
  walSegmentSize,
  type WalSegment,
  type WalSegmentSizeBytes,
} from '../postgres/wal-segment.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';

/** Segments without a gap between them. */
export interface SegmentRange {
  readonly firstIndex: bigint;
  readonly lastIndex: bigint;
}

/** The WAL of an archive. */
export interface ArchivedWal {
  readonly systemIdentifier: bigint;
  readonly majorVersion: number;
  readonly segmentSizeBytes: WalSegmentSizeBytes;
  /** For each timeline its segments, ascending; what lies between two ranges is missing. */
  readonly segments: ReadonlyMap<number, readonly SegmentRange[]>;
  /** Timelines whose history file is there, ascending. */
  readonly historyTimelines: readonly number[];
  /** The size of each segment's object as it is stored, by the file's name; none of one that is stored more than once. */
  readonly objectBytes: ReadonlyMap<string, number>;
}

/** How many segments, the newest ones, are tried for a first page before giving up. */
const PROBES = 3;

/**
 * Lists the WAL of an archive.
 *
 * @throws {Failure} `notInArchive` if it holds no segment; `corrupt` if none of the newest has a first page; `refused` if they
 *   are of a major that is not known.
 */
export async function listArchivedWal(store: ObjectStore, options: CallOptions = {}): Promise<ArchivedWal> {
  const names = new Set<string>();
  const objectBytes = new Map<string, number>();
  const historyTimelines = new Set<number>();
  for await (const { key, sizeBytes } of store.list(WAL_FOLDER, options)) {
    const file = walFileOf(key);
    if (file?.kind === 'segment') {
      if (names.has(file.fileName)) objectBytes.delete(file.fileName);
      else objectBytes.set(file.fileName, sizeBytes);
      names.add(file.fileName);
    }
    const timeline = file?.kind === 'history' ? parseHistoryName(file.fileName) : undefined;
    if (timeline !== undefined) historyTimelines.add(timeline);
  }
  const header = await probe(store, [...names].toSorted().toReversed().slice(0, PROBES), options);
  const segmentSizeBytes = walSegmentSize(header.segmentSizeBytes);
  return {
    systemIdentifier: header.systemIdentifier,
    majorVersion: header.version.major,
    segmentSizeBytes,
    segments: rangesByTimeline(names, segmentSizeBytes),
    historyTimelines: [...historyTimelines].toSorted((a, b) => a - b),
    objectBytes,
  };
}

/** What the archive says of itself, without its WAL; for readers a record that cannot be read tells nothing. */
async function ownerOf(store: ObjectStore, options: CallOptions): Promise<bigint | undefined> {
  return readSystemIdentifier(store, options).catch((error: unknown) => {
    if (isFailure(error, 'corrupt') || isFailure(error, 'refused')) return undefined;
    throw error;
  });
}

async function probe(store: ObjectStore, names: readonly string[], options: CallOptions): Promise<SegmentHeader> {
  const owner = names.length === 0 ? undefined : await ownerOf(store, options);
  let foreign: SegmentHeader | undefined;
  let found = `the archive ${store.address} holds no WAL segment`;
  let refusal: Failure | undefined;
  for (const name of names) {
    // One damaged segment must not hide all others.
    const file = await readWalFile(store, name, options).catch((error: unknown) => {
      if (!isFailure(error, 'corrupt')) throw error;
      refusal ??= error;
      return undefined;
    });
    if (file === undefined) continue;
    const header = readSegmentHeader(file.bytes);
    // One segment that strayed here from another cluster must not make all others foreign.
    if (!('problem' in header) && (owner === undefined || header.systemIdentifier === owner)) return header;
    if (!('problem' in header)) {
      foreign ??= header;
      continue;
    }
    if (header.problem === 'unknownVersion') refusal ??= unknownWalVersion(header.magic, file.key);
    found = `${file.key} has no first page of a segment`;
  }
  if (foreign !== undefined) return foreign;
  if (refusal !== undefined) throw refusal;
  throw new Failure(names.length === 0 ? 'notInArchive' : 'corrupt', {
    message: `cannot read the WAL of the archive: ${found}`,
    remedy: 'Check that this is the right archive, and that the server’s archive_command succeeds (pg_stat_archiver).',
  });
}

/** For each timeline the ranges of its segments, ascending; names of another segment size are passed over. */
export function rangesByTimeline(
  names: ReadonlySet<string>,
  segmentSizeBytes: WalSegmentSizeBytes,
): ReadonlyMap<number, readonly SegmentRange[]> {
  const ranges = new Map<number, SegmentRange[]>();
  for (const name of [...names].toSorted()) {
    const segment = parseSegmentName(name, segmentSizeBytes);
    if (segment === undefined) continue;
    const ofTimeline = ranges.get(segment.timeline) ?? [];
    const last = ofTimeline.at(-1);
    if (last !== undefined && last.lastIndex + 1n === segment.index) {
      ofTimeline[ofTimeline.length - 1] = { firstIndex: last.firstIndex, lastIndex: segment.index };
    } else {
      ofTimeline.push({ firstIndex: segment.index, lastIndex: segment.index });
    }
    ranges.set(segment.timeline, ofTimeline);
  }
  return ranges;
}

/** True if the archive holds the segment. */
export function holdsSegment(wal: Pick<ArchivedWal, 'segments'>, segment: WalSegment): boolean {
  const ranges = wal.segments.get(segment.timeline) ?? [];
  return ranges.some(({ firstIndex, lastIndex }) => segment.index >= firstIndex && segment.index <= lastIndex);
}
