/**
 * From when on a policy promises every moment, and which timelines live.
 *
 * A timeline lives if WAL of it came after the newest backup ended, or that backup is of it: the cluster is there. One that
 * was abandoned, or that a forgotten server once began, gets nothing new. Names and numbers say nothing of it: after
 * `pg_upgrade`, a failover or a recovery the newest is not the highest.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { backupsOnLine } from '../history/find-moment.ts';
import type { KeepPolicy } from './keep-policy.ts';
import type { PruneFacts, TimelineFacts } from './prune-facts.ts';

/** The timelines on which the cluster lives, or may live. */
export function livingTimelines(facts: PruneFacts): readonly TimelineFacts[] {
  const newest = newestOf(facts.backups);
  if (newest === undefined) return facts.timelines;
  return facts.timelines.filter(
    ({ timeline, newestMs }) => timeline === newest.timeline || newestMs >= newest.finishedAt.getTime(),
  );
}

/**
 * In ms since 1970; −Infinity: from the beginning, since there are not as many backups as shall be kept.
 *
 * @param restorable those that can be restored; others do not count.
 */
export function promisedFromMs(facts: PruneFacts, policy: KeepPolicy, restorable: readonly Backup[]): number {
  const { keepFull, keepWindowMs } = policy;
  const begins: number[] = [];
  if (keepWindowMs !== undefined) begins.push(endOfArchiveMs(facts) - keepWindowMs);
  if (keepFull !== undefined) begins.push(oldestOfNewest(facts, keepFull, restorable));
  return Math.min(...begins);
}

/** The newest that the archive was given, and not later than now: a clock that is ahead lets nothing go. */
function endOfArchiveMs({ timelines, backups, nowMs }: PruneFacts): number {
  const times = [
    ...timelines.map(({ newestMs }) => newestMs),
    ...backups.map(({ finishedAt }) => finishedAt.getTime()),
  ];
  return Math.min(nowMs, Math.max(...times));
}

function oldestOfNewest(facts: PruneFacts, count: number, restorable: readonly Backup[]): number {
  const fulls = restorable.filter(({ deltaFrom }) => deltaFrom === undefined);
  const ends = livingTimelines(facts).map(({ line }) => {
    const newestFirst = backupsOnLine({ line, backups: fulls })
      .map(({ finishedAt }) => finishedAt.getTime())
      .toSorted((a, b) => b - a);
    return newestFirst[count - 1] ?? Number.NEGATIVE_INFINITY;
  });
  return Math.min(...ends);
}

function newestOf(backups: readonly Backup[]): Backup | undefined {
  return backups.reduce<Backup | undefined>(
    (newest, backup) => (newest === undefined || backup.finishedAt > newest.finishedAt ? backup : newest),
    undefined,
  );
}
