/**
 * Which of several archives is cloned: a major upgrade leaves one for each major, and what was before it is in the older one.
 *
 * Source: Spilo `clone_with_wale.py` (`find_backup`), which goes on to the next place where no backup is old enough.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { Failure, isFailure } from '../base/failure.ts';
import { mayReach } from '../history/find-moment.ts';
import { describeTarget } from '../history/target-words.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';

/** An archive that cannot serve, and why. */
export interface PassedOver {
  readonly address: string;
  readonly why: string;
}

/** Why no backup of an archive serves the target; `undefined` if one may. Only times and positions tell without its WAL. */
export function whyPassedOver(backups: readonly Backup[], target: RecoveryTarget): string | undefined {
  const [first] = backups.toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  if (first === undefined) return 'it holds no backup';
  if (backups.some((backup) => mayReach(backup, target))) return undefined;
  return `the target is before its first backup, ${first.name}, which began ${first.startedAt.toISOString()}`;
}

/** `gs://bucket/wal/17: it holds no backup` */
export function passedOverWords({ address, why }: PassedOver): string {
  return `${address}: ${why}`;
}

/** None of them serves. */
export function noneServes(target: RecoveryTarget, looked: readonly PassedOver[]): Failure {
  return new Failure('refused', {
    message: `cannot clone to ${describeTarget(target)}: none of the ${looked.length} archives that were looked in has a backup from before it`,
    remedy:
      'Choose a later target (in a container CLONE_TARGET_TIME), or name the archive that has it (CLONE_WALG_…_PREFIX, or --look-in).',
    facts: looked.map(passedOverWords),
  });
}

/** Does some work on the archive that was taken; where that is refused, the others are told of too. */
export async function withPassedOver<T>(
  { passedOver }: { readonly passedOver?: readonly PassedOver[] },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isFailure(error, 'refused') || passedOver === undefined) throw error;
    const { kind, message, remedy, facts } = error;
    throw new Failure(kind, { message, remedy, facts: [...facts, ...passedOver.map(passedOverWords)], cause: error });
  }
}
