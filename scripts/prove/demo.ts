/**
 * The demo: a shop's orders are deleted, and are back when it ends.
 *
 * Case 1 plays it in this checkout. Every further case plays it, and runs the project's own `npm test`, in a bare clone of
 * what is committed, which installs everything for itself.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runProgram } from '../../tests/support/postgres.ts';
import { ROOT } from '../toolchain.mjs';
import type { Proof, ProofRun } from './proof.ts';

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a line to its end and keeps what it says on standard output. */
async function run(line: readonly [string, ...string[]], cwd: string): Promise<Ended> {
  const [file, ...args] = line;
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, output: Buffer.concat(chunks).toString() };
}

/** The last lines say how many orders there are again; a demo that stops half-way does not get to them. */
function ordersBack({ code, output }: Ended): string | undefined {
  return code === 0 ? /^Every order from before the DELETE is there: ([\d,]+) orders\.$/m.exec(output)?.[1] : undefined;
}

async function inThisCheckout(log: ProofRun['log']): Promise<boolean> {
  const ended = await run([process.execPath, 'scripts/demo/main.ts'], ROOT);
  const orders = ordersBack(ended);
  log(
    orders === undefined
      ? `the demo ended with ${ended.code}:\n${ended.output}`
      : `the demo ended with ${orders} orders back`,
  );
  return orders !== undefined;
}

async function inBareClone(log: ProofRun['log']): Promise<boolean> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-clone-'));
  try {
    const clone = join(root, 'walkback');
    await runProgram('git', [
      '-c',
      `safe.directory=${ROOT}`,
      '-c',
      `safe.directory=${ROOT}/.git`,
      'clone',
      '--quiet',
      ROOT,
      clone,
    ]);
    const demo = await run(['npm', 'run', 'demo'], clone);
    log(`npm run demo in a bare clone ended with ${demo.code}, ${ordersBack(demo) ?? 'no'} orders back`);
    const test = await run(['npm', 'test'], clone);
    log(`npm test in a bare clone ended with ${test.code}`);
    if (test.code !== 0) log(test.output.slice(-4000));
    return ordersBack(demo) !== undefined && test.code === 0;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The proof. */
export const proof: Proof = {
  name: 'demo',
  shows:
    'the demo ends with the rows back; in a bare clone so does npm run demo, and npm test passes (with a count above 1)',
  defaultCount: 1,
  run: async ({ count, log }) => {
    const cases = [inThisCheckout, ...Array.from({ length: count - 1 }, () => inBareClone)];
    let held = 0;
    for (const one of cases) if (await one(log)) held++;
    return {
      holds: held === cases.length,
      figure: `${held} of ${cases.length} with the rows back, ${cases.length - 1} of them in bare clones with npm test`,
    };
  },
};
