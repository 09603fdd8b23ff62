/**
 * Windows: from where to where one can go, for each timeline.
 *
 * A window begins where a backup becomes consistent and ends with the last commit in the WAL that follows it without a
 * gap; upload times say nothing. Only the edges are read, not all that is in between: forward from the beginning to the
 * first commit, and backward from the end, segment by segment, to the last. The first and the last segment are decoded; of
 * further ones the index is enough. A segment in between that is not of the size that its index knows is read.
 *
 * @module
 */

import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import type { TransactionEnd } from '../postgres/recovery-target.ts';
import type { TimelineHistory, TimelineSwitch } from '../postgres/timeline-history.ts';
import { isCommit, isTransactionEnd } from '../postgres/wal-records/wal-event.ts';
import { segmentAt, segmentStart } from '../postgres/wal-segment.ts';
import type { ArchivedWal } from './archived-wal.ts';
import { backupsOnLine } from './find-moment.ts';
import type { BackupPoint } from './found-moment.ts';
import { runsOfLine, type Run } from './line-runs.ts';
import { firstReplaced } from './replaced-segments.ts';
import { scanIndexes } from './scan-indexes.ts';
import { scanWal } from './scan.ts';
import type { SegmentPlaces } from './segment-source.ts';
import type { Timelines } from './timelines.ts';

/** A span that can be reached, every transaction of it. */
export interface Window<B extends BackupPoint = BackupPoint> {
  /** The backup that it begins with, or that reaches it from an earlier timeline. */
  readonly backup: B;
  /** The first position that can be reached, on this timeline. */
  readonly fromLsn: Lsn;
  /** The first commit in it; `undefined` if there is none, and then {@link backup}'s end is all that can be reached. */
  readonly firstCommit: TransactionEnd | undefined;
  /** First byte behind the last whole record. */
  readonly toLsn: Lsn;
  readonly lastCommit: TransactionEnd | undefined;
  /** `damaged`: a segment cannot be read to its end. */
  readonly because: 'endOfArchive' | 'hole' | 'damage';
}

/** Segments that are missing between others of the same line. */
export interface Hole {
  readonly firstMissing: string;
  readonly lastMissing: string;
  readonly segmentCount: number;
  readonly fromLsn: Lsn;
  readonly toLsn: Lsn;
  /** The last commit before it and the first behind it: what lies between them is lost. */
  readonly before: TransactionEnd | undefined;
  readonly behind: TransactionEnd | undefined;
}

/** One timeline's own part of the archive. */
export interface TimelineWindows<B extends BackupPoint = BackupPoint> {
  readonly timeline: number;
  /** Where it branched off; `undefined` for the first, or when its history file is missing. */
  readonly fork: TimelineSwitch | undefined;
  readonly backups: readonly B[];
  readonly windows: readonly Window<B>[];
  readonly holes: readonly Hole[];
}

/** What to look at. */
export interface WindowsRequest<B extends BackupPoint> extends CallOptions, Pick<SegmentPlaces, 'onIgnoredIndex'> {
  readonly store: ObjectStore;
  readonly wal: ArchivedWal;
  readonly timelines: Timelines;
  readonly backups: readonly B[];
}

/** The windows of every timeline whose line is known, newest timeline first. */
export async function readWindows<B extends BackupPoint>(request: WindowsRequest<B>): Promise<TimelineWindows<B>[]> {
  const { timelines } = request;
  const all: TimelineWindows<B>[] = [];
  for (const timeline of timelines.all.toReversed()) {
    if (timelines.isKnown(timeline)) all.push(await windowsOf(request, timelines.lineOf(timeline)));
  }
  return all;
}

async function windowsOf<B extends BackupPoint>(
  request: WindowsRequest<B>,
  line: TimelineHistory,
): Promise<TimelineWindows<B>> {
  const fork = line.ancestors.at(-1);
  const onLine = backupsOnLine({ line, backups: request.backups });
  const { runs, holes } = runsOfLine(request.wal, line);
  const windows: Window<B>[] = [];
  for (const run of await soundParts(request, line, runs)) {
    const window = await windowOf(request, line, run, onLine);
    if (window !== undefined) windows.push(window);
  }
  const lost: Hole[] = [];
  for (const hole of holes.filter(({ toLsn }) => fork === undefined || toLsn > fork.switchLsn)) {
    const before = await lastEndBefore(request, line, hole.fromLsn, fork?.switchLsn ?? lsn(0n));
    lost.push({ ...hole, before, behind: await firstCommitFrom(request, line, hole.toLsn) });
  }
  const backups = onLine.filter((backup) => backup.timeline === line.timeline);
  return { timeline: line.timeline, fork, backups, windows, holes: lost };
}

/** How often a run is taken apart: more damage than that is for `walkback verify`. */
const MOST_PARTS = 8;

/** The runs, taken apart where a segment was replaced since it was indexed, and cannot be read. */
async function soundParts<B extends BackupPoint>(
  { store, wal, onIgnoredIndex, signal }: WindowsRequest<B>,
  line: TimelineHistory,
  runs: readonly Run[],
): Promise<Run[]> {
  const parts: Run[] = [];
  for (const run of runs) {
    let { fromLsn } = run;
    for (let part = 1; fromLsn < run.toLsn; part += 1) {
      const way = { store, wal, line, onIgnoredIndex, signal, fromLsn, toLsn: lsn(run.toLsn - 1n) };
      const replaced = part > MOST_PARTS ? undefined : await firstReplaced(way);
      const toLsn = replaced === undefined ? run.toLsn : replaced.startLsn;
      parts.push(replaced === undefined ? { ...run, fromLsn } : { fromLsn, toLsn, because: 'damage' });
      fromLsn = replaced === undefined ? run.toLsn : lsn(toLsn + BigInt(wal.segmentSizeBytes));
    }
  }
  return parts.filter((part) => part.fromLsn < part.toLsn);
}

async function windowOf<B extends BackupPoint>(
  request: WindowsRequest<B>,
  line: TimelineHistory,
  run: Run,
  onLine: readonly B[],
): Promise<Window<B> | undefined> {
  const forkLsn = line.ancestors.at(-1)?.switchLsn ?? lsn(0n);
  const backup = onLine.find(({ startLsn, finishLsn }) => startLsn >= run.fromLsn && finishLsn <= run.toLsn);
  if (backup === undefined || run.toLsn <= forkLsn) return undefined;
  const fromLsn = backup.finishLsn > forkLsn ? backup.finishLsn : forkLsn;
  const firstCommit = await firstCommitFrom(request, line, fromLsn);
  const tail = await tailOf(request, line, run, fromLsn);
  return { backup, fromLsn, firstCommit, ...tail };
}

/** The first commit at or behind a position, if no gap comes before it: segment by segment, the first one decoded. */
async function firstCommitFrom(
  request: WindowsRequest<BackupPoint>,
  line: TimelineHistory,
  fromLsn: Lsn,
): Promise<TransactionEnd | undefined> {
  const sizeBytes = BigInt(request.wal.segmentSizeBytes);
  for (let beginLsn = fromLsn; ; beginLsn = lsn((beginLsn / sizeBytes + 1n) * sizeBytes)) {
    const toLsn = lsn((beginLsn / sizeBytes + 1n) * sizeBytes);
    const part = { ...request, line, fromLsn: beginLsn, toLsn };
    const scan = beginLsn === fromLsn ? scanWal(part) : scanIndexes(part);
    for await (const event of scan) {
      if (isTransactionEnd(event) && isCommit(event)) return event;
    }
    if (scan.end?.kind !== 'reached') return undefined;
  }
}

type Tail = Pick<Window, 'toLsn' | 'lastCommit' | 'because'>;

/** How a run ends: its segments read from the last one backward until one has a commit. */
async function tailOf(
  request: WindowsRequest<BackupPoint>,
  line: TimelineHistory,
  run: Run,
  fromLsn: Lsn,
): Promise<Tail> {
  let toLsn: Lsn | undefined;
  let because = run.because;
  for (let { index } = segmentAt(line.timeline, lsn(run.toLsn - 1n), request.wal.segmentSizeBytes); ; index -= 1n) {
    const startLsn = segmentStart({ timeline: line.timeline, index }, request.wal.segmentSizeBytes);
    // The end of what is archived is decoded, whatever an index says of it; what lies before is not.
    const scan = toLsn === undefined ? scanWal : scanIndexes;
    const part = await readPart(request, line, startLsn, run.toLsn, scan);
    if (part.isDamaged) [because, toLsn] = ['damage', part.endLsn];
    toLsn ??= part.endLsn;
    const isFirst = startLsn <= fromLsn;
    const lastCommit = part.lastCommit !== undefined && part.lastCommit.lsn >= fromLsn ? part.lastCommit : undefined;
    if (isFirst || lastCommit !== undefined) return { toLsn: toLsn ?? fromLsn, lastCommit, because };
  }
}

/** The last commit of one segment, and of the records that it begins. */
async function readPart(
  request: WindowsRequest<BackupPoint>,
  line: TimelineHistory,
  fromLsn: Lsn,
  belowLsn: Lsn,
  read: typeof scanWal,
) {
  const endLsn = fromLsn + BigInt(request.wal.segmentSizeBytes);
  const toLsn = lsn(endLsn < belowLsn ? endLsn : belowLsn);
  const scan = read({ ...request, line, fromLsn, toLsn });
  let lastCommit: TransactionEnd | undefined;
  for await (const event of scan) {
    if (event.lsn < toLsn && isTransactionEnd(event) && isCommit(event)) lastCommit = event;
  }
  return { lastCommit, endLsn: scan.last?.endLsn, isDamaged: scan.end?.kind === 'damage' };
}

async function lastEndBefore(
  request: WindowsRequest<BackupPoint>,
  line: TimelineHistory,
  belowLsn: Lsn,
  notBefore: Lsn,
): Promise<TransactionEnd | undefined> {
  const run: Run = { fromLsn: notBefore, toLsn: belowLsn, because: 'hole' };
  return belowLsn <= notBefore ? undefined : (await tailOf(request, line, run, notBefore)).lastCommit;
}
