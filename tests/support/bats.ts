/**
 * Suites of bats, run to their end and counted.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', 'bats');

/** How a suite came out. */
export interface BatsOutcome {
  readonly passed: number;
  /** Names, with what the tests printed. */
  readonly failed: readonly string[];
  /** Names, with why. */
  readonly skipped: readonly string[];
}

/** Reads the Test Anything Protocol, of which bats writes version 12. @throws if fewer tests ran than were announced. */
export function readTap(text: string): BatsOutcome {
  const failed: string[] = [];
  const skipped: string[] = [];
  let passed = 0;
  for (const line of text.split('\n')) {
    const [, not, name = '', why] = /^(not )?ok \d+ (.*?)(?: # skip ?(.*))?$/.exec(line) ?? [];
    if (line.startsWith('# ') && failed.length > 0) failed.push(`${failed.pop() ?? ''}\n  ${line}`);
    else if (name === '') continue;
    else if (why !== undefined) skipped.push(`${name}: ${why}`);
    else if (not === undefined) passed += 1;
    else failed.push(name);
  }
  const announced = Number(/^1\.\.(\d+)$/m.exec(text)?.[1] ?? 0);
  const ran = passed + failed.length + skipped.length;
  if (announced === 0 || ran !== announced) throw new Error(`${ran} of ${announced} tests ran:\n${text}`);
  return { passed, failed, skipped };
}

/** Runs `tests/bats/<suite>`. @throws if bats is not there, or did not run all of it. */
export async function runBats(
  suite: 'unit' | 'e2e',
  environment: Readonly<Record<string, string>> = {},
): Promise<BatsOutcome> {
  const child = spawn('bats', ['--tap', join(FOLDER, suite)], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return readTap(output);
}
