/**
 * What a policy of keeping promises.
 *
 * `keepFull` N: the newest N full backups of the line of history that the cluster lives on stay, and every moment behind
 * the oldest of them. `keepWindowMs`: every moment of that span stays, counted back from the newest WAL, so that an
 * archive into which nothing comes does not empty itself. With both, what either keeps stays.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** At least one of the two. */
export interface KeepPolicy {
  /** How many full backups; 1 or more. */
  readonly keepFull?: number | undefined;
  readonly keepWindowMs?: number | undefined;
}

const MS_PER_DAY = 86_400_000;
const MS_PER_HOUR = 3_600_000;

/** @throws {Failure} `usage` if the policy keeps nothing. */
export function checkPolicy({ keepFull, keepWindowMs }: KeepPolicy): void {
  const isFullGood = keepFull === undefined || (Number.isSafeInteger(keepFull) && keepFull >= 1);
  const isWindowGood = keepWindowMs === undefined || keepWindowMs > 0;
  if (isFullGood && isWindowGood && !(keepFull === undefined && keepWindowMs === undefined)) return;
  throw new Failure('usage', {
    message: 'cannot prune: it is not said what to keep',
    remedy:
      'Give a number of full backups, --keep-full 7, or a span of time of which every moment stays reachable, --keep-window 30d, or both.',
  });
}

/** `every moment of the last 30 days, and the newest 7 full backups`. */
export function policyInWords({ keepFull, keepWindowMs }: KeepPolicy): string {
  const parts = [
    ...(keepWindowMs === undefined ? [] : [`every moment of the last ${spanInWords(keepWindowMs)}`]),
    ...(keepFull === undefined
      ? []
      : [keepFull === 1 ? 'the newest full backup' : `the newest ${keepFull} full backups`]),
  ];
  return parts.join(', and ');
}

function spanInWords(ms: number): string {
  if (ms % MS_PER_DAY === 0) return ms === MS_PER_DAY ? '24 hours' : `${ms / MS_PER_DAY} days`;
  if (ms % MS_PER_HOUR === 0) return ms === MS_PER_HOUR ? '60 minutes' : `${ms / MS_PER_HOUR} hours`;
  return `${Math.round(ms / 60_000)} minutes`;
}
