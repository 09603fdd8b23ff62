/**
 * What a data directory says about the server that runs on it: `PG_VERSION`, `postmaster.pid`, `postmaster.opts`.
 *
 * A `postmaster.pid` alone proves nothing (it stays after a crash); it counts only while its process lives.
 *
 * Source: `src/include/utils/pidfile.h`, `src/backend/postmaster/postmaster.c` (`CreateOptsFile`).
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, messageOf } from '../base/failure.ts';

/** The contents of `postmaster.pid`. */
export interface PostmasterPid {
  readonly pid: number;
  readonly dataDirectory: string;
  readonly port: number;
  /** The first socket directory; empty when the server has none. */
  readonly socketDirectory: string;
  /** The first address it listens on; empty for none. */
  readonly listenAddress: string;
  /** `starting`, `stopping`, `ready`, `standby`; empty while it is being written. */
  readonly status: string;
}

/** Reads `postmaster.pid`'s text. `undefined` if it holds no process id (it is being written). */
export function parsePostmasterPid(text: string): PostmasterPid | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Math.abs(Number(lines[0]));
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
  return {
    pid,
    dataDirectory: lines[1] ?? '',
    port: Number(lines[3] ?? 0),
    socketDirectory: lines[4] ?? '',
    listenAddress: lines[5] ?? '',
    status: lines[7] ?? '',
  };
}

/** Reads `postmaster.opts`: the arguments the server was last started with, without the program and `-D`. */
export function parsePostmasterOptions(text: string): string[] {
  const words = [...text.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '');
  const kept: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '-D') index += 1;
    else if (!word.startsWith('-D') && !word.startsWith('--data-directory=')) kept.push(word);
  }
  return kept;
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return undefined;
    }
    throw new Failure('denied', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: "Run walkback as the operating system's user that owns the data directory.",
      cause: error,
    });
  });
}

/** True if a process with this id exists. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The server that runs on a data directory; `undefined` when none does. */
export async function runningPostmaster(dataDirectory: string): Promise<PostmasterPid | undefined> {
  const text = await readIfThere(join(dataDirectory, 'postmaster.pid'));
  const found = text === undefined ? undefined : parsePostmasterPid(text);
  return found !== undefined && (await isRunningPostgres(found.pid)) ? found : undefined;
}

/** True if a process of PostgreSQL with this id runs: neither another program, nor one that waits to be reaped. */
export async function isRunningPostgres(pid: number): Promise<boolean> {
  return isProcessAlive(pid) && (await isPostgres(pid));
}

/**
 * After a restart of the machine, another program may have the id; and one that was killed keeps it until it is reaped.
 * Only Linux tells; elsewhere the id is believed.
 */
async function isPostgres(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return process.platform !== 'linux';
  const [, name = '', state = ''] = /^\d+ \((.*)\) (\S)/s.exec(text) ?? [];
  return /^(postgres|postmaster)/.test(name) && state !== 'Z' && state !== 'X';
}

const REAP_TIMEOUT_MS = 10_000;

/**
 * Waits while a server that was killed still has its process number: the next one would take that for a running one, and
 * refuse to start. Comes back after ten seconds at most; then the server itself says what is wrong.
 */
export async function untilReaped(dataDirectory: string): Promise<void> {
  const text = await readIfThere(join(dataDirectory, 'postmaster.pid'));
  const found = text === undefined ? undefined : parsePostmasterPid(text);
  const deadline = Date.now() + REAP_TIMEOUT_MS;
  while (found !== undefined && isProcessAlive(found.pid) && !(await isPostgres(found.pid)) && Date.now() < deadline) {
    await sleep(20);
  }
}

/**
 * The arguments the server on this directory was last started with. `-D` is left out where it names the data; where it
 * names a folder of configuration that says where the data is, the server cannot start without it, and it stays.
 */
export async function lastServerOptions(dataDirectory: string): Promise<string[]> {
  const text = (await readIfThere(join(dataDirectory, 'postmaster.opts'))) ?? '';
  const folder = startedOn(text);
  const isConfiguration =
    folder !== undefined &&
    (await readIfThere(join(folder, 'PG_VERSION'))) === undefined &&
    (await readIfThere(join(folder, 'postgresql.conf'))) !== undefined;
  return [...(isConfiguration ? ['-D', folder] : []), ...parsePostmasterOptions(text)];
}

/** The folder that `-D` named, if it is an absolute path. */
function startedOn(text: string): string | undefined {
  const words = [...text.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '');
  const at = words.lastIndexOf('-D');
  const folder = at === -1 ? words.findLast((word) => word.startsWith('-D'))?.slice(2) : words[at + 1];
  return folder?.startsWith('/') === true ? folder : undefined;
}

/** The major version of a data directory. @throws {Failure} `refused` if it is none. */
export async function majorVersionOf(dataDirectory: string): Promise<number> {
  const text = await readIfThere(join(dataDirectory, 'PG_VERSION'));
  const major = Number(text?.trim());
  if (Number.isInteger(major) && major > 0) return major;
  throw new Failure('refused', {
    message: `cannot use ${dataDirectory} as a data directory: it has no PG_VERSION`,
    remedy: 'Name the data directory itself; "SHOW data_directory" tells it.',
  });
}
