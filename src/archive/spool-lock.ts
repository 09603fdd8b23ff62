/**
 * The lock of a spool: one agent serves it.
 *
 * Node has no file locks, and a process number means nothing in another container that shares the volume. So the lock is
 * a file that its holder touches four times a second: it is free when its holder is known to be dead, or has not touched
 * it for ten seconds. A holder that finds another's name in it stops (after a machine that was suspended, for instance).
 *
 * @module
 */

import { open, readFile, readlink, rm, stat, utimes } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../base/failure.ts';

/** A lock is free when it was not touched for so long. */
export const LOCK_SILENCE_MS = 10_000;

/** A lock that is held. */
export interface SpoolLock {
  /** Shows that the holder lives. @throws {Failure} `conflict` if another has taken the lock. */
  touch(): Promise<void>;
  release(): Promise<void>;
}

interface Holder {
  readonly id: string;
  readonly pid: number;
  /** The process numbers' own space: equal for two processes that can see each other. */
  readonly space: string;
}

async function thisSpace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => process.platform);
}

async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [id, pid, space] = text.trimEnd().split('\t');
  return id && pid && space ? { id, pid: Number(pid), space } : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function isFree(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  if (holder?.space === (await thisSpace()) && !isAlive(holder.pid)) return true;
  const touched = await stat(path).catch(() => undefined);
  return touched === undefined || Date.now() - touched.mtimeMs > LOCK_SILENCE_MS;
}

async function create(path: string, holder: Holder): Promise<boolean> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  });
  if (file === undefined) return false;
  await file.writeFile(`${holder.id}\t${holder.pid}\t${holder.space}\n`);
  await file.close();
  return true;
}

function taken(path: string, holder: Holder | undefined): Failure {
  return new Failure('conflict', {
    message: `cannot serve the spool: ${path} is held by another agent${holder === undefined ? '' : ` (process ${holder.pid})`}`,
    remedy: 'One agent serves one spool. Stop the other one, or give this server a spool of its own.',
  });
}

function held(path: string, holder: Holder): SpoolLock {
  const check = async () => {
    const now = await readHolder(path);
    if (now?.id !== holder.id) throw taken(path, now);
  };
  return {
    touch: async () => {
      await check();
      await utimes(path, new Date(), new Date());
    },
    release: async () => {
      if ((await readHolder(path))?.id === holder.id) await rm(path, { force: true });
    },
  };
}

/**
 * Takes the lock; waits for a holder that may be dead until that is known.
 *
 * @throws {Failure} `conflict` if a living agent holds it.
 */
export async function takeSpoolLock(path: string, signal?: AbortSignal): Promise<SpoolLock> {
  const holder: Holder = { id: randomUUID(), pid: process.pid, space: await thisSpace() };
  const deadline = Date.now() + LOCK_SILENCE_MS + 1000;
  while (!(await create(path, holder))) {
    const other = await readHolder(path);
    const isNeighbour = other?.space === holder.space;
    if (await isFree(path)) await rm(path, { force: true });
    else if (isNeighbour || Date.now() > deadline) throw taken(path, other);
    else await sleep(200, undefined, signal === undefined ? {} : { signal });
  }
  return held(path, holder);
}
