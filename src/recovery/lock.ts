/**
 * The lock of a cluster's recoveries: one run at a time. It is a file with the holder's process; one whose holder is gone
 * (killed, or the machine restarted) is taken over.
 *
 * A stale lock is removed only by who holds a second one for that, and has looked again while holding it: of two runs that
 * see the same stale lock, the slower one would otherwise remove the lock that the faster one has just taken.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import { makeFolder } from '../instance/durable-rename.ts';
import { identityOf, isSameProcessAlive } from '../instance/process-identity.ts';

/** Who holds the lock at `path`; `undefined` if nobody does, or the holder is gone. */
async function holder(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const [pidText = '', start = '', host = '', boot = '?'] = text.trim().split(' ');
  const pid = Number(pidText);
  if (host !== hostname()) return `a process on ${host}`;
  return (await isSameProcessAlive({ pid, start, boot })) ? `process ${pid}` : undefined;
}

/** True if the name is ours now; false if something has it. */
async function takeName(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw new Failure('failed', {
      message: `cannot take the lock ${path}: ${messageOf(error)}`,
      remedy: 'The file system must allow hard links, and this user must own the folder.',
      cause: error,
    });
  }
}

/** Removes the lock at `path` if its holder is gone. */
async function removeStale(mine: string, path: string): Promise<void> {
  const takeover = `${path}.takeover`;
  if (!(await takeName(mine, takeover))) {
    if ((await holder(takeover)) === undefined) await rm(takeover, { force: true });
    return;
  }
  try {
    if ((await holder(path)) === undefined) await rm(path, { force: true });
  } finally {
    await rm(takeover, { force: true });
  }
}

/**
 * Takes the lock in a folder of recoveries. Disposing frees it.
 *
 * @throws {Failure} `conflict` if another run holds it.
 */
export async function lockRecoveries(folder: string): Promise<AsyncDisposable> {
  await makeFolder(folder);
  const path = join(folder, 'lock');
  const mine = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const { start, boot } = await identityOf(process.pid);
  const words = [process.pid, start, hostname(), boot];
  await writeFile(mine, `${words.join(' ')}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      if (await takeName(mine, path)) return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
      const who = await holder(path);
      if (who !== undefined) throw busy(folder, who);
      await removeStale(mine, path);
    }
    throw busy(folder, 'another process');
  } finally {
    await rm(mine, { force: true });
  }
}

function busy(folder: string, who: string): Failure {
  return new Failure('conflict', {
    message: `cannot work on the recoveries in ${folder}: ${who} does`,
    remedy: `Wait for it, or end it; what it has done so far is in the journal, and can be gone on with or undone. If there is no such process any more, remove ${join(folder, 'lock')}.`,
  });
}
