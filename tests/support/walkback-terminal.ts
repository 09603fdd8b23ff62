/**
 * The program at a terminal, with somebody who types. The terminal is that of `script`, which every Debian has (`bsdutils`).
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';

import { PROGRAM } from './walkback-process.ts';

/** What is typed once the screen shows something. */
export interface Typed {
  readonly when: string;
  readonly line: string;
}

/** Runs it to its end. @returns its exit code, and all that the screen has shown. */
export async function walkbackAtTerminal(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  { when, line }: Typed,
): Promise<{ readonly code: number | null; readonly screen: string }> {
  const command = [PROGRAM, ...args].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', TERM: 'xterm-256color', SHELL: '/bin/sh', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let [screen, isTyped] = ['', false];
  child.stdout.setEncoding('utf8').on('data', (shown: string) => {
    screen += shown;
    if (isTyped || !screen.includes(when)) return;
    isTyped = true;
    child.stdin.write(`${line}\n`);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (!isTyped) throw new Error(`the screen never showed ${JSON.stringify(when)}: ${screen.slice(-1000)}`);
  return { code, screen };
}
