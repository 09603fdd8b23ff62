/**
 * Runs one program to its end: an argument list, never a shell, with a time limit.
 *
 * Its output goes to a file and not to a pipe: `pg_ctl start` hands its output on to the server it starts, and a pipe
 * would break under the server when we end.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';

/** How one program ended. */
export interface ProgramEnd {
  /** Exit status; `undefined` if a signal or the time limit ended it. */
  readonly code: number | undefined;
  /** What it printed, both streams, at most the last 16 KiB. */
  readonly output: string;
}

/** Limits and surroundings of one run. */
export interface ProgramOptions {
  readonly timeoutMs: number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Where it runs; this process's own unless told. */
  readonly workingDirectory?: string;
}

const OUTPUT_LIMIT_BYTES = 16_384;

/**
 * Runs `argv` and waits for its end.
 *
 * @throws {Failure} `failed` when it cannot be started, `unavailable` when it takes longer than `timeoutMs`.
 */
export async function runProgram(argv: readonly string[], options: ProgramOptions): Promise<ProgramEnd> {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-run-'));
  const outputFile = join(folder, 'output');
  const output = await open(outputFile, 'w');
  try {
    const code = await waitFor(argv, output.fd, options);
    const text = await readFile(outputFile, 'utf8');
    return { code, output: text.slice(-OUTPUT_LIMIT_BYTES).trim() };
  } finally {
    await output.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function waitFor(argv: readonly string[], outputFd: number, options: ProgramOptions): Promise<number | undefined> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(options.timeoutMs);
    const child = spawn(program, args, {
      stdio: ['ignore', outputFd, outputFd],
      signal: options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]),
      ...(options.workingDirectory === undefined ? {} : { cwd: options.workingDirectory }),
      ...(options.environment === undefined ? {} : { env: { ...options.environment } }),
    });
    child.once('error', (error) => reject(limit.aborted ? tooSlow(argv, options.timeoutMs) : cannotRun(argv, error)));
    child.once('exit', (code) => resolve(code ?? undefined));
  });
}

function cannotRun(argv: readonly string[], error: unknown): Failure {
  return new Failure('failed', {
    message: `cannot run ${formatCommand(argv)}: ${messageOf(error)}`,
    remedy: 'Correct the command in the settings, or install the program.',
    cause: error,
  });
}

function tooSlow(argv: readonly string[], timeoutMs: number): Failure {
  return new Failure('unavailable', {
    message: `cannot wait longer for ${formatCommand(argv)}: it has not ended after ${Math.round(timeoutMs / 1000)} s`,
    remedy: "Look at the server's log for what it waits for, or raise the time limit in the settings.",
  });
}

/** An argument list as one line to read or type; words with other than plain characters are quoted for `sh`. */
export function formatCommand(argv: readonly string[]): string {
  return argv.map(quoteForShell).join(' ');
}

/** One word, quoted for a POSIX shell when it must be. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
