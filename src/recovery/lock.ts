/**
 * The lock of a cluster's recoveries: one run at a time. It is a file with the holder's process; one whose holder is gone
 * (killed, or the machine restarted) is taken over.
 *
 * A stale lock is removed only by who has the right to remove that very one, and has looked again while having it: of two runs
 * that see the same stale lock, the slower one would otherwise remove the lock that the faster one has just taken. The right is
 * a file too, named after the text of the stale lock, of which there is never a second one; it may be stale itself.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import { makeFolder } from '../instance/durable-rename.ts';
import { identityOf, isSameProcessAlive } from '../instance/process-identity.ts';

async function textAt(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** Whose lock this is; `undefined` if that one is gone. */
async function holderIn(text: string): Promise<string | undefined> {
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

/** Removes the lock at `path`, if it is still this one, whose holder is gone. */
async function removeStale(mine: string, path: string, stale: string): Promise<void> {
  const right = `${path}.${createHash('sha256').update(stale).digest('hex').slice(0, 16)}`;
  if (await takeName(mine, right)) {
    // Nobody else removes it, and there is never another one of this text.
    if ((await textAt(path)) === stale) await rm(path, { force: true });
    await rm(right, { force: true });
    return;
  }
  const other = await textAt(right);
  // Who had the right may have been killed with it.
  if (other !== undefined && (await holderIn(other)) === undefined) await removeStale(mine, right, other);
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
  const words = [process.pid, start, hostname(), boot, randomBytes(8).toString('hex')];
  await writeFile(mine, `${words.join(' ')}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      if (await takeName(mine, path)) return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
      const found = await textAt(path);
      // Given back just now.
      if (found === undefined) continue;
      const who = await holderIn(found);
      if (who !== undefined) throw busy(folder, who);
      await removeStale(mine, path, found);
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
