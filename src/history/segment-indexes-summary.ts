/**
 * The summary of one segment: of its index object, or of the index that is made for it.
 *
 * @module
 */

import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { decodeSegmentIndexSummary } from '../wal-index/decode.ts';
import type { SegmentIndexSummary } from '../wal-index/segment-index.ts';
import type { ArchivedWal } from './archived-wal.ts';
import { chooseSegment } from './segment-choice.ts';
import { headStop, makeIndexObject } from './segment-indexes-make.ts';
import { readIndexSummary } from './segment-indexes-object.ts';
import { SegmentSource, stopAtDamagedObject, type SegmentPlaces } from './segment-source.ts';

/** Whose summaries are asked for. */
export interface SummaryRequest extends SegmentPlaces {
  readonly wal: ArchivedWal;
  readonly line: TimelineHistory;
  /** False: index objects are not looked at. */
  readonly useIndex?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The summary of segment `index` of a line; `undefined` if the segment is not there, or is none. */
export async function readSummary(request: SummaryRequest, index: bigint): Promise<SegmentIndexSummary | undefined> {
  const { store, wal, line, useIndex = true, signal } = request;
  const segment = chooseSegment(wal, line, index);
  if (segment === undefined) return undefined;
  if (useIndex && store !== undefined && segment.validBelow === undefined) {
    const found = await readIndexSummary({ store, wal, segment, signal });
    if (found.kind === 'sound') return found.value;
    if (found.kind === 'ignored') request.onIgnoredIndex?.(found.ignored);
  }
  const source = new SegmentSource(request);
  const bytes = await source
    .read(segment.fileName, signal)
    .catch((error: unknown) => stopAtDamagedObject(error, segment));
  if (bytes === undefined || 'reason' in bytes || headStop(bytes.bytes, segment, wal) !== undefined) return undefined;
  return decodeSegmentIndexSummary(makeIndexObject({ ...segment, ...bytes }).object, bytes.storedAs);
}
