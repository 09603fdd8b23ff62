/**
 * All of `tests/interop/`, with nothing left out: the real wal-g (`WALG_BINARY`) and Spilo's own scripts (`SPILO_SCRIPTS`) are there.
 *
 * Seed `s` is one file of tests, in the order of their names, counted round and round.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ROOT } from '../toolchain.mjs';
import { figureOf, sumOf, type FileOutcome } from './interop-tests/sum-outcomes.ts';
import type { Proof, ProofRun } from './proof.ts';
import { runSuite } from './stores/suites.ts';

const FOLDER = 'tests/interop';

async function run({ seed, count, log }: ProofRun) {
  for (const variable of ['WALG_BINARY', 'SPILO_SCRIPTS'] as const) {
    if (process.env[variable] === undefined) log(`SKIPPED: ${variable} is not set: its tests do not run`);
  }
  const files = (await readdir(join(ROOT, FOLDER))).filter((name) => name.endsWith('.test.ts')).toSorted();
  const outcomes: FileOutcome[] = [];
  for (let one = seed; one < seed + count; one += 1) {
    const name = files[one % files.length] ?? '';
    const { passed, failed, skipped } = await runSuite({ store: name, project: 'extra', file: `${FOLDER}/${name}` });
    log(`${one}: ${name}: ${passed} passed, ${failed.length} failed, ${skipped} skipped`);
    for (const test of failed) log(`${one}: FAILED: ${test}`);
    outcomes.push({ name, passed, failed: failed.length, skipped });
  }
  const sum = sumOf(outcomes);
  return { holds: sum.failed === 0 && sum.skipped === 0 && sum.passed > 0, figure: figureOf(sum, files.length) };
}

/** The proof. */
export const proof: Proof = {
  name: 'interop-tests',
  shows: "every test beside the real wal-g and with Spilo's own scripts passes, and none is skipped",
  defaultCount: 1,
  budgetMs: 240_000,
  onlyByName: true,
  run,
};
