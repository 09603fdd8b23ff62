/**
 * The traps of a recovery: each walked into on a real server, and each must be prevented, or refused with the remedy, with
 * the live data as it was.
 *
 * Seed `s` is trap `s` mod their number, on a major that moves on with every round, so that as many seeds in a row as
 * there are traps times majors are all of both.
 *
 * @module
 */

import { messageOf } from '../../src/base/failure.ts';
import { MAJORS } from '../../tests/support/postgres.ts';
import type { Proof, ProofRun } from './proof.ts';
import { backgroundWorkers } from './traps/background-workers.ts';
import { bareStart } from './traps/bare-start.ts';
import { brokenSegments } from './traps/broken-segments.ts';
import { failoverHistory } from './traps/failover-history.ts';
import { hole } from './traps/hole.ts';
import { liveIsReplica } from './traps/live-is-replica.ts';
import { lockedTable } from './traps/locked-table.ts';
import { neededSettings } from './traps/needed-settings.ts';
import { outageWithReplica } from './traps/outage-with-replica.ts';
import { replicaRestart } from './traps/replica-restart.ts';
import { secondRecovery } from './traps/second-recovery.ts';
import { subscription } from './traps/subscription.ts';
import { subtransactions } from './traps/subtransactions.ts';
import { synchronousStandby } from './traps/synchronous-standby.ts';
import { tablespace } from './traps/tablespace.ts';
import type { Trap } from './traps/trap.ts';
import { undoThenLatest } from './traps/undo-then-latest.ts';
import { unreachableTargets } from './traps/unreachable-targets.ts';

/** All of them. */
export const TRAPS: readonly Trap[] = [
  secondRecovery,
  bareStart,
  subtransactions,
  hole,
  tablespace,
  synchronousStandby,
  backgroundWorkers,
  subscription,
  lockedTable,
  failoverHistory,
  replicaRestart,
  undoThenLatest,
  outageWithReplica,
  brokenSegments,
  unreachableTargets,
  liveIsReplica,
  neededSettings,
];

function caseOf(seed: number): { trap: Trap; major: number } {
  const index = seed % TRAPS.length;
  const trap = TRAPS[index];
  const major = MAJORS[(index + Math.floor(seed / TRAPS.length)) % MAJORS.length];
  if (trap === undefined || major === undefined) throw new Error(`no trap for seed ${seed}`);
  return { trap, major };
}

/** True if it was prevented. */
async function trySeed(seed: number, log: ProofRun['log']): Promise<boolean> {
  const { trap, major } = caseOf(seed);
  const say = (text: string): void => log(`${seed}: PostgreSQL ${major}, ${trap.name}: ${text}`);
  try {
    say(await trap.spring(major));
    return true;
  } catch (error) {
    say(`NOT PREVENTED: ${messageOf(error)}`);
    log(error instanceof Error ? (error.stack ?? '') : '');
    return false;
  }
}

/** The proof. */
export const proof: Proof = {
  name: 'traps',
  shows:
    'Each trap of a recovery is prevented, or refused with the remedy, with the live data unchanged, on PostgreSQL 14 to 18.',
  defaultCount: 2,
  run: async ({ seed, count, log }) => {
    const majors = new Set<number>();
    const tried = new Set<string>();
    let open = 0;
    for (let one = seed; one < seed + count; one += 1) {
      const { trap, major } = caseOf(one);
      majors.add(major);
      tried.add(trap.name);
      if (!(await trySeed(one, log))) open += 1;
    }
    const figure = `${count} cases, ${tried.size} of ${TRAPS.length} traps on PostgreSQL ${[...majors].toSorted((a, b) => a - b).join(', ')}: ${open} not prevented`;
    return { holds: open === 0, figure };
  },
};
