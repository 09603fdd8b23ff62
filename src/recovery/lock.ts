/**
 * The lock of a cluster's recoveries: one run at a time. It is a file with the holder's process; one whose holder is gone
 * (killed, or the machine restarted) is taken over.
 *
 * @module
 */

import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import { makeFolder } from '../instance/durable-rename.ts';
import { isProcessAlive } from '../instance/postmaster.ts';

/** When the process began, as Linux counts it, so that a number used again is told apart; `?` elsewhere. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '?';
}

async function holder(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const [pidText = '', start = '', host = ''] = text.trim().split(' ');
  const pid = Number(pidText);
  if (host !== hostname()) return `a process on ${host}`;
  const isHeld = Number.isSafeInteger(pid) && pid > 0 && isProcessAlive(pid) && (await startOf(pid)) === start;
  return isHeld ? `process ${pid}` : undefined;
}

/**
 * Takes the lock in a folder of recoveries. Disposing frees it.
 *
 * @throws {Failure} `conflict` if another run holds it.
 */
export async function lockRecoveries(folder: string): Promise<AsyncDisposable> {
  await makeFolder(folder);
  const path = join(folder, 'lock');
  const mine = `${path}.${process.pid}`;
  await writeFile(mine, `${process.pid} ${await startOf(process.pid)} ${hostname()}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const isTaken = await link(mine, path).then(
        () => false,
        () => true,
      );
      if (!isTaken) return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
      const who = await holder(path);
      if (who !== undefined) throw busy(folder, who);
      await rm(path, { force: true });
    }
    throw busy(folder, 'another process');
  } finally {
    await rm(mine, { force: true });
  }
}

function busy(folder: string, who: string): Failure {
  return new Failure('conflict', {
    message: `cannot work on the recoveries in ${folder}: ${who} does`,
    remedy: 'Wait for it, or end it; what it has done so far is in the journal, and can be gone on with or undone.',
  });
}
