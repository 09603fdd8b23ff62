/**
 * What `walkback log --json` says of an archive: the program itself, as a process.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';

import type { LoggedJson } from '../../../tests/support/history-compare.ts';
import { ROOT } from '../../../tests/support/archived-cluster.ts';

/** The list, and how it ended. */
export interface Log {
  readonly transactions: readonly LoggedJson[];
  readonly end: { readonly kind: string };
}

/** Runs the program on an archive. @throws with what it said if it does not exit 0. */
export async function runWalkback(archive: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], WALKBACK_ARCHIVE: archive, WALKBACK_TIME_ZONE: 'UTC' };
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return Buffer.concat(out).toString();
  throw new Error(`walkback ${args.join(' ')} ended with ${code}:\n${Buffer.concat(err).toString()}`);
}

/** All transactions of an archive, with those that were rolled back. */
export async function readLog(archive: string): Promise<Log> {
  const log: Log = JSON.parse(await runWalkback(archive, 'log', '--aborted', '--json'));
  return log;
}
