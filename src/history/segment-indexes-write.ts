/**
 * Writes the indexes that an archive lacks: of WAL that another program archived, or that was pushed without an agent.
 *
 * Each is stored as it is made, so an interrupted run goes on where it was. A segment that cannot be read to its end gets
 * no index, and is told of. Index objects that are there are decoded, and made anew if they are not sound.
 *
 * @module
 */

import { availableParallelism } from 'node:os';

import { isFailure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';
import { formatSegmentName, segmentStart } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { decodeSegmentIndex } from '../wal-index/decode.ts';
import { indexFolderOf, segmentIndexKey, segmentOfIndexKey } from '../wal-index/index-object.ts';
import type { ArchivedWal } from './archived-wal.ts';
import { headStop } from './segment-indexes-make.ts';
import { IndexMakers } from './segment-indexes-makers.ts';
import { readIndexObject } from './segment-indexes-object.ts';
import { SegmentSource, stopAtDamagedObject } from './segment-source.ts';
import type { ChosenSegment } from './segment-choice.ts';

/** What to write. */
export interface WriteIndexesRequest {
  readonly store: ObjectStore;
  readonly wal: ArchivedWal;
  /** One timeline; all unless told. */
  readonly timeline?: number | undefined;
  /** Make all anew, whatever is there. */
  readonly rebuild?: boolean | undefined;
  readonly workerCount?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A segment to make an index of. */
type Wanted = Pick<ChosenSegment, 'fileName' | 'startLsn'>;

/** What is there and what is missing. */
export interface IndexesToWrite {
  /** Oldest first, timeline by timeline. */
  readonly missing: readonly Wanted[];
  readonly presentCount: number;
  /** Of the missing: index objects that are there and are not sound. */
  readonly unsoundCount: number;
}

/** What was written. */
export interface WrittenIndexes {
  readonly writtenCount: number;
  readonly writtenBytes: number;
  /** Segments that got no index. */
  readonly unreadable: readonly WalStop[];
}

const MOST_WORKERS = 4;
const LOOK_AT_ONCE = 16;

/** Looks which indexes are missing. Nothing is written. */
export async function findMissingIndexes(request: WriteIndexesRequest): Promise<IndexesToWrite> {
  const { store, wal, timeline, rebuild = false, signal } = request;
  const options = signal === undefined ? {} : { signal };
  const missing: Wanted[] = [];
  let [presentCount, unsoundCount] = [0, 0];
  for (const [ofTimeline, ranges] of wal.segments) {
    if (timeline !== undefined && timeline !== ofTimeline) continue;
    const present = new Set<string>();
    for await (const { key } of store.list(indexFolderOf(ofTimeline), options)) {
      const segment = segmentOfIndexKey(key);
      if (segment !== undefined) present.add(segment);
    }
    const segments = ranges.flatMap(({ firstIndex, lastIndex }) => segmentsOf(wal, ofTimeline, firstIndex, lastIndex));
    for (let at = 0; at < segments.length; at += LOOK_AT_ONCE) {
      const some = segments.slice(at, at + LOOK_AT_ONCE);
      const sound = await Promise.all(
        some.map(async (segment) => present.has(segment.fileName) && (rebuild || (await isSound(request, segment)))),
      );
      for (const [place, segment] of some.entries()) {
        if (sound[place] === true) presentCount += 1;
        else if (present.has(segment.fileName)) unsoundCount += 1;
        if (rebuild || sound[place] !== true) missing.push(segment);
      }
    }
  }
  return { missing, presentCount, unsoundCount };
}

function segmentsOf(wal: ArchivedWal, timeline: number, firstIndex: bigint, lastIndex: bigint): Wanted[] {
  const { segmentSizeBytes: size } = wal;
  return Array.from({ length: Number(lastIndex - firstIndex) + 1 }, (_, step) => {
    const segment = { timeline, index: firstIndex + BigInt(step) };
    return { fileName: formatSegmentName(segment, size), startLsn: segmentStart(segment, size) };
  });
}

async function isSound({ store, wal, signal }: WriteIndexesRequest, segment: Wanted): Promise<boolean> {
  const found = await readIndexObject({ store, wal, segment, signal });
  if (found.kind !== 'sound') return false;
  try {
    decodeSegmentIndex(found.value, segmentIndexKey(segment.fileName));
    return true;
  } catch (error) {
    if (isFailure(error, 'corrupt')) return false;
    throw error;
  }
}

/** Makes and stores the indexes of these segments, several at a time. @throws what the store throws. */
export async function writeIndexes(request: WriteIndexesRequest, missing: readonly Wanted[]): Promise<WrittenIndexes> {
  const { workerCount = Math.min(availableParallelism(), MOST_WORKERS), onProgress, signal } = request;
  const makers = new IndexMakers({ workerCount });
  const queue = [...missing];
  const unreadable: WalStop[] = [];
  let [done, writtenCount, writtenBytes] = [0, 0, 0];
  const work = async (): Promise<void> => {
    for (let segment = queue.shift(); segment !== undefined; segment = queue.shift()) {
      signal?.throwIfAborted();
      const written = await writeOne(request, makers, segment);
      if (typeof written === 'object') unreadable.push(written);
      else if (written !== undefined) {
        writtenCount += 1;
        writtenBytes += written;
      }
      done += 1;
      onProgress?.({ phase: 'index', done, total: missing.length, unit: 'segments' });
    }
  };
  try {
    // One more than there are threads: it is fetched while they decode.
    const lanes = await Promise.allSettled(Array.from({ length: workerCount + 1 }, work));
    for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
  } finally {
    await makers.end();
  }
  return { writtenCount, writtenBytes, unreadable: unreadable.toSorted((a, b) => (a.fileName < b.fileName ? -1 : 1)) };
}

/** The bytes stored; where the segment cannot be read; or nothing, if it is gone. */
async function writeOne(
  { store, wal, signal }: WriteIndexesRequest,
  makers: IndexMakers,
  segment: Wanted,
): Promise<number | WalStop | undefined> {
  const found = await new SegmentSource({ store })
    .read(segment.fileName, signal)
    .catch((error: unknown) => stopAtDamagedObject(error, segment));
  if (found === undefined || 'reason' in found) return found;
  const stop = headStop(found.bytes, segment, wal);
  if (stop !== undefined) return stop;
  const { object, stopKind } = await makers.make({
    ...segment,
    ...found,
    objectBytes: wal.objectBytes.get(segment.fileName),
  });
  if (stopKind !== undefined) return decodeSegmentIndex(object, segment.fileName).stop;
  await store.put(segmentIndexKey(segment.fileName), object, signal === undefined ? {} : { signal });
  return object.length;
}
