/**
 * Which segments an archive holds, timeline by timeline, as `wal-show` and `wal-verify` count them: from one listing.
 *
 * Source: WAL-G `internal/databases/postgres/wal_show_handler.go`, `wal_segments_sequence.go`.
 *
 * @module
 */

import { readWalFile } from '../../archive/read-wal-file.ts';
import { isFailure } from '../../base/failure.ts';
import { listArchivedWal, type SegmentRange } from '../../history/archived-wal.ts';
import { formatHistoryName, parseTimelineHistory, type TimelineHistory } from '../../postgres/timeline-history.ts';
import { formatSegmentName, type WalSegmentSizeBytes } from '../../postgres/wal-segment.ts';
import type { ObjectStore } from '../../storage/object-store.ts';

/** The segments of an archive. */
export interface WalTimelines {
  readonly segmentSizeBytes: WalSegmentSizeBytes;
  readonly segments: ReadonlyMap<number, readonly SegmentRange[]>;
  readonly historyTimelines: readonly number[];
}

/** Lists them; `undefined` for an archive without WAL. */
export async function readWalTimelines(store: ObjectStore, signal: AbortSignal): Promise<WalTimelines | undefined> {
  try {
    return await listArchivedWal(store, { signal });
  } catch (error) {
    if (isFailure(error, 'notInArchive')) return undefined;
    throw error;
  }
}

/** A timeline's history file; `undefined` if the archive has none. */
export async function readHistoryOf(
  store: ObjectStore,
  timeline: number,
  signal: AbortSignal,
): Promise<TimelineHistory | undefined> {
  const file = await readWalFile(store, formatHistoryName(timeline), { signal });
  return file === undefined ? undefined : parseTimelineHistory(timeline, file.bytes.toString('utf8'));
}

/** Names of the segments missing between the ranges of one timeline. */
export function missingSegments(
  timeline: number,
  ranges: readonly SegmentRange[],
  size: WalSegmentSizeBytes,
): string[] {
  return ranges.slice(1).flatMap(({ firstIndex }, at) => {
    const from = (ranges[at]?.lastIndex ?? firstIndex) + 1n;
    const count = Number(firstIndex - from);
    return Array.from({ length: count }, (_, next) =>
      formatSegmentName({ timeline, index: from + BigInt(next) }, size),
    );
  });
}
