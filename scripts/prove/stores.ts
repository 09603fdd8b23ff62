/**
 * The contract of object stores, on the real servers of every store: seed `s` is one suite of tests (`stores/suites.ts`),
 * and the one after the last is an object of more than 5 GiB.
 *
 * @module
 */

import type { Proof, ProofRun } from './proof.ts';
import { tryLargeObject } from './stores/large-object.ts';
import { SUITES, runSuite, type StoreSuite } from './stores/suites.ts';

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

async function addLargeObject(totals: Totals, seed: number, log: ProofRun['log']): Promise<void> {
  const { kind, problem } = await tryLargeObject(seed);
  log(`${seed}: an object of more than 5 GiB in S3 (MinIO): ${problem ?? kind}`);
  totals[kind] += 1;
  totals.stores.push('5 GiB in S3');
}

/** The proof. */
export const proof: Proof = {
  name: 'stores',
  shows: 'every store keeps the contract of object stores on a real server, when all is well and when things go wrong',
  defaultCount: 2,
  run: async ({ seed, count, log }) => {
    const totals: Totals = { passed: 0, failed: 0, skipped: 0, stores: [] };
    for (let one = seed; one < seed + count; one += 1) {
      const suite = SUITES[one % (SUITES.length + 1)];
      if (suite === undefined) await addLargeObject(totals, one, log);
      else await addSuite(totals, suite, one, log);
    }
    return {
      holds: totals.failed === 0 && totals.passed > 0,
      figure: `${totals.passed} cases passed, ${totals.skipped} skipped on ${totals.stores.join(', ')}: ${totals.failed} failed`,
    };
  },
};
