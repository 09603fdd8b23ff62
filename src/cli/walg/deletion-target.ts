/**
 * Which backup `delete before` and `delete retain` keep everything from.
 *
 * Backups are ordered by when they began, never by their names: on a new timeline those begin again, and WAL-G's order by name
 * then takes the newest backups for the oldest. A time needs its zone; WAL-G takes one without for the beginning of a name.
 *
 * Source: WAL-G `internal/delete_handler.go` (`FindTargetBefore`, `FindTargetRetain`, `FindTargetRetainAfter`).
 *
 * @module
 */

import type { Backup } from '../../backup/backup.ts';
import { Failure } from '../../base/failure.ts';
import { parseGoTime } from '../../walg/go-time.ts';

/** WAL-G's words in front of a name or a number. */
export type DeleteModifier = 'FULL' | 'FIND_FULL' | undefined;

const NS_PER_MS = 1_000_000n;
const LOOKS_LIKE_TIME = /^\d{4}-\d\d-\d\d/;

/** Newest first. */
function newestFirst(backups: readonly Backup[]): Backup[] {
  return backups.toSorted(
    (a, b) => b.startedAt.getTime() - a.startedAt.getTime() || (a.startLsn < b.startLsn ? 1 : -1),
  );
}

const isFull = ({ deltaFrom }: Backup): boolean => deltaFrom === undefined;

function usage(message: string, remedy: string): Failure {
  return new Failure('usage', { message, remedy });
}

/** A time that is given instead of a name; `undefined` for a name. */
function timeOf(text: string, nowMs: number): number | undefined {
  const timeNs = parseGoTime(text);
  if (timeNs === undefined) {
    if (!LOOKS_LIKE_TIME.test(text)) return undefined;
    throw usage(`cannot use the time ${text}: it has no zone`, `Give it with one: ${text.slice(0, 10)}T12:00:00Z.`);
  }
  const timeMs = Number(timeNs / NS_PER_MS);
  if (timeMs <= nowMs) return timeMs;
  throw usage(`cannot use the time ${text}: it is in the future`, 'Give one that has been.');
}

/** The backup that a name (or its beginning) or a time stands for; the newest of several names, the first from a time on. */
function named(ordered: readonly Backup[], text: string, nowMs: number): Backup | undefined {
  const timeMs = timeOf(text, nowMs);
  if (timeMs !== undefined) return ordered.findLast(({ startedAt }) => startedAt.getTime() >= timeMs);
  const found = ordered.find(({ name }) => name.startsWith(text));
  if (found !== undefined) return found;
  throw new Failure('notInArchive', {
    message: `no backup whose name begins with ${JSON.stringify(text)}`,
    remedy: 'List what there is: wal-g backup-list',
  });
}

function fullOrRefused(backup: Backup): Backup {
  if (isFull(backup)) return backup;
  throw new Failure('refused', {
    message: `${backup.name} is incremental and its predecessors cannot be deleted. Consider FIND_FULL option.`,
    remedy: 'Put FIND_FULL in front: what the backup builds on then stays.',
  });
}

/** The full backup that `backup` builds on, or an older one if that is not listed. */
function fullBehind(ordered: readonly Backup[], backup: Backup): Backup | undefined {
  return ordered.slice(ordered.indexOf(backup)).find(isFull);
}

/** Of `delete before`; `undefined` if there is none. @throws {Failure} `usage`, `notInArchive`, `refused`. */
export function targetBefore(
  backups: readonly Backup[],
  modifier: DeleteModifier,
  text: string,
  nowMs = Date.now(),
): Backup | undefined {
  if (modifier === 'FULL') throw usage('FULL cannot be used with delete before', 'Use FIND_FULL, or nothing.');
  const ordered = newestFirst(backups);
  const found = named(ordered, text, nowMs);
  if (found === undefined) return undefined;
  return modifier === 'FIND_FULL' ? fullBehind(ordered, found) : fullOrRefused(found);
}

function targetOfCount(ordered: readonly Backup[], modifier: DeleteModifier, count: number): Backup | undefined {
  if (modifier === 'FULL') return ordered.filter(isFull)[count - 1];
  const last = ordered[count - 1];
  if (last === undefined) return undefined;
  return modifier === 'FIND_FULL' ? fullBehind(ordered, last) : fullOrRefused(last);
}

/** Of `delete retain`, with `--after` or without; `undefined` if there are fewer. @throws {Failure} */
export function targetRetain(
  backups: readonly Backup[],
  modifier: DeleteModifier,
  countText: string,
  after: string | undefined,
  nowMs = Date.now(),
): Backup | undefined {
  const count = /^\d+$/.test(countText) ? Number(countText) : Number.NaN;
  if (!(count >= 1)) throw usage(`cannot retain ${countText} backups`, 'Give a number of backups, 1 or more.');
  const ordered = newestFirst(backups);
  const byCount = targetOfCount(ordered, modifier, count);
  if (after === undefined) return byCount;
  const first = named(ordered, after, nowMs);
  const byAfter = first === undefined || modifier === undefined ? first : fullBehind(ordered, first);
  if (byCount === undefined || byAfter === undefined) return undefined;
  return fullOrRefused(byAfter.startedAt < byCount.startedAt ? byAfter : byCount);
}

/** Of `delete garbage`: the oldest backup that is not permanent. */
export function targetGarbage(backups: readonly Backup[]): Backup | undefined {
  return newestFirst(backups).findLast(({ isPermanent }) => !isPermanent);
}

/**
 * From when on everything stays, in ms since 1970, so that the target and all that began later do: a backup that began
 * while a slow one was being taken may have ended before it.
 */
export function keptFromMs(target: Backup, backups: readonly Backup[]): number {
  const staying = backups.filter(({ startedAt }) => startedAt >= target.startedAt);
  return Math.min(target.finishedAt.getTime(), ...staying.map(({ finishedAt }) => finishedAt.getTime()));
}

/** Takes the modifier off the operands. */
export function readModifier(operands: readonly string[]): { modifier: DeleteModifier; rest: readonly string[] } {
  const [first, ...rest] = operands;
  return first === 'FULL' || first === 'FIND_FULL'
    ? { modifier: first, rest }
    : { modifier: undefined, rest: operands };
}
