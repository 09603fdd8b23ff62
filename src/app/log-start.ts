/**
 * Where to begin to read, so that what is shown is whole: before the first record of each transaction of a span, and behind
 * a snapshot of what ran, without which nobody can tell that there is no earlier record.
 *
 * @module
 */

import { runsOfLine, type Run } from '../history/line-runs.ts';
import { findLsnBehindTime, findSegmentByXid, findSegmentsByTime } from '../history/segment-indexes-search.ts';
import { readSummary } from '../history/segment-indexes-summary.ts';
import { readSegmentIndexes } from '../history/segment-indexes.ts';
import { xidPrecedes } from '../history/transactions/xid-order.ts';
import { formatLsn, lsn, type Lsn } from '../postgres/lsn.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import type { SegmentIndex } from '../wal-index/segment-index.ts';
import type { History } from './open-history.ts';

/** So far back a transaction that has run for long is followed; beyond, its counts are told to be a lower bound. */
const MOST_SEGMENTS_BACK = 128n;

/** A server that writes takes a snapshot of what runs each 15 seconds. */
const MOST_SEGMENTS_TO_SNAPSHOT = 64n;

/** Whoever follows a log waits for what comes: of what there is, the newest of the last few segments is enough. */
const SEGMENTS_BEFORE_FOLLOWING = 4n;

/** Where, and what the reader of the log should know of it. */
export interface LogStart {
  readonly fromLsn: Lsn;
  /** Transactions that ended before this are read for those behind it alone; `undefined`: all are shown. */
  readonly listedFromLsn?: Lsn;
  readonly notes: readonly string[];
}

/** Parts of the line without a hole, newest first. */
export function runsNewestFirst({ wal, line }: History): Run[] {
  return runsOfLine(wal, line).runs.toReversed();
}

/**
 * For a span of commit times: in the newest part without a hole that begins before it. Without a time, all of the newest
 * part; earlier ones are told of in a note.
 */
export async function startForTime(
  history: History,
  sinceUs: bigint | undefined,
  signal: AbortSignal,
): Promise<LogStart> {
  const runs = runsNewestFirst(history);
  const [newest] = runs;
  if (newest === undefined) return { fromLsn: lsn(0n), notes: [] };
  if (sinceUs === undefined) return { fromLsn: newest.fromLsn, notes: await notesOnEarlier(history, runs, signal) };
  let firstUs: bigint | undefined;
  for (const run of runs) {
    firstUs = await firstEndUs(history, run, signal);
    if (firstUs !== undefined && firstUs <= sinceUs) {
      return { fromLsn: await startInRun(history, run, sinceUs, signal), notes: [] };
    }
  }
  const begins = firstUs === undefined ? 'holds no transaction' : `begins with ${formatTimeUs(firstUs)}`;
  const note = `The WAL that is there ${begins}: what was committed before it is not in this list.`;
  return { fromLsn: (runs.at(-1) ?? newest).fromLsn, notes: [note] };
}

/**
 * Behind the last segment, of those without a hole from a position on, in which a transaction ended at a time or before it.
 * Segments before it can have later ones: a clock that was ahead and was set back.
 */
export async function lsnBehindTime(
  history: History,
  fromLsn: Lsn,
  untilUs: bigint,
  signal: AbortSignal,
): Promise<Lsn> {
  const run = runsNewestFirst(history).find((one) => one.fromLsn <= fromLsn && fromLsn < one.toLsn);
  return run === undefined ? fromLsn : findLsnBehindTime(searchOf(history, { ...run, fromLsn }, signal), untilUs);
}

/** True if a transaction can have ended at a time or before it behind a position, a hole or not. */
export async function mayGoOnBehind(
  history: History,
  position: Lsn,
  untilUs: bigint,
  signal: AbortSignal,
): Promise<boolean> {
  const run = runsOfLine(history.wal, history.line).runs.find(({ toLsn }) => toLsn > position);
  if (run === undefined) return false;
  const fromLsn = run.fromLsn > position ? run.fromLsn : position;
  return (await lsnBehindTime(history, fromLsn, untilUs, signal)) > fromLsn;
}

/** To follow a log: from the newest segment on in which a transaction ended, of the last few; a note says where that is. */
export async function startToFollow(history: History, signal: AbortSignal): Promise<LogStart> {
  const [newest] = runsNewestFirst(history);
  if (newest === undefined) return { fromLsn: lsn(0n), notes: [] };
  const size = BigInt(history.wal.segmentSizeBytes);
  const fromIndex = (index: bigint): Lsn => lsn(index * size < newest.fromLsn ? newest.fromLsn : index * size);
  const last = (newest.toLsn - 1n) / size;
  let index = last;
  while (index > last - SEGMENTS_BEFORE_FOLLOWING && index * size > newest.fromLsn) {
    const summary = await readSummary(searchOf(history, newest, signal), index);
    if (summary?.firstEndUs !== undefined) break;
    index -= 1n;
  }
  const listedFromLsn = fromIndex(index);
  const near = { ...newest, fromLsn: fromIndex(index - SEGMENTS_BEFORE_FOLLOWING) };
  const xid = await oldestXidFrom(history, near, listedFromLsn, signal);
  const fromLsn =
    xid === undefined ? listedFromLsn : await startForOpen(history, near, xid, { notAfter: listedFromLsn, signal });
  const note = `Begins at ${formatLsn(listedFromLsn)}, in the newest WAL there is: --since begins earlier.`;
  return { fromLsn, listedFromLsn, notes: [note] };
}

async function notesOnEarlier(history: History, runs: readonly Run[], signal: AbortSignal): Promise<string[]> {
  const [newest, earlier] = runs;
  if (newest === undefined || earlier === undefined) return [];
  const firstUs = await firstEndUs(history, newest, signal);
  const when = firstUs === undefined ? 'this' : formatTimeUs(firstUs);
  return [`History before ${when} is behind a hole: --since reaches it, and "walkback window" draws it.`];
}

/** When the first transaction of a run ended. */
async function firstEndUs({ places, wal, line }: History, run: Run, signal: AbortSignal): Promise<bigint | undefined> {
  const size = BigInt(wal.segmentSizeBytes);
  for (let index = run.fromLsn / size; index * size < run.toLsn; index += 1n) {
    const summary = await readSummary({ ...places, wal, line, signal }, index);
    if (summary?.firstEndUs !== undefined) return summary.firstEndUs;
  }
  return undefined;
}

async function startInRun(history: History, run: Run, sinceUs: bigint, signal: AbortSignal): Promise<Lsn> {
  const search = searchOf(history, run, signal);
  const found = await findSegmentsByTime(search, { sinceUs });
  // Nothing ended since: the end of the run alone is looked at.
  if (found === undefined) return segmentStartBefore(history, run.toLsn);
  const xid = await oldestXidFrom(history, run, found.fromLsn, signal);
  return xid === undefined ? found.fromLsn : startForOpen(history, run, xid, { notAfter: found.fromLsn, signal });
}

/** What is asked of the summaries of a run. */
const searchOf = ({ places, wal, line }: History, run: Run, signal: AbortSignal) => ({
  ...places,
  wal,
  line,
  signal,
  ...run,
});

function segmentStartBefore({ wal }: History, position: Lsn): Lsn {
  const size = BigInt(wal.segmentSizeBytes);
  return lsn(((position - 1n) / size) * size);
}

/**
 * Where to read from for a transaction that is open at `notAfter`: the segment in which its first record may be, and then back
 * to a snapshot of what ran that does not know its number yet.
 */
async function startForOpen(
  history: History,
  run: Run,
  xid: number,
  { notAfter, signal }: { readonly notAfter: Lsn; readonly signal: AbortSignal },
): Promise<Lsn> {
  const search = searchOf(history, run, signal);
  const found = (await findSegmentByXid(search, xid)) ?? notAfter;
  const from = found < notAfter ? found : notAfter;
  if (from < notAfter - MOST_SEGMENTS_BACK * BigInt(history.wal.segmentSizeBytes)) return notAfter;
  return (await snapshotBefore(history, run, { from, xid, signal })) ?? from;
}

/** Where to read from for a transaction of a run; `undefined` if its number was not given by the run's end. */
export async function startForXid(
  history: History,
  run: Run,
  xid: number,
  signal: AbortSignal,
): Promise<Lsn | undefined> {
  const search = searchOf(history, run, signal);
  const from = await findSegmentByXid(search, xid);
  return from === undefined ? undefined : ((await snapshotBefore(history, run, { from, xid, signal })) ?? from);
}

/** The begin of the last segment up to `from` with a snapshot to which `xid` was still to come; `undefined`: too far away. */
async function snapshotBefore(
  history: History,
  run: Run,
  { from, xid, signal }: { readonly from: Lsn; readonly xid: number; readonly signal: AbortSignal },
): Promise<Lsn | undefined> {
  const size = BigInt(history.wal.segmentSizeBytes);
  const last = from / size;
  for (let index = last; index * size >= run.fromLsn && index > last - MOST_SEGMENTS_TO_SNAPSHOT; index -= 1n) {
    const segment = await indexAt(history, lsn(index * size), signal);
    if (segment?.first?.previousLsn === 0n) return lsn(index * size);
    if (segment !== undefined && nextXids(segment).some((next) => !xidPrecedes(xid, next))) return lsn(index * size);
  }
  return undefined;
}

/** The numbers that were next where snapshots of what ran were taken. */
function nextXids({ events }: SegmentIndex): number[] {
  return events.flatMap((event) => (event.kind === 'runningXacts' ? [event.nextXid] : []));
}

/** The oldest transaction that ran at a position, as far as the first snapshot behind it and what ended until then tell. */
async function oldestXidFrom(
  history: History,
  run: Run,
  fromLsn: Lsn,
  signal: AbortSignal,
): Promise<number | undefined> {
  const size = BigInt(history.wal.segmentSizeBytes);
  let oldest: number | undefined;
  const add = (xid: number) => {
    if (xid !== 0 && (oldest === undefined || xidPrecedes(xid, oldest))) oldest = xid;
  };
  for (let at = fromLsn; at < run.toLsn && at < fromLsn + 4n * size; at = lsn(at + size)) {
    const segment = await indexAt(history, at, signal);
    if (segment === undefined) break;
    for (const event of segment.events) {
      if (event.kind === 'runningXacts') {
        add(event.oldestRunningXid);
        return oldest;
      }
      if (event.kind === 'commit' || event.kind === 'commitPrepared') add(event.xid);
    }
  }
  return oldest;
}

async function indexAt(
  { places, wal, line }: History,
  at: Lsn,
  signal: AbortSignal,
): Promise<SegmentIndex | undefined> {
  const request = { ...places, wal, line, fromLsn: at, toLsn: at, workerCount: 0, signal };
  for await (const index of readSegmentIndexes(request)) return index;
  return undefined;
}
