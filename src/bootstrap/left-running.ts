/**
 * What a killed run has left at work: `pg_upgrade` goes on without the program that has started it, and so do the servers that
 * it has started on both clusters. Whoever takes the folders up again would meet its writes there.
 *
 * Only Linux tells; elsewhere nothing is found.
 *
 * @module
 */

import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../base/failure.ts';
import { isProcessAlive } from '../instance/postmaster.ts';

/** Those that would go on, or start another of them; whatever else `pg_upgrade` has started ends with its server. */
const PROGRAMS = new Set(['pg_upgrade', 'initdb', 'pg_ctl', 'postgres']);
const POLL_MS = 50;
const TIMEOUT_MS = 60_000;

interface LeftProcess {
  readonly pid: number;
  readonly program: string;
}

/** The same paths mean the same folders only to processes of this container. */
async function isOfThisContainer(pid: string): Promise<boolean> {
  const [theirs, ours] = await Promise.all(
    [pid, 'self'].map((one) => readlink(`/proc/${one}/ns/mnt`).catch((): string => one)),
  );
  return theirs === ours;
}

async function processOf(pid: string, directories: readonly string[]): Promise<LeftProcess | undefined> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const [path = '', ...words] = line.split('\0');
  const program = basename(path);
  const isAtWork = directories.some((directory) =>
    words.some((word) => word === directory || word.endsWith(`=${directory}`)),
  );
  if (!PROGRAMS.has(program) || !isAtWork || !(await isOfThisContainer(pid))) return undefined;
  return { pid: Number(pid), program };
}

async function leftRunning(directories: readonly string[]): Promise<LeftProcess[]> {
  const pids = (await readdir('/proc').catch((): string[] => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => processOf(pid, directories)));
  return found.filter((one) => one !== undefined);
}

/** A server is told to end at once, and ends its processes; another program has none that matter. */
function end({ pid, program }: LeftProcess): void {
  if (isProcessAlive(pid)) process.kill(pid, program === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
}

/**
 * Ends it, and waits until nothing of it is left.
 *
 * @param directories of both clusters; no other program of this host's may have business there.
 * @throws {Failure} `unavailable` if something does not end.
 */
export async function endLeftRunning(directories: readonly string[]): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const found = await leftRunning(directories);
    const [first] = found;
    if (first === undefined) return;
    if (Date.now() > deadline) {
      throw new Failure('unavailable', {
        message: `cannot go on with the upgrade: ${first.program} of an earlier run, process ${first.pid}, does not end`,
        remedy: 'End it, and start again.',
      });
    }
    found.forEach(end);
    await sleep(POLL_MS);
  }
}
