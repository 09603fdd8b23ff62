/**
 * Recovery of a cluster of three members that a real Patroni runs on a real etcd, under load: to a random transaction, and
 * back, with random faults in both.
 *
 * Seed `s` is one case: which of the leader's host, walkback, a replica, etcd or nothing dies in the recovery and in the
 * undo, in which step, for how long. Cases of one line of Patroni share a cluster, each after the other, so that each
 * recovers a cluster that has been recovered before: seeds 0 to 14 on Patroni 4.1, then 5 each on 4.0 and 3.0, and so on.
 */

import type { PatroniVersion } from '../../tests/support/patroni/install-patroni.ts';
import { startPatroniCluster } from '../../tests/support/patroni/patroni-cluster.ts';
import { walkbackOn } from '../../tests/support/patroni/recoverable-member.ts';
import { faultsOf, runPatroniCase } from './patroni/patroni-case.ts';
import type { Proof, ProofRun } from './proof.ts';

/** By the seed, modulo 25. */
function lineOf(seed: number): PatroniVersion {
  const place = seed % 25;
  if (place < 15) return '4.1';
  return place < 20 ? '4.0' : '3.0';
}

async function freshCluster(patroni: PatroniVersion) {
  const cluster = await startPatroniCluster({ patroni, etcd: patroni === '4.0' ? '3.4' : '3.5', hasAgents: true });
  if (cluster === undefined) return undefined;
  const end = await walkbackOn(cluster, await cluster.leader(), ['backup', 'take']);
  if (end.code !== 0) throw new Error(`there is no first backup: ${end.out}${end.err}`);
  return cluster;
}

/** Runs cases on one cluster, a new one after each that went wrong. @returns how many did; `undefined` if it cannot be had. */
async function runOn(
  patroni: PatroniVersion,
  seeds: readonly number[],
  log: ProofRun['log'],
): Promise<number | undefined> {
  let wrong = 0;
  let cluster = await freshCluster(patroni);
  try {
    for (const seed of seeds) {
      if (cluster === undefined) return undefined;
      const faults = faultsOf(seed);
      log(`${seed}: Patroni ${patroni}; in the recovery dies ${faults.recover}, in the undo ${faults.undo}`);
      const begunMs = Date.now();
      const problems = await runPatroniCase(cluster, { seed, faults, log }).catch((error: unknown) => [String(error)]);
      const text = problems.length === 0 ? 'equal on all members' : problems.join('; ');
      log(`${seed}: ${text} (${Math.round((Date.now() - begunMs) / 1000)} s)`);
      if (problems.length === 0) continue;
      wrong += 1;
      log(await cluster.logTails());
      await cluster[Symbol.asyncDispose]();
      cluster = await freshCluster(patroni);
    }
  } finally {
    await cluster?.[Symbol.asyncDispose]();
  }
  return wrong;
}

/** The proof. */
export const proof: Proof = {
  name: 'patroni',
  shows:
    'A cluster of three that Patroni runs, recovered to a random transaction under load with random faults and taken back again, equals the oracle on every member, and never are both data gone.',
  defaultCount: 1,
  run: async ({ seed, count, log }) => {
    const seeds = Array.from({ length: count }, (_, index) => seed + index);
    let wrong = 0;
    for (const patroni of ['4.1', '4.0', '3.0'] as const) {
      const some = seeds.filter((one) => lineOf(one) === patroni);
      if (some.length === 0) continue;
      const found = await runOn(patroni, some, log);
      if (found === undefined) return { holds: false, figure: 'SKIPPED: there is no Patroni to be had here' };
      wrong += found;
    }
    return {
      holds: wrong === 0,
      figure: `${count - wrong} of ${count} recoveries and undos of three members, with faults`,
    };
  },
};
