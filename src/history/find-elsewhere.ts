/**
 * Looks for a target on the other lines of history, after it was not found on the chosen one.
 *
 * @module
 */

import { lsn } from '../postgres/lsn.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { isTransactionEnd } from '../postgres/wal-records/wal-event.ts';
import { segmentAt, segmentStart } from '../postgres/wal-segment.ts';
import { scanIndexes, type IndexScanRequest } from './scan-indexes.ts';
import { chooseSegment } from './segment-choice.ts';
import { stopSideOf } from './target-matcher.ts';
import { divergenceOf, type Timelines } from './timelines.ts';

/** Newest first, the timeline outside `request.line` on which the target is; `undefined` if it is on none. */
export async function findElsewhere(
  request: Omit<IndexScanRequest, 'fromLsn' | 'toLsn' | 'alsoFirstAt'> & { readonly timelines: Timelines },
  target: RecoveryTarget,
): Promise<number | undefined> {
  for (const timeline of request.timelines.all.toReversed()) {
    if (await isOn(request, timeline, target)) return timeline;
  }
  return undefined;
}

async function isOn(
  request: Parameters<typeof findElsewhere>[0],
  timeline: number,
  target: RecoveryTarget,
): Promise<boolean> {
  const { wal, timelines } = request;
  const first = wal.segments.get(timeline)?.[0];
  const line = timelines.isKnown(timeline) ? timelines.lineOf(timeline) : undefined;
  const leaves = line === undefined ? undefined : divergenceOf(request.line, line);
  if (line === undefined || leaves === undefined || first === undefined) return false;
  const firstLsn = segmentStart({ timeline, index: first.firstIndex }, wal.segmentSizeBytes);
  const fromLsn = lsn(leaves > firstLsn ? leaves : firstLsn);
  if (target.kind === 'lsn') {
    const { index } = segmentAt(timeline, target.lsn, wal.segmentSizeBytes);
    return target.lsn >= fromLsn && chooseSegment(wal, line, index) !== undefined;
  }
  const stops = stopSideOf(target);
  let isWithin = target.kind !== 'time';
  for await (const event of scanIndexes({ ...request, line, fromLsn })) {
    // A time is on a line only if that line has a commit up to it as well as one behind.
    if (stops(event) !== undefined) return isWithin;
    if (isTransactionEnd(event)) isWithin = true;
  }
  return false;
}
