/**
 * Random targets over a concurrent workload with subtransactions, rollbacks, prepared transactions and DDL: every
 * recovered table equals what the workload's oracle says.
 *
 * Seed `s` is one target on major 14 + s mod 5. Every 25 seeds share five clusters, one of each major. Of five targets on
 * a major, one is recovered to with cutover and undone; the others are rehearsed.
 *
 * @module
 */

import { describeTarget } from '../../src/history/target-words.ts';
import { MAJORS } from '../../tests/support/postgres.ts';
import { seededRandom } from '../../tests/support/random.ts';
import type { Proof, ProofRun } from './proof.ts';
import { chooseTarget } from './targets/choose-target.ts';
import { recoverToAndUndo, rehearseTo } from './targets/recover-to.ts';
import { seedGroups } from './targets/seed-groups.ts';
import { writeCluster, type WrittenCluster } from './targets/written-cluster.ts';

const SEEDS_PER_BLOCK = 25;

async function tryTarget(
  cluster: WrittenCluster,
  major: number,
  seed: number,
  log: ProofRun['log'],
): Promise<string[]> {
  const chosen = chooseTarget(cluster.commits, cluster.firstReachable, seededRandom(seed * 7919 + 1));
  const isWhole = Math.floor(seed / MAJORS.length) % 5 === 0;
  const differences = await (isWhole ? recoverToAndUndo : rehearseTo)(cluster, chosen);
  const result = differences.length === 0 ? 'equal' : differences.slice(0, 5).join('; ');
  log(
    `${seed}: PostgreSQL ${major}, ${isWhole ? 'recovered and undone' : 'rehearsed'} ${describeTarget(chosen.target)}: ${result}`,
  );
  return differences;
}

/** The proof. */
export const proof: Proof = {
  name: 'targets',
  shows:
    'at random targets over a concurrent workload, every recovered table equals the oracle, on PostgreSQL 14 to 18',
  defaultCount: 2,
  run: async (given) => {
    let differences = 0;
    const majors = new Set<number>();
    for (const { major, clusterSeed, seeds } of seedGroups(given, SEEDS_PER_BLOCK)) {
      await using cluster = await writeCluster(major, clusterSeed * 100 + major);
      majors.add(major);
      for (const seed of seeds) differences += (await tryTarget(cluster, major, seed, given.log)).length;
    }
    const figure = `${given.count} random targets on PostgreSQL ${[...majors].toSorted((a, b) => a - b).join(', ')}: ${differences} differences`;
    return { holds: differences === 0, figure };
  },
};
