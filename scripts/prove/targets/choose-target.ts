/**
 * Chooses a random target among the moments that a workload has lived through, and says what must be there.
 *
 * @module
 */

import { lsn, parseLsn, type Lsn } from '../../../src/postgres/lsn.ts';
import type { RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import type { OracleCommit } from '../../../tests/support/oracle.ts';
import type { Random } from '../../../tests/support/random.ts';

/** A target, and the number of commits that must be there when recovery stops at it. */
export interface ChosenTarget {
  readonly target: RecoveryTarget;
  readonly commits: number;
}

function position(text: string): Lsn {
  return parseLsn(text) ?? lsn(0n);
}

/** The commit of a position in the list. */
function commitAt(commits: readonly OracleCommit[], index: number): OracleCommit {
  const commit = commits[index];
  if (commit === undefined) throw new Error(`there is no commit ${index}`);
  return commit;
}

function byTime(commits: readonly OracleCommit[], index: number, random: Random): ChosenTarget {
  const { timeUs } = commitAt(commits, index);
  const next = commits[index + 1]?.timeUs ?? timeUs;
  // Between two commits both ways of stopping agree; at a commit's own time they differ by that commit.
  if (next - timeUs > 2n && random.chance(0.5)) {
    return {
      target: { kind: 'time', timeUs: timeUs + (next - timeUs) / 2n, inclusive: random.chance(0.5) },
      commits: index + 1,
    };
  }
  const inclusive = random.chance(0.5);
  return { target: { kind: 'time', timeUs, inclusive }, commits: inclusive ? index + 1 : index };
}

function byXid(commits: readonly OracleCommit[], index: number, random: Random): ChosenTarget {
  const inclusive = random.chance(0.5);
  return {
    target: { kind: 'xid', xid: commitAt(commits, index).xid, inclusive },
    commits: inclusive ? index + 1 : index,
  };
}

/** Exclusive at a position that no record of another commit can lie before: right after the commit, or right before it. */
function byLsn(commits: readonly OracleCommit[], index: number, random: Random): ChosenTarget {
  const { lsnBefore, lsnAfter } = commitAt(commits, index);
  return random.chance(0.5)
    ? { target: { kind: 'lsn', lsn: position(lsnAfter), inclusive: false }, commits: index + 1 }
    : { target: { kind: 'lsn', lsn: position(lsnBefore), inclusive: false }, commits: index };
}

/** A random target behind commit `first` (an index) and before the last two commits. */
export function chooseTarget(commits: readonly OracleCommit[], first: number, random: Random): ChosenTarget {
  const index = random.between(first, commits.length - 3);
  const kind = random.pick(['time', 'time', 'xid', 'xid', 'lsn', 'lsn', 'name', 'latest'] as const);
  if (kind === 'time') return byTime(commits, index, random);
  if (kind === 'lsn') return byLsn(commits, index, random);
  const named = commits.flatMap(({ restorePoint }, at) =>
    restorePoint === undefined || at < first ? [] : [{ restorePoint, at }],
  );
  if (kind === 'name' && named.length > 0) {
    const { restorePoint, at } = random.pick(named);
    return { target: { kind: 'name', name: restorePoint }, commits: at + 1 };
  }
  if (kind === 'latest') return { target: { kind: 'latest' }, commits: commits.length };
  return byXid(commits, index, random);
}
