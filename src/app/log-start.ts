/**
 * Where to begin to read for a span of commit times.
 *
 * @module
 */

import { runsOfLine, type Run } from '../history/line-runs.ts';
import { readSegmentIndexes } from '../history/segment-indexes.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import type { IndexEvent } from '../wal-index/segment-index.ts';
import type { History } from './open-history.ts';

/** Where, and what the reader of the log should know of it. */
export interface LogStart {
  readonly fromLsn: Lsn;
  readonly notes: readonly string[];
}

/**
 * The beginning of the part without a hole that has `sinceUs` in it: of the newest part that begins before it. Without a
 * time, the newest part. Earlier parts are told of in a note.
 */
export async function logStart(history: History, sinceUs: bigint | undefined, signal: AbortSignal): Promise<LogStart> {
  const { runs } = runsOfLine(history.wal, history.line);
  const newest = runs.at(-1);
  if (newest === undefined) return { fromLsn: lsn(0n), notes: [] };
  if (sinceUs === undefined) {
    const firstUs = runs.length < 2 ? undefined : await firstEndUs(history, newest, signal);
    const notes =
      firstUs === undefined
        ? []
        : [
            `History before ${formatTimeUs(firstUs)} is behind a hole; --since reaches it, and "walkback window" draws it.`,
          ];
    return { fromLsn: newest.fromLsn, notes };
  }
  for (const run of runs.toReversed()) {
    const firstUs = await firstEndUs(history, run, signal);
    if (firstUs !== undefined && firstUs <= sinceUs) return { fromLsn: run.fromLsn, notes: [] };
  }
  const [oldest = newest] = runs;
  const firstUs = await firstEndUs(history, oldest, signal);
  const begins = firstUs === undefined ? 'holds no transaction from then on' : `begins with ${formatTimeUs(firstUs)}`;
  return {
    fromLsn: oldest.fromLsn,
    notes: [`The WAL that is there ${begins}: what came before it is not in this list.`],
  };
}

/** When the first transaction of a run ended. */
async function firstEndUs(history: History, run: Run, signal: AbortSignal): Promise<bigint | undefined> {
  const { places, wal, line } = history;
  const indexes = readSegmentIndexes({ ...places, wal, line, fromLsn: run.fromLsn, workerCount: 0, signal });
  for await (const index of indexes) {
    const timeUs = index.events.map(endTimeUs).find((time) => time !== undefined);
    if (timeUs !== undefined) return timeUs;
    if (index.startLsn >= run.toLsn) return undefined;
  }
  return undefined;
}

function endTimeUs(event: IndexEvent): bigint | undefined {
  switch (event.kind) {
    case 'commit':
    case 'abort':
    case 'commitPrepared':
    case 'abortPrepared':
      return event.timeUs;
    default:
      return undefined;
  }
}
