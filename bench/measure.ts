/**
 * One run of a program, measured: time, CPU of it and its children, largest resident size of one process.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';

/** What one run took. */
export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly residentMib: number;
}

const TIME = '/usr/bin/time';

/** True if runs can be measured here. */
export function canMeasure(): boolean {
  return existsSync(TIME);
}

/** Runs a line of shell, by `bash`. @throws with what it printed, if it fails. */
export async function measure(
  line: string,
  environment: Readonly<Record<string, string>>,
  note: string,
): Promise<Measured> {
  const args = ['-o', note, '-f', '%e %U %S %M', 'bash', '-c', `set -o pipefail; ${line}`];
  const started = process.hrtime.bigint();
  await new Promise<void>((resolve, reject) => {
    const child = spawn(TIME, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${line}\nended with ${code}:\n${Buffer.concat(output).toString()}`));
    });
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const [, user = 0, system = 0, residentKib = 0] = (await readFile(note, 'utf8')).trim().split(/\s+/).map(Number);
  await rm(note);
  return { seconds, cpuSeconds: user + system, residentMib: residentKib / 1024 };
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
