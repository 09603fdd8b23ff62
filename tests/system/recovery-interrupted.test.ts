import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

let live: Recoverable;
let xid = 0;

/** Runs a command; `when` it says something on standard error for the first time, it gets a signal. */
async function walkback(args: readonly string[], when?: RegExp, signal: NodeJS.Signals = 'SIGINT') {
  const env = {
    PATH: process.env['PATH'],
    WALKBACK_ARCHIVE: `file://${live.archive}`,
    PGDATA: live.server.dataDirectory,
    WALKBACK_BIN_DIRECTORY: live.server.bin,
    WALKBACK_CLUSTER_NAME: 'shop',
  };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr, wasSent] = ['', '', false];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (wasSent || when === undefined || !when.test(stderr)) return;
    wasSent = true;
    child.kill(signal);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr, wasSent };
}

async function plan(): Promise<string> {
  const { stdout } = await walkback(['recover', 'plan', '--before-xid', String(xid)]);
  return /recover run (\w+)/.exec(stdout)?.[1] ?? '';
}

const orders = async () => (await live.server.sql<{ n: number }>('select count(*)::int as n from orders'))[0]?.n;
const folderOf = (id: string) => join(`${live.server.dataDirectory}.walkback`, id);

beforeAll(async () => {
  live = await startRecoverable({ major: 17 });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  xid = row?.xid ?? 0;
  await archiveTail(live.uses);
});
afterAll(async () => live[Symbol.asyncDispose]());

describe('a rehearsal that is stopped', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s leaves nothing behind', async (signal) => {
    const id = await plan();
    const stopped = await walkback(['rehearse', id], /fetch: begun/, signal);
    expect([stopped.wasSent, stopped.code]).toEqual([true, 130]);
    expect(stopped.stderr).not.toMatch(/\n {4}at /);
    expect(existsSync(join(folderOf(id), 'data'))).toBe(false);
    expect((await walkback(['recover', 'status', id])).stdout).toContain('thrown away');
  });
});

describe('a rehearsal whose restore fails', () => {
  it('gives the room back and can be begun again', async () => {
    const id = await plan();
    const backups = join(live.archive, 'basebackups_005');
    const [name = ''] = /base_\w+/.exec((await walkback(['backup', 'list'])).stdout) ?? [];
    const parts = join(backups, name, 'tar_partitions');
    await rename(parts, `${parts}.away`);
    const failed = await walkback(['rehearse', id]);
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toContain('removed again');
    expect(existsSync(join(folderOf(id), 'data'))).toBe(false);
    await rename(`${parts}.away`, parts);
    expect((await walkback(['rehearse', id])).stdout).toContain('The rehearsal stands');
    await walkback(['rehearse', '--discard', id]);
  });
});

describe('a cutover that is stopped by Ctrl-C', () => {
  it('says what is half done and how to finish it or go back, and both work', async () => {
    const id = await plan();
    const stopped = await walkback(['recover', 'run', id, '--yes'], /cut over: begun/);
    expect([stopped.wasSent, stopped.code]).toEqual([true, 130]);
    expect(stopped.stderr).toContain('the cutover is half done, stopped behind');
    expect(stopped.stderr).toContain(`\n      walkback recover run ${id}\n`);
    expect(stopped.stderr).toContain(`\n      walkback undo ${id}\n`);
    expect((await walkback(['undo', id, '--yes'])).stdout).toContain('Undone.');
    expect(await orders()).toBe(0);

    const again = await plan();
    await walkback(['recover', 'run', again, '--yes'], /cut over: begun/);
    expect((await walkback(['recover', 'run', again])).stdout).toContain('Recovered.');
    expect(await orders()).toBe(100);
    const halfUndone = await walkback(['undo', again, '--yes'], /swap back: begun/);
    expect(halfUndone.code).toBe(130);
    expect(halfUndone.stderr).toContain(`\n      walkback undo ${again}\n`);
    expect((await walkback(['undo', again])).stdout).toContain('Undone.');
    expect(await orders()).toBe(0);
  });
});

describe('a cutover whose terminal goes away', () => {
  it('goes on to its end: a cluster is not left down because a connection broke', async () => {
    const id = await plan();
    const done = await walkback(['recover', 'run', id, '--yes'], /cut over: begun/, 'SIGHUP');
    expect([done.wasSent, done.code]).toEqual([true, 0]);
    expect(await orders()).toBe(100);
  });
});
