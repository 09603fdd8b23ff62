import { spawn } from 'node:child_process';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let live: Recoverable;
let xid = 0;

async function walkback(...args: string[]): Promise<CommandEnd> {
  const env = {
    PATH: process.env['PATH'],
    WALKBACK_ARCHIVE: `file://${live.archive}`,
    PGDATA: live.server.dataDirectory,
    WALKBACK_BIN_DIRECTORY: live.server.bin,
    WALKBACK_CLUSTER_NAME: 'shop',
  };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...texts })));
}

beforeAll(async () => {
  live = await startRecoverable({ major: 17 });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  xid = row?.xid ?? 0;
  await live.server.sql('create unlogged table carts (id int); create role shopper login');
  await archiveTail(live.uses);
});
afterAll(async () => live[Symbol.asyncDispose]());

describe('the commands of a recovery', () => {
  it('plan, refuse without a yes, run, undo and release', async () => {
    const plan = await walkback('recover', 'plan', '--before-xid', String(xid));
    expect(plan.stdout).toContain('postgres.public.carts');
    const id = /recover run (\w+)/.exec(plan.stdout)?.[1] ?? '';
    const failing = await walkback('recover', 'run', id, '--yes', '--sql', 'select count(*) = 7 as seven from orders');
    expect(failing.stderr).toContain('seven is false');
    expect(failing.code).not.toBe(0);
    const unasked = await walkback('recover', 'run', id);
    // Known before anybody decides.
    expect(unasked.stderr).toMatch(/warning: ROLES MAY LOG IN OTHERWISE [^:]*: shopper \(not there\)\. .*--yes/s);
    const done = await walkback('recover', 'run', id, '--yes', '--sql', 'select count(*) = 100 as all from orders');
    expect(done.stdout).toContain(`walkback undo ${id}`);
    expect(await live.server.sql('select count(*)::int as n from orders')).toEqual([{ n: 100 }]);
    expect((await walkback('recover', 'status')).stdout).toContain('recovered');
    expect((await walkback('undo', id, '--yes')).stdout).toContain('Undone.');
    expect(await live.server.sql('select count(*)::int as n from orders')).toEqual([{ n: 0 }]);
    expect((await walkback('release', id, '--yes')).stdout).toContain('Removed');
    expect((await walkback('recover', 'status')).stdout).not.toContain(id);
    expect((await walkback('recover', 'status', '--all')).stdout).toMatch(new RegExp(`^${id} .* released$`, 'm'));
    expect((await walkback('undo', id, '--yes')).code).not.toBe(0);
  });

  it('do not put back what a release has begun to remove, and finish that', async () => {
    const id =
      /recover run (\w+)/.exec((await walkback('recover', 'plan', '--before-xid', String(xid))).stdout)?.[1] ?? '';
    expect((await walkback('recover', 'run', id, '--yes')).code).toBe(0);
    const folder = `${live.server.dataDirectory}.walkback/${id}`;
    const entry = { at: new Date().toISOString(), event: 'state', state: 'released' };
    await appendFile(join(folder, 'journal.jsonl'), `${JSON.stringify(entry)}\n`);
    await rm(join(folder, 'kept', 'base'), { recursive: true });
    expect(await walkback('undo', id, '--yes')).toMatchObject({
      code: 80,
      stderr: expect.stringContaining('released'),
    });
    expect(await live.server.sql('select count(*)::int as n from orders')).toEqual([{ n: 100 }]);
    expect((await walkback('recover', 'status', id)).stdout).toContain(`walkback release ${id}`);
    expect((await walkback('release', id, '--yes')).stdout).toContain('Removed');
    expect((await walkback('recover', 'status')).stdout).not.toContain(id);
    await live.server.sql('delete from orders');
  });

  it('keep the backup of a plan from being deleted until it is thrown away', async () => {
    const plan = await walkback('recover', 'plan', '--to-latest');
    const id = /recover run (\w+)/.exec(plan.stdout)?.[1] ?? '';
    const planned = JSON.parse((await walkback('recover', 'status', id, '--json')).stdout);
    const refused = await walkback('backup', 'delete', planned.plan.backup.name, '--yes');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(`walkback rehearse --discard ${id}`);
    expect((await walkback('backup', 'list')).stdout).toContain(planned.plan.backup.name);
    expect((await walkback('rehearse', '--discard', id)).code).toBe(0);
    const dry = await walkback('backup', 'delete', planned.plan.backup.name, '--dry-run');
    expect(dry.stdout).toContain(planned.plan.backup.name);
  });

  it('names the nearest target that can be reached when one cannot', async () => {
    const refused = await walkback('recover', 'plan', '--to-time', '2001-01-01T00:00:00Z');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('--to-lsn');
  });
});
