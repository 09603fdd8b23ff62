import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { endLeftRunning } from './left-running.ts';

let root: string;
const started: ChildProcess[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'left-running-'));
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await rm(root, { recursive: true });
});

/** A process under the name of a program, with words that it passes over. */
async function start(program: string, ...words: readonly string[]): Promise<ChildProcess> {
  const path = join(root, program);
  await symlink(process.execPath, path).catch(() => {});
  const child = spawn(path, ['-e', 'setInterval(() => {}, 1000)', '--', ...words], { stdio: 'ignore' });
  started.push(child);
  await once(child, 'spawn');
  return child;
}

describe.runIf(process.platform === 'linux')('what a killed upgrade has left at work', () => {
  it('is ended, and nothing else', async () => {
    const left = [
      await start('pg_upgrade', `--new-datadir=${root}/data`),
      await start('postgres', 'x', '-D', `${root}/recovered-16`),
    ];
    const others = [
      await start('pg_upgrade', `--new-datadir=${root}/data-of-another`),
      await start('psql', `${root}/data`),
    ];
    await endLeftRunning([join(root, 'data'), join(root, 'recovered-16')]);
    await expect.poll(() => left.map(({ signalCode }) => signalCode)).toEqual(['SIGKILL', 'SIGQUIT']);
    expect(others.map(({ signalCode }) => signalCode)).toEqual([null, null]);
  });
});
