/**
 * Runs checks side by side: one line for each with its seconds, and the output of only those that failed.
 *
 * @module
 */

import { spawn } from 'node:child_process';

/** One check: a program that exits 0 when all is well. */
export interface Check {
  readonly name: string;
  /** What it looks at, for the list of checks. */
  readonly looksAt: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** How a check came out. */
export interface CheckOutcome {
  readonly check: Check;
  readonly passed: boolean;
  readonly tookMs: number;
  /** Everything it printed, stdout and stderr as they came. */
  readonly output: string;
}

/** Runs one check to its end. A program that cannot be started is a failed check. */
export function runCheck(check: Check, cwd: string): Promise<CheckOutcome> {
  const beganMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(check.program, check.args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    const settle = (passed: boolean) =>
      resolve({ check, passed, tookMs: performance.now() - beganMs, output: Buffer.concat(chunks).toString() });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      chunks.push(Buffer.from(`cannot run ${check.program}: ${error.message}\n`));
      settle(false);
    });
    child.on('close', (code) => settle(code === 0));
  });
}

/** Runs all of them, `atOnce` at a time and in their order, whatever fails. */
export async function runChecks(
  checks: readonly Check[],
  options: { readonly cwd: string; readonly atOnce: number; readonly print: (line: string) => void },
): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  const waiting = checks.values();
  const width = Math.max(0, ...checks.map((check) => check.name.length));
  const work = async () => {
    for (const check of waiting) {
      const outcome = await runCheck(check, options.cwd);
      outcomes.push(outcome);
      const seconds = (outcome.tookMs / 1000).toFixed(1).padStart(6);
      options.print(`${outcome.passed ? 'ok    ' : 'FAILED'}  ${check.name.padEnd(width)} ${seconds} s`);
      if (!outcome.passed) options.print(outcome.output.trimEnd().replaceAll(/^/gm, '        '));
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  return outcomes;
}
