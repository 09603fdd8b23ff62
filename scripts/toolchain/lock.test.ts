import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { withLock } from './lock.mjs';

/** Above every process id a system hands out. */
const NO_PROCESS = 4_194_305;

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-lock-'));
  lock = join(folder, 'tool.lock');
});

afterEach(() => rm(folder, { recursive: true }));

describe('the lock of a tool', () => {
  it('lets one of many processes work at a time', async () => {
    const counter = join(folder, 'counter');
    await writeFile(counter, '0');
    await Promise.all(Array.from({ length: 6 }, () => addTenUnderLock(counter)));
    expect(await readFile(counter, 'utf8')).toBe('60');
  });

  it('is gone afterwards, also when the work failed', () => {
    expect(withLock(lock, () => existsSync(lock))).toBe(true);
    const failing = () =>
      withLock(lock, () => {
        throw new Error('no');
      });
    expect(failing).toThrow('no');
    expect(existsSync(lock)).toBe(false);
  });

  it('is taken over from a process that died', async () => {
    await mkdir(lock);
    await writeFile(join(lock, 'owner'), String(NO_PROCESS));
    const owners: (number | undefined)[] = [];
    expect(
      withLock(
        lock,
        () => 'worked',
        (owner) => owners.push(owner),
      ),
    ).toBe('worked');
    expect(owners).toEqual([NO_PROCESS]);
  });

  it('is taken over when it has had no owner for long', async () => {
    await mkdir(lock);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    expect(withLock(lock, () => 'worked')).toBe('worked');
  });
});

/** In a process of its own: ten times, reads a number and writes it back plus one. */
function addTenUnderLock(counter: string): Promise<void> {
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { withLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.mjs'))};
    for (let i = 0; i < 10; i++) withLock(${JSON.stringify(lock)}, () => {
      const value = Number(readFileSync(${JSON.stringify(counter)}, 'utf8'));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      writeFileSync(${JSON.stringify(counter)}, String(value + 1));
    });`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))));
  });
}
