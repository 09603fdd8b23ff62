/**
 * Archives made up for tests: what there is of backups and WAL, in segments and days.
 *
 * @module
 */

import type { Backup } from '../../backup/backup.ts';
import type { SegmentRange } from '../../history/archived-wal.ts';
import { lsn } from '../../postgres/lsn.ts';
import { formatSegmentName, walSegmentSize } from '../../postgres/wal-segment.ts';
import { NOTHING_IN_USE, type PruneFacts, type TimelineFacts } from '../prune-facts.ts';

/** One MiB, the smallest there is. */
export const MADE_SEGMENT_SIZE = walSegmentSize(1024 * 1024);
const SIZE = BigInt(MADE_SEGMENT_SIZE);
export const DAY_MS = 86_400_000;

/** A position: a segment, and where in it as a part of 1. */
export function inSegment(segment: number, part = 0): ReturnType<typeof lsn> {
  return lsn(BigInt(segment) * SIZE + BigInt(Math.floor(part * MADE_SEGMENT_SIZE)));
}

/** A backup that began in a segment and ended `segments` later, on a day. */
export function madeBackup(given: {
  readonly timeline?: number;
  readonly segment: number;
  readonly segments?: number;
  readonly day: number;
  readonly deltaFrom?: Backup;
  readonly isPermanent?: boolean;
}): Backup {
  const { timeline = 1, segment, segments = 1, day, deltaFrom, isPermanent = false } = given;
  const segmentName = formatSegmentName({ timeline, index: BigInt(segment) }, MADE_SEGMENT_SIZE);
  const finishedAt = new Date(day * DAY_MS);
  return {
    name: `base_${segmentName}${deltaFrom === undefined ? '' : `_D_${deltaFrom.name.slice(5, 29)}`}`,
    timeline,
    startLsn: inSegment(segment, 0.25),
    finishLsn: inSegment(segment + segments - 1, 0.75),
    startedAt: new Date(finishedAt.getTime() - 60_000),
    finishedAt,
    modifiedAt: finishedAt,
    pgVersionNum: 170_004,
    systemIdentifier: 7n,
    uncompressedSizeBytes: 1n,
    compressedSizeBytes: 1n,
    isPermanent,
    ...(deltaFrom === undefined ? {} : { deltaFrom: deltaFrom.name }),
    tablespaces: [],
    hostname: 'db1',
    dataDirectory: '/data',
  };
}

/** A timeline with its own segments, the newest written on `day`. */
export function madeTimeline(given: {
  readonly timeline?: number;
  readonly ancestors?: readonly (readonly [timeline: number, segment: number])[];
  readonly segments: readonly (readonly [first: number, last: number])[];
  readonly day: number;
}): TimelineFacts {
  const { timeline = 1, ancestors = [], segments, day } = given;
  const switches = ancestors.map(([parent, segment]) => ({
    timeline: parent,
    switchLsn: inSegment(segment, 0.5),
    reason: 'no recovery target specified',
  }));
  const ranges = segments.map(([first, last]): SegmentRange => ({
    firstIndex: BigInt(first),
    lastIndex: BigInt(last),
  }));
  return { timeline, line: { timeline, ancestors: switches }, segments: ranges, newestMs: day * DAY_MS };
}

/** An archive at the end of `day`. */
export function madeFacts(
  day: number,
  given: Pick<PruneFacts, 'backups' | 'timelines'> & Partial<PruneFacts>,
): PruneFacts {
  return {
    segmentSizeBytes: MADE_SEGMENT_SIZE,
    unfinished: [],
    inUse: NOTHING_IN_USE,
    damaged: new Map(),
    nowMs: day * DAY_MS,
    ...given,
  };
}
