/**
 * Segments that were replaced or cut after they were indexed, as far as the size of their objects tells: what lies between
 * two positions is looked at by the summaries of indexes, and what does not fit its index is read.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import { segmentAt } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { chooseSegment } from './segment-choice.ts';
import { readIndexSummary } from './segment-indexes-object.ts';
import { readSummary, type SummaryRequest } from './segment-indexes-summary.ts';

/** A part of a line of history, in an archive. */
export interface WayRequest extends SummaryRequest {
  readonly store: ObjectStore;
  readonly fromLsn: Lsn;
  readonly toLsn: Lsn;
}

const LOOK_AT_ONCE = 32n;
/** Where more indexes are of no use than this, they are no sign of anything: nobody reads all their segments for an answer. */
const MOST_READ = 8;

/** The name of the first such segment that cannot be read to its end; `undefined` if there is none. */
export async function firstReplaced(request: WayRequest): Promise<string | undefined> {
  const { line, wal, fromLsn, toLsn, signal } = request;
  const first = segmentAt(line.timeline, fromLsn, wal.segmentSizeBytes).index;
  const last = segmentAt(line.timeline, toLsn, wal.segmentSizeBytes).index;
  let read = 0;
  for (let begin = first; begin <= last; begin += LOOK_AT_ONCE) {
    const count = last + 1n - begin < LOOK_AT_ONCE ? last + 1n - begin : LOOK_AT_ONCE;
    const indexes = Array.from({ length: Number(count) }, (_, step) => begin + BigInt(step));
    const misfits = await Promise.all(indexes.map(async (index) => misfit(request, index)));
    for (const [place, fileName] of misfits.entries()) {
      if (fileName === undefined || read >= MOST_READ) continue;
      read += 1;
      const summary = await readSummary({ ...request, useIndex: false }, begin + BigInt(place));
      if (summary === undefined || summary.isStopped) return fileName;
    }
    signal?.throwIfAborted();
  }
  return undefined;
}

/** The name of a segment that has an index which is not of it. */
async function misfit(
  { store, wal, line, signal, onIgnoredIndex }: WayRequest,
  index: bigint,
): Promise<string | undefined> {
  const segment = chooseSegment(wal, line, index);
  if (segment === undefined || segment.validBelow !== undefined) return undefined;
  const found = await readIndexSummary({ store, wal, segment, signal });
  if (found.kind !== 'ignored') return undefined;
  onIgnoredIndex?.(found.ignored);
  return segment.fileName;
}
