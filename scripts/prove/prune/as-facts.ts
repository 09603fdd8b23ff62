/**
 * A lived archive as what prune decides by.
 *
 * @module
 */

import type { Backup } from '../../../src/backup/backup.ts';
import { lsn, type Lsn } from '../../../src/postgres/lsn.ts';
import type { TimelineSwitch } from '../../../src/postgres/timeline-history.ts';
import { formatSegmentName, walSegmentSize } from '../../../src/postgres/wal-segment.ts';
import { rangesByTimeline } from '../../../src/history/archived-wal.ts';
import type { KeepPolicy } from '../../../src/prune/keep-policy.ts';
import type { InUse, PruneFacts } from '../../../src/prune/prune-facts.ts';
import type { ModelPolicy } from './keep-model.ts';
import type { LivedArchive, LivedBackup, LivedSegment } from './lived-archive.ts';

export const SEGMENT_SIZE = walSegmentSize(1024 * 1024);
export const SYSTEM_IDENTIFIER = 7_362_115_390_412_345_678n;
const HOUR_MS = 3_600_000;
const BEGIN_MS = Date.UTC(2026, 0, 1);

/** The time of an hour of the model. */
export const timeOf = (hour: number): number => BEGIN_MS + hour * HOUR_MS;

/** A position of the model. */
export const positionOf = (segments: number): Lsn => lsn(BigInt(Math.floor(segments * SEGMENT_SIZE)));

/** A segment's file name. */
export const segmentName = (timeline: number, index: number): string =>
  formatSegmentName({ timeline, index: BigInt(index) }, SEGMENT_SIZE);

/** A backup's name. */
export function backupName({ timeline, start, parent }: Pick<LivedBackup, 'timeline' | 'start' | 'parent'>): string {
  const own = segmentName(timeline, Math.floor(start));
  return `base_${own}${parent === undefined ? '' : `_D_${segmentName(parent.timeline, Math.floor(parent.start))}`}`;
}

/** The name of one that never ended. */
export function unfinishedName({ timeline, index, parent }: LivedArchive['unfinished'][number]): string {
  return backupName({ timeline, start: index, parent });
}

/** What leads to a timeline; nothing if its history file is missing. */
export function ancestorsOf({ forks }: LivedArchive, timeline: number): TimelineSwitch[] {
  const switches: TimelineSwitch[] = [];
  for (let fork = forks.get(timeline); fork !== undefined; fork = forks.get(fork.parent)) {
    switches.unshift({
      timeline: fork.parent,
      switchLsn: positionOf(fork.position),
      reason: 'no recovery target specified',
    });
  }
  return switches;
}

/** A backup as its sentinel tells of it. */
export function backupOf(lived: LivedBackup): Backup {
  const finishedAt = new Date(timeOf(lived.finishedHour));
  return {
    name: backupName(lived),
    timeline: lived.timeline,
    startLsn: positionOf(lived.start),
    finishLsn: positionOf(lived.finish),
    startedAt: new Date(finishedAt.getTime() - 60_000),
    finishedAt,
    modifiedAt: finishedAt,
    pgVersionNum: 170_004,
    systemIdentifier: SYSTEM_IDENTIFIER,
    uncompressedSizeBytes: 8192n,
    compressedSizeBytes: 100n,
    isPermanent: lived.isPermanent,
    ...(lived.parent === undefined
      ? {}
      : { deltaFrom: backupName(lived.parent), deltaFromLsn: positionOf(lived.parent.start), deltaCount: 1 }),
    tablespaces: [],
    hostname: 'db1',
    dataDirectory: '/data',
  };
}

/** What recoveries need. */
export function inUseOf({ inUse, heldTimelines }: LivedArchive): InUse {
  return {
    backups: new Map(inUse.map((one) => [backupName(one), 'a recovery'])),
    timelines: new Map(heldTimelines.map((timeline) => [timeline, 'a recovery'])),
  };
}

/** The policy. */
export function policyOf({ keepFull, keepHours }: ModelPolicy): KeepPolicy {
  return { keepFull, keepWindowMs: keepHours === undefined ? undefined : keepHours * HOUR_MS };
}

/** The facts. */
export function factsOf(archive: LivedArchive): PruneFacts {
  const segments = rangesByTimeline(
    new Set(archive.segments.map(({ timeline, index }) => segmentName(timeline, index))),
    SEGMENT_SIZE,
  );
  const timelines = new Set([
    ...segments.keys(),
    ...archive.forks.keys(),
    ...archive.backups.map(({ timeline }) => timeline),
  ]);
  return {
    backups: archive.backups.map(backupOf),
    timelines: [...timelines]
      .toSorted((a, b) => a - b)
      .map((timeline) => {
        const own = archive.segments.filter((one) => one.timeline === timeline);
        const last = own.reduce<LivedSegment | undefined>(
          (a, b) => (a === undefined || b.index > a.index ? b : a),
          undefined,
        );
        const hours = [last?.archivedHour, archive.forks.get(timeline)?.toldHour].filter((hour) => hour !== undefined);
        return {
          timeline,
          line: { timeline, ancestors: ancestorsOf(archive, timeline) },
          segments: segments.get(timeline) ?? [],
          newestMs: hours.length === 0 ? 0 : timeOf(Math.max(...hours)),
        };
      }),
    segmentSizeBytes: SEGMENT_SIZE,
    unfinished: archive.unfinished.map((one) => ({
      name: unfinishedName(one),
      newestAt: new Date(timeOf(one.newestHour)),
      mayBeRunning: archive.nowHour - one.newestHour <= 24,
    })),
    inUse: inUseOf(archive),
    damaged: new Map(archive.backups.filter(({ isDamaged }) => isDamaged).map((one) => [backupName(one), 'damaged'])),
    nowMs: timeOf(archive.nowHour),
  };
}
