/**
 * The environment of a container: sets of variables, each with the exact configuration or the exact refusals that are
 * expected of it. The sets are data in `entrypoint/`, written by hand from Spilo's sources.
 *
 * Seed `s` is set `s` mod their number, so that as many seeds in a row as there are sets are all of them.
 *
 * @module
 */

import { CONTAINER_VARIABLES } from '../../src/container/variables.ts';
import { readSets } from './entrypoint/read-sets.ts';
import { trySet } from './entrypoint/try-set.ts';
import type { Proof } from './proof.ts';

const SETS = readSets();

/** How many of Spilo's variables stand in some set. */
function namedCount(): number {
  const named = new Set(SETS.flatMap(({ environment }) => Object.keys(environment)));
  return [...CONTAINER_VARIABLES.keys()].filter((name) => named.has(name)).length;
}

/** The proof. */
export const proof: Proof = {
  name: 'entrypoint',
  shows:
    "Spilo's variables become exactly the configuration that they mean, and each of their traps exactly its refusal.",
  defaultCount: SETS.length,
  run: async ({ seed, count, log }) => {
    let plans = 0;
    let refused = 0;
    let wrong = 0;
    for (let one = seed; one < seed + count; one += 1) {
      const set = SETS[one % SETS.length];
      if (set === undefined) throw new TypeError(`no set for seed ${one}`);
      if (set.expected.kind === 'plan') plans += 1;
      else refused += 1;
      const differences = trySet(set);
      if (differences.length > 0) wrong += 1;
      for (const difference of differences) log(`${one}: ${set.name}: ${difference}`);
    }
    const figure = `${count} environments, ${plans} with their configuration and ${refused} with their refusals, ${namedCount()} of ${CONTAINER_VARIABLES.size} variables named: ${wrong} different`;
    return { holds: wrong === 0, figure };
  },
};
