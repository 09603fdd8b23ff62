/**
 * `--before-xid` is just before the transaction: every table equals the oracle's, for plain transactions, numbers of
 * subtransactions, prepared ones, definitions, and dropped databases.
 *
 * Seed `s` is one transaction on major 14 + s mod 5, of the kind that comes next; for each, a subtransaction that was
 * rolled back must be refused too. Every 50 seeds share five clusters, one of each major.
 *
 * @module
 */

import { MAJORS } from '../../tests/support/postgres.ts';
import { seededRandom } from '../../tests/support/random.ts';
import { MARK_KINDS, writeMarkedCluster, type Mark, type MarkedCluster } from './before-xid/marked-cluster.ts';
import { refusalBefore, rehearseBefore } from './before-xid/rehearse-before.ts';
import type { Proof, ProofRun } from './proof.ts';
import { seedGroups } from './targets/seed-groups.ts';

const SEEDS_PER_BLOCK = 50;

function markOf(cluster: MarkedCluster, kind: Mark['kind'], seed: number): Mark {
  // The first commits may be before the end of the first backup.
  const marks = cluster.marks.filter((mark) => mark.kind === kind && mark.commits > cluster.firstReachable);
  return seededRandom(seed * 7919 + 3).pick(marks);
}

async function tryMark(cluster: MarkedCluster, major: number, seed: number, log: ProofRun['log']): Promise<number> {
  const kind = MARK_KINDS[Math.floor(seed / MAJORS.length) % MARK_KINDS.length] ?? 'plain';
  const mark = markOf(cluster, kind, seed);
  const differences = [
    ...(await rehearseBefore(cluster, mark)),
    ...(await refusalBefore(cluster, markOf(cluster, 'rolledBackSubtransaction', seed))),
  ];
  const result = differences.length === 0 ? 'equal' : differences.slice(0, 5).join('; ');
  log(`${seed}: PostgreSQL ${major}, before ${mark.xid} (${kind}), ${mark.commits} commits: ${result}`);
  return differences.length;
}

/** The proof. */
export const proof: Proof = {
  name: 'before-xid',
  shows: '--before-xid is just before the transaction, whatever its kind, on PostgreSQL 14 to 18',
  defaultCount: 1,
  run: async (given) => {
    let differences = 0;
    const majors = new Set<number>();
    for (const { major, clusterSeed, seeds } of seedGroups(given, SEEDS_PER_BLOCK)) {
      await using cluster = await writeMarkedCluster(major, clusterSeed * 100 + major);
      majors.add(major);
      for (const seed of seeds) differences += await tryMark(cluster, major, seed, given.log);
    }
    const figure = `${given.count} transactions on PostgreSQL ${[...majors].toSorted((a, b) => a - b).join(', ')}: ${differences} differences`;
    return { holds: differences === 0, figure };
  },
};
