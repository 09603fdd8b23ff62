/**
 * `npm run ok`: everything that can be said of the tree without a server, in under a minute.
 *
 * All checks run, whatever fails; `npm run ok -- lint types` runs only those named.
 *
 * @module
 */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { runChecks } from './ok/run-checks.ts';
import type { Check } from './ok/run-checks.ts';

const ROOT = join(import.meta.dirname, '..');
const NODE = process.execPath;

/** The longest first, so that nothing long is left for the end. */
const CHECKS: readonly Check[] = [
  {
    name: 'unit',
    looksAt: 'unit tests',
    program: 'vitest',
    args: ['run', '--configLoader', 'native', '--project', 'unit', '--reporter=dot'],
  },
  {
    name: 'types',
    looksAt: 'strict TypeScript',
    program: NODE,
    // By its path: both TypeScripts bring a program `tsc` (docs/decisions/0003-typescript-6.md).
    args: ['node_modules/typescript-7/bin/tsc', '--pretty', 'false'],
  },
  { name: 'lint', looksAt: 'oxlint, type-aware', program: 'oxlint', args: ['--type-aware', '--deny-warnings', '.'] },
  { name: 'layers', looksAt: 'directions of import, cycles', program: NODE, args: ['scripts/ok/layers.ts'] },
  { name: 'unused', looksAt: 'files, exports and packages nobody uses', program: 'knip', args: ['--no-progress'] },
  {
    name: 'places',
    looksAt: 'process.env, process.exit, console, clocks, bare errors',
    program: NODE,
    args: ['scripts/ok/places.ts'],
  },
  {
    name: 'docs',
    looksAt: 'what the documentation names exists; reference pages are up to date',
    program: NODE,
    args: ['scripts/ok/docs.ts'],
  },
  { name: 'format', looksAt: 'oxfmt', program: 'oxfmt', args: ['--check', '.'] },
];

function choose(names: readonly string[]): readonly Check[] {
  const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
  if (unknown.length === 0) return names.length === 0 ? CHECKS : CHECKS.filter((check) => names.includes(check.name));
  console.error(`no check named ${unknown.map((name) => JSON.stringify(name)).join(', ')}; there are:`);
  for (const check of CHECKS) console.error(`  ${check.name.padEnd(8)} ${check.looksAt}`);
  process.exit(64);
}

const checks = choose(process.argv.slice(2));
const beganMs = performance.now();
const outcomes = await runChecks(checks, {
  cwd: ROOT,
  atOnce: Math.min(availableParallelism(), 4),
  print: console.log,
});
const failed = outcomes.filter((outcome) => !outcome.passed).map((outcome) => outcome.check.name);
const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
console.log(
  failed.length === 0
    ? `all ${outcomes.length} checks passed in ${seconds} s`
    : `failed: ${failed.join(', ')} (${seconds} s)`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
