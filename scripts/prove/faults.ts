/**
 * Kills of the agent and faults of the store under a write load: nothing that the server believes to be archived is lost
 * or wrong, and all of it recovers to the last commit.
 *
 * Seed `s` is one SIGKILL of the agent, at a moment of the first seconds of its life, and one fault that its store meets
 * it with meanwhile. So many seeds in a row share a cluster, its archive, and the recovery at the end; clusters
 * take turns on PostgreSQL 14 to 18. The agent takes backups by WAL volume and prunes as it goes.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { listBackups } from '../../src/backup/list.ts';
import { MAJORS } from '../../tests/support/postgres.ts';
import { seededRandom } from '../../tests/support/random.ts';
import { FaultyCluster } from './faults/faulty-cluster.ts';
import { judgeArchive } from './faults/judge-archive.ts';
import { inject, STORE_FAULTS, type PendingFault } from './faults/store-faults.ts';
import type { Proof, ProofRun } from './proof.ts';

const SEEDS_PER_CLUSTER = 50;
/** A life of the agent lasts so long: from when it serves, or, less often, from its start. */
const SHORTEST_MS = 100;
const LONGEST_MS = 2500;
const FROM_START_SHARE = 0.2;
/** How long to wait in the end for one more fault to be met, which not every request can. */
const UNMET_MS = 20_000;

interface Tally {
  kills: number;
  faults: number;
  segments: number;
  commits: number;
  lost: number;
  wrong: number;
  differences: number;
}

/** One kill, one fault, which may be met later than the kill: what it waits for may not come before. */
async function trySeed(cluster: FaultyCluster, seed: number, log: ProofRun['log']): Promise<PendingFault> {
  const random = seededRandom(seed * 7919 + 11);
  const fault = random.pick(STORE_FAULTS);
  const lifeMs = random.between(SHORTEST_MS, LONGEST_MS);
  const pending = inject(cluster.proxy, fault, random.between(1, 4));
  await cluster.writeMore(random.between(0, 3));
  if (!random.chance(FROM_START_SHARE)) await cluster.untilAgentServes();
  await sleep(lifeMs);
  await cluster.killAgent();
  log(`${seed}: ${fault.name}; killed after ${lifeMs} ms`);
  return pending;
}

async function untilMet(faults: readonly PendingFault[]): Promise<number> {
  let met = -1;
  for (let deadline = 0; met < faults.length && (met < 0 || Date.now() < deadline);) {
    const now = faults.filter(({ isMet }) => isMet()).length;
    if (now > met) deadline = Date.now() + UNMET_MS;
    met = now;
    await sleep(50);
  }
  return met;
}

async function tryCluster(seeds: readonly number[], tally: Tally, log: ProofRun['log']): Promise<boolean> {
  const [first = 0] = seeds;
  const block = Math.floor(first / SEEDS_PER_CLUSTER);
  const major = MAJORS[block % MAJORS.length] ?? 17;
  await using cluster = await FaultyCluster.start(major, first + 1);
  if (cluster === undefined) return false;
  const faults: PendingFault[] = [];
  const backups = new Set<string>();
  for (const seed of seeds) {
    faults.push(await trySeed(cluster, seed, log));
    for (const { name } of await listBackups(cluster.store)) backups.add(name);
  }
  tally.kills += seeds.length;
  tally.faults += await untilMet(faults);
  cluster.proxy.clear();
  await cluster.settle();
  await cluster.endAgent();
  const { segments, lost, wrong, differences } = await judgeArchive(cluster);
  for (const line of [...lost.map((name) => `lost: ${name}`), ...wrong.map((name) => `wrong: ${name}`)]) log(line);
  for (const line of differences) log(`differs: ${line}`);
  log(
    `PostgreSQL ${major}: ${segments} segments, ${cluster.commits.length} commits, ${backups.size} backups: ${lost.length} lost, ${wrong.length} wrong, ${differences.length} rows differ`,
  );
  tally.segments += segments;
  tally.commits += cluster.commits.length;
  tally.lost += lost.length;
  tally.wrong += wrong.length;
  tally.differences += differences.length;
  return true;
}

/** The seeds of a range, by the cluster they share. */
function blocksOf({ seed, count }: ProofRun): number[][] {
  const seeds = Array.from({ length: count }, (_, at) => seed + at);
  return [...Map.groupBy(seeds, (one) => Math.floor(one / SEEDS_PER_CLUSTER)).values()];
}

/** The proof. */
export const proof: Proof = {
  name: 'faults',
  shows:
    'an agent that is killed, and whose store refuses, cuts, drips, is busy and lies, under a write load, loses no segment, stores none wrong, and leaves an archive that recovers to the last commit',
  defaultCount: 2,
  run: async (run) => {
    const tally: Tally = { kills: 0, faults: 0, segments: 0, commits: 0, lost: 0, wrong: 0, differences: 0 };
    for (const seeds of blocksOf(run)) {
      if (!(await tryCluster(seeds, tally, run.log)))
        return { holds: false, figure: 'not tried: there is no S3 server here' };
    }
    const { kills, faults, segments, commits, lost, wrong, differences } = tally;
    return {
      holds: lost + wrong + differences === 0 && kills === run.count,
      figure: `${kills} SIGKILLs, ${faults} store faults, ${commits} commits, ${segments} segments: ${lost} lost, ${wrong} wrong, ${differences} rows differ`,
    };
  },
};
