/**
 * Segments that were replaced or cut after they were indexed, as far as the size of their objects tells: what lies between
 * two positions is looked at by the summaries of indexes, and what does not fit its index is read.
 *
 * A change that leaves the size is seen only by reading: a plan that is run does, and so does `walkback verify`.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import { segmentAt } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { indexFolderOf, segmentOfIndexKey } from '../wal-index/index-object.ts';
import { chooseSegment, type ChosenSegment } from './segment-choice.ts';
import { readIndexSummary } from './segment-indexes-object.ts';
import { readSummary, type SummaryRequest } from './segment-indexes-summary.ts';

/** A part of a line of history, in an archive. */
export interface WayRequest extends SummaryRequest {
  readonly store: ObjectStore;
  readonly fromLsn: Lsn;
  readonly toLsn: Lsn;
}

const LOOK_AT_ONCE = 32;
/** Where more indexes are of no use than this, they are no sign of anything: nobody reads all their segments for an answer. */
const MOST_READ = 8;
/** No more than the newest so many are looked at: 16 GiB of WAL in segments of 16 MiB. */
const MOST_LOOKED_AT = 1024n;

/** The first such segment that cannot be read to its end; `undefined` if there is none. */
export async function firstReplaced(request: WayRequest): Promise<ChosenSegment | undefined> {
  const segments = await indexedSegments(request);
  let read = 0;
  for (let at = 0; at < segments.length; at += LOOK_AT_ONCE) {
    const some = segments.slice(at, at + LOOK_AT_ONCE);
    const fits = await Promise.all(some.map(async (segment) => fitsIndex(request, segment)));
    for (const segment of some.filter((_, place) => fits[place] === false)) {
      if (read >= MOST_READ) return undefined;
      read += 1;
      const summary = await readSummary({ ...request, useIndex: false }, segment.index);
      if (summary === undefined || summary.isStopped) return segment;
    }
    request.signal?.throwIfAborted();
  }
  return undefined;
}

/** Those of the way, the newest, that have an index. */
async function indexedSegments({ store, wal, line, fromLsn, toLsn, signal }: WayRequest): Promise<ChosenSegment[]> {
  const options = signal === undefined ? {} : { signal };
  const last = segmentAt(line.timeline, toLsn, wal.segmentSizeBytes).index;
  const begin = segmentAt(line.timeline, fromLsn, wal.segmentSizeBytes).index;
  const first = begin > last - MOST_LOOKED_AT ? begin : last - MOST_LOOKED_AT;
  const indexed = new Set<string>();
  for (const timeline of [...line.ancestors.map((ancestor) => ancestor.timeline), line.timeline]) {
    for await (const { key } of store.list(indexFolderOf(timeline), options)) {
      const fileName = segmentOfIndexKey(key);
      if (fileName !== undefined) indexed.add(fileName);
    }
  }
  const segments: ChosenSegment[] = [];
  for (let index = first; index <= last; index += 1n) {
    const segment = chooseSegment(wal, line, index);
    const isWhole = segment !== undefined && segment.validBelow === undefined;
    if (isWhole && indexed.has(segment.fileName)) segments.push(segment);
  }
  return segments;
}

async function fitsIndex(request: WayRequest, segment: ChosenSegment): Promise<boolean> {
  const { store, wal, signal, onIgnoredIndex } = request;
  const found = await readIndexSummary({ store, wal, segment, signal });
  if (found.kind === 'ignored') onIgnoredIndex?.(found.ignored);
  return found.kind !== 'ignored';
}
