/**
 * Each way in which the procedure that walkback replaces goes wrong, against the tests that provoke it: the page names them,
 * and each must be there and be run.
 *
 * Case `i` is the mode `F-i`, of 35.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { EvidenceFinder } from './failure-modes/find-evidence.ts';
import { readFailureModes, type FailureMode } from './failure-modes/read-page.ts';
import type { Proof } from './proof.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = 'docs/failure-modes.md';
const MODES = 35;

const idOf = (number: number): string => `F-${String(number).padStart(2, '0')}`;

function problemsOf(mode: FailureMode | undefined, finder: EvidenceFinder): string[] {
  if (mode === undefined) return [`${PAGE} does not have it`];
  if (mode.evidence.length === 0) return ['nothing shows it'];
  const unread = mode.unread.map((item) => `cannot be read: ${item}`);
  return [...unread, ...mode.evidence.flatMap((one) => finder.problemOf(one) ?? [])];
}

/** The proof. */
export const proof: Proof = {
  name: 'failure-modes',
  shows: 'each of the 35 ways in which the old procedure fails is provoked by a test that is there and is run',
  defaultCount: MODES,
  run: async ({ seed, count, log }) => {
    const modes = readFailureModes(readFileSync(join(ROOT, PAGE), 'utf8'));
    const finder = new EvidenceFinder(ROOT);
    const wanted = Array.from({ length: count }, (_, index) => seed + index).filter((number) => number <= MODES);
    let [tests, without] = [0, 0];
    for (const id of wanted.map(idOf)) {
      const named = modes.filter((mode) => mode.id === id);
      const problems = named.length > 1 ? ['it is there twice'] : problemsOf(named[0], finder);
      tests += named[0]?.evidence.length ?? 0;
      if (problems.length > 0) without += 1;
      for (const problem of problems) log(`${id} ${named[0]?.title ?? ''}: ${problem}`);
    }
    return {
      holds: without === 0 && wanted.length > 0,
      figure: `${wanted.length} failure modes, ${tests} tests and proofs that provoke them; without a test ${without}`,
    };
  },
};
