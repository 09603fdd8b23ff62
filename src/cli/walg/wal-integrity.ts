/**
 * WAL-G's two checks of an archive's WAL, as values: are the segments of the current line there, from the oldest backup on;
 * and does the archive hold a timeline newer than the server's.
 *
 * Source: WAL-G `internal/databases/postgres/wal_verify_handler.go`, `integrity_check_runner.go`, `timeline_check_runner.go`.
 *
 * @module
 */

import type { BackupMetadata } from '../../walg/metadata.ts';
import { holdsSegment, type ArchivedWal } from '../../history/archived-wal.ts';
import type { TimelineHistory } from '../../postgres/timeline-history.ts';
import { lsn, type Lsn } from '../../postgres/lsn.ts';
import { segmentAt, type WalSegment, type WalSegmentSizeBytes } from '../../postgres/wal-segment.ts';
import type { WalTimelines } from './wal-timelines.ts';

/** How one segment was found. */
export type SegmentStatus = 'FOUND' | 'MISSING_DELAYED' | 'MISSING_UPLOADING' | 'MISSING_LOST';

/** What a check comes to. */
export type CheckStatus = 'OK' | 'WARNING' | 'FAILURE';

/** Segments in a row with one status. */
export interface SegmentRow {
  readonly timeline: number;
  readonly firstIndex: bigint;
  readonly lastIndex: bigint;
  readonly status: SegmentStatus;
}

/** What to check. */
export interface IntegrityRequest {
  readonly wal: WalTimelines;
  /** The segment the server writes; it is not checked itself. */
  readonly current: WalSegment;
  /** Of the current timeline; `undefined` on the first. */
  readonly history: TimelineHistory | undefined;
  /** Where the oldest backup starts; `undefined` if there is none. */
  readonly startLsn: Lsn | undefined;
  /** Segments that may be missing because the archive lags. */
  readonly maxDelayed: number;
  /** Segments that may be missing because they are being uploaded. */
  readonly maxUploading: number;
}

/** The answer of {@link checkIntegrity}; rows ascending. */
export interface IntegrityCheck {
  readonly status: CheckStatus;
  readonly rows: readonly SegmentRow[];
}

/** The segments before `current` back to index `stop`, each on the timeline it was written on. */
function* backwards({ wal, current, history }: IntegrityRequest, stop: bigint): Generator<WalSegment> {
  const size = wal.segmentSizeBytes;
  const switches = new Map(
    (history?.ancestors ?? []).map(({ timeline, switchLsn }) => [segmentAt(1, switchLsn, size).index, timeline]),
  );
  let { timeline, index } = current;
  while (index > stop) {
    const parent = switches.get(index);
    const isThereOnThis = holds(wal, { timeline, index: index - 1n });
    if (parent !== undefined && parent < timeline && !isThereOnThis) timeline = parent;
    index -= 1n;
    yield { timeline, index };
  }
}

function holds({ segments }: WalTimelines, segment: WalSegment): boolean {
  return holdsSegment({ segments } satisfies Pick<ArchivedWal, 'segments'>, segment);
}

/** Checks the segments of the current line. */
export function checkIntegrity(request: IntegrityRequest): IntegrityCheck {
  const { wal, startLsn } = request;
  const stop = startLsn === undefined ? 1n : segmentAt(1, startLsn, wal.segmentSizeBytes).index;
  const rows: SegmentRow[] = [];
  let isDelayed = request.maxDelayed;
  let isUploading = request.maxUploading;
  let wasFound = false;
  for (const segment of backwards(request, stop)) {
    const isFound = holds(wal, segment);
    wasFound ||= isFound;
    let missing: SegmentStatus = 'MISSING_LOST';
    if (!wasFound && isDelayed > 0) {
      missing = 'MISSING_DELAYED';
      isDelayed -= 1;
    } else if (isUploading > 0) {
      missing = 'MISSING_UPLOADING';
      isUploading -= 1;
    }
    addRow(rows, segment, isFound ? 'FOUND' : missing);
  }
  return { status: statusOf(rows, startLsn !== undefined), rows: rows.toReversed() };
}

/** Rows are made from the newest segment down. */
function addRow(rows: SegmentRow[], { timeline, index }: WalSegment, status: SegmentStatus): void {
  const last = rows.at(-1);
  if (last?.timeline === timeline && last.status === status) rows[rows.length - 1] = { ...last, firstIndex: index };
  else rows.push({ timeline, firstIndex: index, lastIndex: index, status });
}

function statusOf(rows: readonly SegmentRow[], hasBackup: boolean): CheckStatus {
  const oldestFound = rows.findLastIndex(({ status }) => status === 'FOUND');
  const isLost = rows.some(({ status }, at) => status === 'MISSING_LOST' && (hasBackup || at < oldestFound));
  if (isLost) return 'FAILURE';
  return rows.some(({ status }) => status !== 'FOUND') ? 'WARNING' : 'OK';
}

/** A backup that WAL-G's check starts from, or why it cannot be. */
export interface CheckedBackup {
  readonly name: string;
  readonly timeline: number;
  readonly metadata: Pick<BackupMetadata, 'startLsn' | 'isPermanent'>;
}

/** Why the current line of history does not lead from a backup; `undefined` if it does. */
export function problemOfBackup(
  { timeline, metadata }: CheckedBackup,
  current: number,
  history: TimelineHistory | undefined,
  size: WalSegmentSizeBytes,
): string | undefined {
  const start = segmentAt(1, metadata.startLsn, size).index;
  const ancestors = history?.ancestors ?? [];
  const beginning = ancestors.findLast((one) => one.timeline < timeline);
  const begins = beginning === undefined ? 0n : segmentAt(1, lsn(beginning.switchLsn), size).index;
  if (timeline === current) {
    if (start >= begins) return undefined;
    return `backup start segment number ${start} is less than the backup timeline start segment number ${begins}.`;
  }
  const end = ancestors.find((one) => one.timeline === timeline);
  if (end === undefined) return `backup timeline ${timeline} is not present in .history file and is not current.`;
  const ends = segmentAt(1, end.switchLsn, size).index;
  if (start <= ends) return undefined;
  return `backup start segment number ${start} is greater than the switch segment number ${ends} of its timeline.`;
}

/** The highest timeline that segments or history files name; 0 for none. */
export function highestTimeline({ segments, historyTimelines }: WalTimelines): number {
  return Math.max(0, ...segments.keys(), ...historyTimelines);
}
