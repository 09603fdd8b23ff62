/**
 * From when on a policy promises every moment, and which timelines live.
 *
 * A timeline lives if WAL of it came after the newest backup ended, or that backup is of it: the cluster is there. It may
 * live if WAL of it came within a day of the newest WAL of the archive, and no other went on where it ended. One that was
 * abandoned, or that a forgotten server once began, gets nothing new. Names and numbers say nothing of it: after
 * `pg_upgrade`, a failover or a recovery the newest is not the highest.
 *
 * A forgotten server may also be the louder one: it archives and takes backups, while the cluster is quiet. So a number of
 * backups never promises less than the end of each line that has something of its own and ended within a week. For ever
 * would be too long: each recovery that was undone leaves such a line behind, and nothing would go any more.
 *
 * WAL has the store's time, a backup its host's; the two are compared so that a clock that is ahead lets nothing go.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { backupsOnLine } from '../history/find-moment.ts';
import type { KeepPolicy } from './keep-policy.ts';
import type { PruneFacts, TimelineFacts } from './prune-facts.ts';

/** So far behind the newest WAL a timeline that lives may be: what is quiet archives a segment now and then. */
const QUIET_MS = 24 * 3_600_000;
/** So far behind it the end of a line keeps a number of backups from promising less. */
const ENDED_MS = 7 * QUIET_MS;

/** The timelines on which the cluster lives, or may live. */
export function livingTimelines(facts: PruneFacts): readonly TimelineFacts[] {
  const newest = newestOf(facts.backups);
  if (newest === undefined) return facts.timelines;
  const [newestEndedMs, quietSince] = [endedMs(newest), newestWalMs(facts) - QUIET_MS];
  return facts.timelines.filter(
    (one) =>
      one.timeline === newest.timeline ||
      one.newestMs >= newestEndedMs ||
      (one.newestMs >= quietSince && !isPartOfAnother(one, facts)),
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
  if (keepFull !== undefined) begins.push(oldestOfNewest(facts, keepFull, restorable), ...endsOfLines(facts));
  return Math.min(...begins);
}

/** The newest that the archive was given, and not later than now: a clock that is ahead lets nothing go. */
function endOfArchiveMs(facts: PruneFacts): number {
  const times = [newestWalMs(facts), ...facts.backups.map(({ finishedAt }) => finishedAt.getTime())];
  return Math.min(facts.nowMs, Math.max(...times));
}

function newestWalMs({ timelines }: PruneFacts): number {
  return Math.max(...timelines.map(({ newestMs }) => newestMs));
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

/** When the lines that are not wholly part of another one ended, of those that got any WAL of late. */
function endsOfLines(facts: PruneFacts): number[] {
  const since = newestWalMs(facts) - ENDED_MS;
  const late = facts.timelines.filter(({ newestMs }) => newestMs >= since);
  return late.filter((one) => !isPartOfAnother(one, facts)).map((one) => endOfLineMs(one, facts.backups));
}

/** The last that a line got: WAL, or a backup, the last WAL of which came a moment before it ended. */
export function endOfLineMs({ line, newestMs }: TimelineFacts, backups: readonly Backup[]): number {
  return Math.max(newestMs, ...backupsOnLine({ line, backups }).map(({ finishedAt }) => finishedAt.getTime()));
}

/** True if another timeline went on where this one ends, in its last segment or behind it. */
function isPartOfAnother({ timeline, segments }: TimelineFacts, { timelines, segmentSizeBytes }: PruneFacts): boolean {
  const endLsn = (segments.at(-1)?.lastIndex ?? -1n) * BigInt(segmentSizeBytes);
  return timelines.some(({ line }) =>
    line.ancestors.some((fork) => fork.timeline === timeline && fork.switchLsn > endLsn),
  );
}

function newestOf(backups: readonly Backup[]): Backup | undefined {
  return backups.reduce<Backup | undefined>(
    (newest, backup) => (newest === undefined || endedMs(backup) > endedMs(newest) ? backup : newest),
    undefined,
  );
}

/** When a backup ended, and not later than the store was given its sentinel: a mark writes that anew, no clock does. */
function endedMs({ finishedAt, modifiedAt }: Backup): number {
  return Math.min(finishedAt.getTime(), modifiedAt.getTime());
}
