/**
 * Processes that tests have started, directly or through programs of theirs.
 *
 * @module
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

import { until } from '../archived-cluster.ts';

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly isZombie: boolean;
}

/** All processes that can be seen. */
function processes(): ProcessEntry[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // The name of the program, which may hold anything, is in brackets; state and parent follow.
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return [{ pid: Number(name), parent: Number(parent), isZombie: state === 'Z' }];
    } catch {
      return [];
    }
  });
}

/** True if it is gone, or dead and only not yet reaped. */
export async function hasEnded(pid: number): Promise<boolean> {
  return processes().find((one) => one.pid === pid)?.isZombie ?? true;
}

/** A process and all below it. */
export async function familyOf(pid: number): Promise<number[]> {
  const all = processes();
  const below = (parent: number): number[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one.pid, ...below(one.pid)]);
  return [pid, ...below(pid)];
}

/** Sends a signal; to one that has ended, none. */
export function kill(pid: number, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

/** Waits until processes are gone. */
export async function untilEnded(pids: readonly number[], timeoutMs = 60_000): Promise<void> {
  await until('processes end', async () => (await Promise.all(pids.map(hasEnded))).every(Boolean), timeoutMs);
}

/**
 * Waits until the kernel has forgotten a process that has ended: a server takes the process of a lock file for alive
 * until then, and some hosts' init looks for the dead only every few seconds.
 * @returns false if it is still there: no init of this host reaps.
 */
export async function isForgotten(pid: number, timeoutMs = 10_000): Promise<boolean> {
  return until(
    `${pid} is reaped`,
    async () => Promise.resolve(processes().every((one) => one.pid !== pid)),
    timeoutMs,
  ).then(
    () => true,
    () => false,
  );
}

/** Ends processes at once, and waits for their end. */
export async function endProcess(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) kill(pid);
  await untilEnded(pids);
}

/** The processes of a Patroni, whoever has started it: an interpreter, `patroni`, and its configuration file. */
export function patroniProcessesOf(configFile: string): number[] {
  return processes()
    .filter(({ pid, isZombie }) => !isZombie && isPatroniOf(pid, configFile))
    .map(({ pid }) => pid);
}

function isPatroniOf(pid: number, configFile: string): boolean {
  try {
    const [, script = '', file] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return script.endsWith('/patroni') && file === configFile;
  } catch {
    return false;
  }
}

function isOf(pid: number, folder: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    return [cwd, ...words].some((word) => word === folder || word.includes(`${folder}/`));
  } catch {
    return false;
  }
}

/** What still runs in a test's own folder, or names it: servers that were left by programs that are gone. */
export function processesOf(folder: string): number[] {
  return processes()
    .filter((one) => !one.isZombie && one.pid !== process.pid && isOf(one.pid, folder))
    .map((one) => one.pid);
}

/** Ends everything of a test's own folder at once; for the end of the test's process. */
export function killAllOf(folder: string): void {
  for (const pid of processesOf(folder)) kill(pid);
}

/** Ends everything of a test's own folder, and waits for its end, and until the kernel has forgotten it. */
export async function endAllOf(folder: string): Promise<void> {
  const ended = new Set<number>();
  await until('nothing of the test runs any more', async () => {
    const pids = processesOf(folder);
    for (const pid of pids) {
      kill(pid);
      ended.add(pid);
    }
    return pids.length === 0;
  });
  await Promise.all([...ended].map(async (pid) => isForgotten(pid)));
}
