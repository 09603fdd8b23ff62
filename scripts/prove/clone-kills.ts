/**
 * SIGKILL of everything of a member (Patroni, walkback, PostgreSQL) at random moments of a clone bootstrap under a real Patroni
 * and etcd: after each kill the data directory is empty or holds the finished cluster, and started again it ends at the target,
 * with the rows of the oracle and taken over by Patroni.
 *
 * Seed `s` is one kill. Up to three seeds in a row are the kills of one bootstrap, which is started again after each; all
 * bootstraps of a run clone one archive, each to a random target of its own.
 *
 * @module
 */

import { seededRandom } from '../../tests/support/random.ts';
import { killCase } from './clone-kills/kill-case.ts';
import type { Proof } from './proof.ts';
import { writeCluster } from './targets/written-cluster.ts';

const MAJOR = 16;
const MOST_KILLS = 3;

/** The seeds of a run by bootstrap: one, two or three kills each, by the first seed. */
function bootstrapsOf(seed: number, count: number): number[][] {
  const all: number[][] = [];
  for (let next = seed; next < seed + count;) {
    const kills = Math.min(1 + seededRandom(next * 31).between(0, MOST_KILLS - 1), seed + count - next);
    all.push(Array.from({ length: kills }, (_, index) => next + index));
    next += kills;
  }
  return all;
}

/** The proof. */
export const proof: Proof = {
  name: 'clone-kills',
  shows:
    'A clone bootstrap under Patroni, everything killed at random moments and started again, ends at its target with the rows of the oracle; never is anything but nothing, or the finished cluster, in the data directory.',
  defaultCount: 2,
  run: async ({ seed, count, log }) => {
    await using source = await writeCluster(MAJOR, seed);
    let wrong = 0;
    let bootstraps = 0;
    for (const seeds of bootstrapsOf(seed, count)) {
      const { problems, words } = await killCase(source, seeds);
      log(`${seeds.join(', ')}: ${words}: ${problems.length === 0 ? 'ended at the target' : problems.join('; ')}`);
      if (problems.length > 0) wrong += 1;
      bootstraps += 1;
    }
    return {
      holds: wrong === 0,
      figure: `${count} kills of everything in ${bootstraps} bootstraps: ${wrong} did not end at the target`,
    };
  },
};
