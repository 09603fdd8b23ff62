import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { recoveryText } from '../../src/cli/output/recovery-status-text.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { factsOf } from '../../src/recovery/journal.ts';
import { cutOver, openRecovery, rehearse, undo } from '../../src/recovery/recover.ts';
import type { RecoveryContext } from '../../src/recovery/recovery-context.ts';
import { recoveryStatus } from '../../src/recovery/status.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

const PLAIN = {
  columns: 80,
  isTerminal: false,
  hasUnicode: true,
  zone: 'UTC',
  nowUs: () => BigInt(Date.now()) * 1000n,
  paint: (text: string) => text,
};

let live: Recoverable;
let id = '';
beforeEach(async () => {
  live = await startRecoverable({ major: 17 });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  await archiveTail(live.uses);
  ({ id } = await live.plan({ kind: 'xid', xid: row?.xid ?? 0, inclusive: false }));
});
afterEach(async () => live[Symbol.asyncDispose]());

const count = async () => (await live.server.sql<{ n: number }>('select count(*)::int as n from orders'))[0]?.n;
const write = async () => live.server.sql('insert into orders select max(id) + 1 from orders');
const settings = async () => readFile(join(live.server.dataDirectory, 'postgresql.auto.conf'), 'utf8');

async function working(work: (context: RecoveryContext) => Promise<void>, holdsWrites?: true): Promise<void> {
  await using recovery = await openRecovery({ ...live.uses, archiveTimeoutMs: 500 }, id);
  await work(holdsWrites === undefined ? recovery.context : { ...recovery.context, holdsWrites });
}

/** The archiver fails from before the cutover on, so that this stops behind the step that holds writes. */
async function stopBehindStep(says: RegExp, holdsWrites?: true): Promise<void> {
  await working(rehearse);
  const folder = join(live.archive, 'wal_005');
  await live.server.sql('create table more (i int)');
  await chmod(folder, 0o500);
  await expect(working(cutOver, holdsWrites)).rejects.toThrow(says);
  await chmod(folder, 0o700);
}

const stopBehindHold = async () => stopBehindStep(/the cluster is up, and its WRITES ARE HELD/, true);

describe('a cutover that holds writes', () => {
  it('ends the sessions there are, lets no new one write, and lets them write when the recovered data is proven', async () => {
    const application = await live.server.connect();
    await stopBehindHold();

    await expect(application.query('select 1')).rejects.toThrow(/not queryable|terminat|closed/);
    await expect(write()).rejects.toThrow(/read-only transaction/);
    expect(recoveryText(await recoveryStatus(live.uses.cluster, id), 'postgres', PLAIN)).toContain('Writes are held');

    await working(cutOver);
    expect(await count()).toBe(100);
    await write();
    expect(await settings()).not.toContain('read_only');
    expect(recoveryText(await recoveryStatus(live.uses.cluster, id), 'postgres', PLAIN)).not.toContain('held');

    await working(undo);
    expect(await count()).toBe(0);
    await live.server.sql('insert into orders values (1)');
    expect(await settings()).not.toContain('read_only');
  });

  it('holds them from where it is gone on with, if it is asked to then', async () => {
    await stopBehindStep(/cannot archive the newest WAL/);
    await live.server.sql('insert into orders values (300)');
    const application = await live.server.connect();
    application.on('error', () => {});
    await working(cutOver, true);
    await expect(application.query('select 1')).rejects.toThrow(/not queryable|terminat|closed/);
    const { entries } = await recoveryStatus(live.uses.cluster, id);
    expect(factsOf(entries, 'holdWrites')).toMatchObject({ held: true, before: 'unset' });
    expect(await count()).toBe(100);
    await write();
  });

  it('is refused where it is asked to hold them too late, and goes on without', async () => {
    await working(rehearse);
    const stop = new AbortController();
    await (async () => {
      await using recovery = await openRecovery(live.uses, id, (entry) => {
        if (entry.event === 'done' && entry.step === 'archiveRest') stop.abort();
      });
      await expect(cutOver(recovery.context, stop.signal)).rejects.toThrow('aborted');
    })();
    await expect(working(cutOver, true)).rejects.toMatchObject({
      kind: 'usage',
      remedy: expect.stringContaining(`walkback recover run ${id}`),
    });
    await working(cutOver);
    expect(await count()).toBe(100);
  });

  it('taken back, leaves the setting as it was', async () => {
    await live.server.sql('alter system set default_transaction_read_only = off');
    await stopBehindHold();
    await working(undo);
    expect(await count()).toBe(0);
    await live.server.sql('insert into orders values (1)');
    expect(await settings()).toContain("default_transaction_read_only = 'off'");
  });

  it('holds nothing where nobody may write anyway, or nobody has asked', async () => {
    await live.server.sql('alter system set default_transaction_read_only = on');
    await live.server.sql('select pg_reload_conf()');
    await working(rehearse);
    await working(cutOver, true);
    expect(await settings()).toContain("default_transaction_read_only = 'on'");
    const { entries } = await recoveryStatus(live.uses.cluster, id);
    expect(factsOf(entries, 'holdWrites')).toEqual({ held: false, asked: true });
  });
});
