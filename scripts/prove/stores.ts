/**
 * The contract of object stores, on the real servers of every store: seed `s` is one suite of tests (`stores/suites.ts`),
 * and those after the last are large objects, one in each store (`stores/large-stores.ts`).
 *
 * @module
 */

import type { Proof, ProofRun } from './proof.ts';
import { tryLargeObject } from './stores/large-object.ts';
import { LARGE_STORES, type LargeStore } from './stores/large-stores.ts';
import { SUITES, runSuite, type StoreSuite } from './stores/suites.ts';

const GIB = 2 ** 30;

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
  readonly stores: string[];
}

async function addSuite(totals: Totals, suite: StoreSuite, seed: number, log: ProofRun['log']): Promise<void> {
  const { passed, failed, skipped } = await runSuite(suite);
  log(`${seed}: ${suite.store}: ${passed} passed, ${failed.length} failed, ${skipped} skipped`);
  for (const name of failed) log(`${seed}: FAILED: ${name}`);
  totals.passed += passed;
  totals.failed += failed.length;
  totals.skipped += skipped;
  totals.stores.push(suite.store);
}

async function addLargeObject(totals: Totals, large: LargeStore, seed: number, log: ProofRun['log']): Promise<void> {
  const { kind, problem, figure } = await tryLargeObject(large, seed);
  log(`${seed}: an object of ${large.sizeBytes} bytes in ${large.store}: ${problem ?? figure ?? kind}`);
  totals[kind] += 1;
  totals.stores.push(`${(large.sizeBytes / GIB).toFixed(1)} GiB in ${large.store}`);
}

/** What one seed tries. */
async function addOne(totals: Totals, seed: number, log: ProofRun['log']): Promise<void> {
  const at = seed % (SUITES.length + LARGE_STORES.length);
  const suite = SUITES[at];
  const large = LARGE_STORES[at - SUITES.length];
  if (suite !== undefined) await addSuite(totals, suite, seed, log);
  else if (large !== undefined) await addLargeObject(totals, large, seed, log);
}

/** The proof. */
export const proof: Proof = {
  name: 'stores',
  shows: 'every store keeps the contract of object stores on a real server, when all is well and when things go wrong',
  defaultCount: 2,
  run: async ({ seed, count, log }) => {
    const totals: Totals = { passed: 0, failed: 0, skipped: 0, stores: [] };
    for (let one = seed; one < seed + count; one += 1) {
      await addOne(totals, one, log);
    }
    return {
      holds: totals.failed === 0 && totals.passed > 0,
      figure: `${totals.passed} cases passed, ${totals.skipped} skipped on ${totals.stores.join(', ')}: ${totals.failed} failed`,
    };
  },
};
