import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { postgresBin, runProgram } from '../support/postgres.ts';
import { asidePath, isHalfMade, setAside } from '../../src/bootstrap/half-made.ts';

const bin = postgresBin(17);
const initdb = (data: string) =>
  [join(bin, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'] as const;

let root: string;
let fresh: string;
let initdbMs: number;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-half-made-'));
  fresh = join(root, 'fresh');
  const [program, ...args] = initdb(fresh);
  const began = performance.now();
  await runProgram(program, args);
  initdbMs = performance.now() - began;
}, 180_000);
afterAll(() => rm(root, { recursive: true, force: true }));

/** A copy of what initdb has made. */
async function copy(name: string): Promise<string> {
  const data = join(root, name);
  await cp(fresh, data, { recursive: true });
  return data;
}

describe('a data directory that nobody has ever run', () => {
  it('is what initdb has made, and half of it', { timeout: 180_000 }, async () => {
    expect(await isHalfMade(fresh)).toBe(true);
    let killed = 0;
    for (const [at, share] of [0.05, 0.2, 0.5, 0.8].entries()) {
      const data = join(root, `killed ${at}`);
      const [program, ...args] = initdb(data);
      const child = spawn(program, args, { stdio: 'ignore', detached: true });
      const ended = once(child, 'exit');
      while ((await readdir(data).catch((): string[] => [])).length === 0 && child.exitCode === null) await sleep(5);
      await sleep(share * initdbMs);
      // One that was quicker than the first has ended: then it is another whole one.
      if (child.exitCode === null) killed += Number(process.kill(-(child.pid ?? 0), 'SIGKILL'));
      await ended.catch(() => {});
      await expect.poll(() => isHalfMade(data), { timeout: 20_000 }).toBe(true);
    }
    expect(killed).toBeGreaterThan(0);
  });

  it('is none that is being made', { timeout: 60_000 }, async () => {
    const data = join(root, 'being made');
    const [program, ...args] = initdb(data);
    const child = spawn(program, args, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    while ((await readdir(data).catch((): string[] => [])).length === 0) await sleep(5);
    const found = await isHalfMade(data);
    if (child.exitCode === null) expect(found).toBe(false);
    await ended;
  });

  it('is none in which a server has run, however short', { timeout: 120_000 }, async () => {
    const data = await copy('run');
    const line = ['-D', data, '-w', '-o', `-c listen_addresses='' -c unix_socket_directories='${root}'`];
    await runProgram(join(bin, 'pg_ctl'), [...line, '-l', join(root, 'log'), 'start']);
    await runProgram(join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop']);
    expect(await isHalfMade(data)).toBe(false);
  });

  it.each([
    ['a restored backup', 'backup_label'],
    ['a replica', 'standby.signal'],
    ['a recovery', 'recovery.signal'],
    ['a cluster with tables', 'base/5/16384'],
    ['a cluster with databases', 'base/16385/112'],
    ['a cluster with tables that were rewritten', 'global/90210'],
    ['a cluster that archives', 'pg_wal/archive_status/000000010000000000000001.ready'],
    ['a cluster that was promoted', 'pg_wal/00000002.history'],
    ['one with a tablespace', 'pg_tblspc/16390'],
    ['something else', 'notes.txt'],
  ])('is not %s', async (_, file) => {
    const data = await copy(file.replaceAll('/', '-'));
    await mkdir(join(data, file, '..'), { recursive: true });
    await writeFile(join(data, file), '');
    expect(await isHalfMade(data)).toBe(false);
  });

  it('is none that is empty, or not there', async () => {
    await mkdir(join(root, 'empty'));
    expect([await isHalfMade(join(root, 'empty')), await isHalfMade(join(root, 'absent'))]).toEqual([false, false]);
  });

  it('is set aside whole, in place of the one before', async () => {
    const data = await copy('aside');
    for (let at = 0; at < 2; at += 1) {
      expect(await setAside(data)).toBe(asidePath(data));
      expect(await readdir(asidePath(data))).toContain('PG_VERSION');
      expect(await readdir(root)).not.toContain('aside');
      await rename(asidePath(data), data);
      await mkdir(asidePath(data));
    }
  });
});
