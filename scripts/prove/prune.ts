/**
 * Pruning against a model: of random archives, every moment that the policy promises can be reached afterwards as before,
 * every backup that is listed can be restored if it could before, and exactly what the model lets stay stays.
 *
 * Seed `s` is one archive and one policy. Every tenth is executed on real objects, in a folder: half of these while a server
 * archives again or a delta is taken, then all of them interrupted at a random deletion, looked at, and run again.
 *
 * @module
 */

import { seededRandom, type Random } from '../../tests/support/random.ts';
import { compareDecision } from './prune/compare-decision.ts';
import { executePrune } from './prune/execute-prune.ts';
import type { ModelPolicy } from './prune/keep-model.ts';
import { liveArchive } from './prune/lived-archive.ts';
import type { Proof } from './proof.ts';

const EXECUTED_EVERY = 10;
const REPORT_EVERY = 500;

function choosePolicy(random: Random): ModelPolicy {
  const kind = random.between(0, 2);
  return {
    keepFull: kind === 1 ? undefined : random.between(1, 5),
    keepHours: kind === 0 ? undefined : random.between(1, 300),
  };
}

/** The proof. */
export const proof: Proof = {
  name: 'prune',
  shows:
    'what a policy promises stays reachable, every listed backup can be restored at every interruption, and nothing that could go stays',
  defaultCount: 150,
  run: async ({ seed, count, log }) => {
    let [differences, executed, interrupted, went, stayed] = [0, 0, 0, 0, 0];
    for (let at = seed; at < seed + count; at += 1) {
      const random = seededRandom(at * 2_654_435_761);
      const archive = liveArchive(random);
      const policy = choosePolicy(random);
      const compared = compareDecision(archive, policy);
      went += compared.went;
      stayed += compared.stayed;
      const found = [...compared.differences];
      if (at % EXECUTED_EVERY === 0) {
        const outcome = await executePrune(archive, policy, random);
        executed += 1;
        interrupted += outcome.wasInterrupted ? 1 : 0;
        found.push(...outcome.differences);
      }
      if (found.length > 0) log(`${at}: ${found.slice(0, 5).join('; ')}`);
      differences += found.length;
      if ((at - seed + 1) % REPORT_EVERY === 0) log(`${at - seed + 1} of ${count}: ${differences} differences`);
    }
    return {
      holds: differences === 0,
      figure: `${count} archives, ${executed} of them on real objects (${interrupted} interrupted): ${went} objects went, ${stayed} stayed, ${differences} differences`,
    };
  },
};
