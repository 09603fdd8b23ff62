import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { checkRehearsal } from '../../src/recovery/check-rehearsal.ts';
import type { Plan } from '../../src/recovery/plan-value.ts';
import { cutOver, openRecovery, rehearse, undo } from '../../src/recovery/recover.ts';
import type { RecoveryContext } from '../../src/recovery/recovery-context.ts';
import { release, releasePlan } from '../../src/recovery/release.ts';
import { stepOn } from '../../src/recovery/step-on.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

let live: Recoverable;
let location = '';
let oid = '';

beforeEach(async () => {
  live = await startRecoverable({ major: 17 });
  location = join(live.root, 'fast disk');
  await mkdir(location);
  await live.server.sql(`create tablespace fast location '${location}'`);
  await live.server.sql('create table orders (id int) tablespace fast');
  await live.server.sql('insert into orders select generate_series(1, 5000)');
  const [row] = await live.server.sql<{ oid: string }>("select oid::text from pg_tablespace where spcname = 'fast'");
  oid = row?.oid ?? '';
  await live.backUp();
});
afterEach(async () => live[Symbol.asyncDispose]());

async function working(plan: Plan, work: (context: RecoveryContext) => Promise<void>): Promise<void> {
  await using recovery = await openRecovery(live.uses, plan.id);
  await work(recovery.context);
}

async function count(): Promise<number> {
  const [row] = await live.server.sql<{ n: number }>('select count(*)::int as n from orders');
  return row?.n ?? -1;
}

/** Deletes all rows; a plan to just before that. */
async function planBeforeDisaster(): Promise<Plan> {
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  await live.server.sql('vacuum orders');
  await archiveTail(live.uses);
  return live.plan({ kind: 'xid', xid: row?.xid ?? 0, inclusive: false });
}

/** Every file below a folder with its bytes. */
async function digest(path: string): Promise<string> {
  const entry = await lstat(path);
  if (!entry.isDirectory())
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  const names = (await readdir(path)).toSorted();
  return (await Promise.all(names.map(async (name) => `${name}(${await digest(join(path, name))})`))).join(' ');
}

const linkOf = (directory: string): Promise<string> => readlink(join(directory, 'pg_tblspc', oid));

describe('a recovery of a cluster with a tablespace', () => {
  it('leaves its files alone while it is rehearsed, swaps it with the data, and undoes both', async () => {
    const plan = await planBeforeDisaster();
    const own = join(live.uses.cluster.recoveryFolder(plan.id), 'tablespaces', oid);
    expect(plan.backup.tablespaces).toEqual([{ oid: Number(oid), location }]);
    await live.server.sql('checkpoint');
    const before = await digest(location);
    await working(plan, async (context) => {
      await rehearse(context);
      const [result] = await checkRehearsal(context, {
        checks: [{ name: 'rows', sql: 'select count(*) = 5000 as all, sum(id) = 12502500 as sum from orders' }],
        database: 'postgres',
        isWritable: false,
      });
      expect(result).toMatchObject({ passed: true });
      const [written] = await checkRehearsal(context, {
        checks: [{ name: 'written', sql: 'truncate orders; select count(*) = 0 from orders' }],
        database: 'postgres',
        isWritable: true,
      });
      expect(written).toMatchObject({ passed: true });
    });
    expect(await digest(location)).toBe(before);
    expect(await linkOf(live.uses.cluster.placeOf(plan.id, 'rehearsal'))).toBe(own);
    await working(plan, cutOver);
    expect(await count()).toBe(5000);
    expect(await linkOf(live.server.dataDirectory)).toBe(own);
    expect(await linkOf(live.uses.cluster.placeOf(plan.id, 'kept'))).toBe(location);
    await live.server.sql('insert into orders values (-1); checkpoint');
    await working(plan, undo);
    expect(await linkOf(live.server.dataDirectory)).toBe(location);
    expect(await count()).toBe(0);
    await live.server.sql('insert into orders select generate_series(1, 7)');
    await working(plan, async (context) => {
      const removed = (await release(context)).map(({ path }) => path);
      expect(removed).toContain(live.uses.cluster.placeOf(plan.id, 'replaced'));
      expect(removed.some((path) => path.startsWith(`${own}/PG_17_`))).toBe(true);
      expect(removed.some((path) => path.startsWith(location))).toBe(false);
    });
    expect(await count()).toBe(7);
  });

  it('is released with the places of the data from before, and nothing that lies beside them', async () => {
    const plan = await planBeforeDisaster();
    await working(plan, rehearse);
    await working(plan, cutOver);
    await writeFile(join(location, 'notes.txt'), 'of somebody else');
    await working(plan, async (context) => {
      const planned = (await releasePlan(context)).map(({ path }) => path);
      expect((await release(context)).map(({ path }) => path)).toEqual(planned);
    });
    expect(await readdir(location)).toEqual(['notes.txt']);
    expect((await readdir(live.uses.cluster.recoveryFolder(plan.id))).toSorted()).not.toContain('kept');
    expect(await count()).toBe(5000);
    await live.server.sql('checkpoint; insert into orders values (1)');
    expect(await count()).toBe(5001);
  });

  it('is done twice, each with places of its own', async () => {
    const first = await planBeforeDisaster();
    await working(first, rehearse);
    await working(first, cutOver);
    const second = await planBeforeDisaster();
    await working(second, rehearse);
    await working(second, cutOver);
    expect(await count()).toBe(5000);
    await working(first, async (context) => void (await release(context)));
    expect(await readdir(location)).toEqual([]);
    await working(second, undo);
    expect(await count()).toBe(0);
    expect(await linkOf(live.server.dataDirectory)).toContain(first.id);
    await working(second, async (context) => void (await release(context)));
    await live.server.sql('insert into orders values (1)');
    expect(await count()).toBe(1);
  });
});

describe('a rehearsal that is stepped on', () => {
  it('does not go over CREATE TABLESPACE, also when a newer backup lies behind that', async () => {
    const plan = await planBeforeDisaster();
    await working(plan, rehearse);
    const other = join(live.root, 'other');
    await mkdir(other);
    await live.server.sql(`create tablespace other location '${other}'`);
    await live.server.sql('create table carts (id int) tablespace other; insert into carts values (1)');
    await live.backUp();
    await live.server.sql('insert into carts values (2)');
    await archiveTail(live.uses);
    await live.server.sql('checkpoint');
    const before = await digest(other);
    await expect(
      working(plan, async (context) => void (await stepOn(context, { kind: 'latest' }))),
    ).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining('CREATE TABLESPACE') });
    expect(await digest(other)).toBe(before);
    await working(plan, rehearse);
  });
});
