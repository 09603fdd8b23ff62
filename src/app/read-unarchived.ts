/**
 * What the running server has committed and the archive does not have yet: the end of its `pg_wal`.
 *
 * @module
 */

import { join } from 'node:path';

import { isFailure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import { runsOfLine } from '../history/line-runs.ts';
import { eventsOf } from '../history/scan-indexes.ts';
import { readSegmentIndexes } from '../history/segment-indexes.ts';
import { listWal } from '../history/segment-source-wal.ts';
import type { Timelines } from '../history/timelines.ts';
import { controlFileOf } from '../instance/control-file-of.ts';
import { timelineOf } from '../postgres/control-file.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import type { TransactionEnd } from '../postgres/recovery-target.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { segmentAt, segmentStart } from '../postgres/wal-segment.ts';

/** No more than so many segments are read: an archive that is that far behind has other news. */
const MOST_SEGMENTS = 32n;

/** Commits that are on the server alone. */
export interface UnarchivedCommits {
  readonly commitCount: number;
  /** False: there are more, in segments that were not looked at. */
  readonly isAll: boolean;
  readonly last: TransactionEnd;
}

/** What the archive has. */
export interface Archived {
  readonly wal: ArchivedWal;
  readonly timelines: Timelines;
}

/**
 * Reads it; `undefined` if there is none, or if the data directory of the settings cannot be read or is another cluster's:
 * looking at an archive must work where the server is gone.
 */
export async function readUnarchived(
  settings: Settings,
  archived: Archived,
  signal: AbortSignal | undefined,
): Promise<UnarchivedCommits | undefined> {
  const dataDirectory = settings.get('dataDirectory');
  if (dataDirectory === undefined) return undefined;
  try {
    const control = await controlFileOf(dataDirectory);
    if (control.systemIdentifier !== archived.wal.systemIdentifier) return undefined;
    const { timelines } = archived;
    const timeline = timelineOf(control);
    const line = timelines.isKnown(timeline) ? timelines.lineOf(timeline) : { timeline, ancestors: [] };
    return await commitsBehind(join(dataDirectory, 'pg_wal'), archived.wal, line, signal);
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
}

async function commitsBehind(
  pgWal: string,
  archived: ArchivedWal,
  line: TimelineHistory,
  signal: AbortSignal | undefined,
): Promise<UnarchivedCommits | undefined> {
  const wal = await listWal({ pgWal }, signal);
  const { timeline } = line;
  const newest = wal.segments.get(timeline)?.at(-1);
  if (newest === undefined) return undefined;
  const start = (index: bigint): Lsn => segmentStart({ timeline, index }, wal.segmentSizeBytes);
  const archivedEnd = runsOfLine(archived, line).runs.at(-1)?.toLsn ?? lsn(0n);
  const oldest = [archivedEnd, start(newest.firstIndex)].reduce((most, one) => (one > most ? one : most));
  const farthest = newest.lastIndex >= MOST_SEGMENTS ? start(newest.lastIndex + 1n - MOST_SEGMENTS) : lsn(0n);
  const fromLsn = oldest > farthest ? oldest : farthest;
  // A commit that begins in the last archived segment and ends behind it is on the server alone, too.
  const before = segmentAt(timeline, lsn(fromLsn === 0n ? 0n : fromLsn - 1n), wal.segmentSizeBytes).index;
  const readLsn = before < newest.firstIndex ? fromLsn : start(before);
  let commitCount = 0;
  let last: TransactionEnd | undefined;
  const indexes = readSegmentIndexes({ pgWal, wal, line, fromLsn: readLsn, workerCount: 0, signal });
  for await (const event of eventsOf(indexes)) {
    if ((event.kind !== 'commit' && event.kind !== 'commitPrepared') || event.endLsn <= fromLsn) continue;
    commitCount += 1;
    last = event;
  }
  return last === undefined ? undefined : { commitCount, isAll: fromLsn <= archivedEnd, last };
}
