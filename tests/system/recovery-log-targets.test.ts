import { chmod } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { lossesText } from '../../src/cli/output/losses-text.ts';
import { planText } from '../../src/cli/output/plan-text.ts';
import { connect } from '../../src/instance/connection.ts';
import { privateConnection } from '../../src/instance/private-server.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { gatherFacts } from '../../src/recovery/gather-facts.ts';
import { makePlan } from '../../src/recovery/plan.ts';
import { discard, openRecovery, rehearse } from '../../src/recovery/recover.ts';
import { rehearsalServer } from '../../src/recovery/recovery-context.ts';
import { screen } from '../support/protected-cluster.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

/** What was done, by its name, as the server numbered it. */
const xids = new Map<string, number>();
let live: Recoverable;

/** Runs statements as one transaction, and remembers its number. */
async function transaction(name: string, ...statements: string[]): Promise<void> {
  const client = await live.server.connect();
  try {
    await client.query('BEGIN');
    for (const statement of statements) await client.query(statement);
    const { rows } = await client.query('SELECT pg_current_xact_id()::xid::text AS xid');
    await client.query('COMMIT');
    xids.set(name, Number(rows[0]?.xid));
  } finally {
    await client.end();
  }
}

const xidOf = (name: string): number => xids.get(name) ?? 0;

beforeAll(async () => {
  live = await startRecoverable({ major: 17 });
  await live.server.sql(`CREATE TABLE orders (id int PRIMARY KEY, note text); CREATE TABLE lines (id int PRIMARY KEY);
    CREATE TABLE carts (id int); CREATE SCHEMA audit; CREATE TABLE audit.carts (id int);
    INSERT INTO orders SELECT i, 'x' FROM generate_series(1, 1000) i; INSERT INTO lines SELECT generate_series(1, 50);
    INSERT INTO carts VALUES (1), (2); CREATE TABLE parted (id int) PARTITION BY RANGE (id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (100); INSERT INTO parted VALUES (1), (2)`);
  await transaction('kept', "INSERT INTO orders VALUES (2000, 'kept')");
  await transaction('delete', 'DELETE FROM orders WHERE id <= 900');
  await transaction('later', "INSERT INTO orders VALUES (3000, 'x'), (3001, 'x')", 'UPDATE lines SET id = id + 100');
  await transaction('drop', 'DROP TABLE carts');
  await transaction('parted', 'DELETE FROM parted');
  await transaction('few', 'DELETE FROM lines WHERE id < 103');
  await transaction('many', 'DELETE FROM lines WHERE id < 130');
  await transaction(
    'parts',
    'SAVEPOINT a',
    "INSERT INTO orders VALUES (4000, 'x')",
    'RELEASE a',
    "INSERT INTO orders VALUES (4001, 'x')",
  );
  await archiveTail(live.uses);
}, 120_000);
afterAll(() => live[Symbol.asyncDispose]());

describe('a target that the log tells of', () => {
  it('is before the only transaction that deleted from a table', async () => {
    const plan = await live.plan({ kind: 'beforeDelete', table: 'orders' });
    expect(plan.target).toMatchObject({
      asked: `just before transaction ${xidOf('delete')}, which deleted from orders`,
      inclusive: false,
      lastKept: { xid: xidOf('kept'), did: { tables: [{ name: 'orders', inserted: 1 }] } },
      firstLost: { xid: xidOf('delete'), did: { tables: [{ name: 'orders', deleted: 900 }], isLowerBound: false } },
    });
    expect(plan.losses).toMatchObject({ transactions: 7, isLowerBound: false, endsAt: null, otherTables: 0 });
    expect(plan.losses?.tables).toMatchObject([
      { schema: 'public', name: 'orders', transactions: 3, inserted: 4, updated: 0, deleted: 900 },
      { name: 'lines', transactions: 3, inserted: 0, updated: 50, deleted: 29 },
      { name: 'parted', transactions: 1, deleted: 2 },
    ]);
    expect(plan.losses?.definitions).toMatchObject([{ kind: 'drop', schema: 'public', name: 'carts' }]);
  });

  it('is shown with both neighbours and with the losses by table', async () => {
    const plan = await live.plan({ kind: 'transaction', xid: xidOf('delete'), side: 'before' });
    const shown = planText(plan, screen);
    expect(shown).toMatch(new RegExp(`last kept   ${xidOf('kept')}  .*  orders \\+1\\n`));
    expect(shown).toMatch(new RegExp(`first lost  ${xidOf('delete')}  .*  orders -900\\n`));
    expect(shown.replaceAll(/\s+/g, ' ')).toContain(
      '7 later transactions: 3 in orders (+4 -900), 3 in lines (~50 -29), 1 in parted (-2); DROP carts',
    );
    expect(lossesText(plan, screen)).toMatch(
      new RegExp(`${xidOf('later')}  orders \\+2, lines ~50|lines ~50, orders \\+2`),
    );
  });

  it('is before the partitions of a table lost their rows', async () => {
    const plan = await live.plan({ kind: 'beforeDelete', table: 'parted' });
    expect(plan.target.firstLost?.xid).toBe(xidOf('parted'));
  });

  it('is asked for where several transactions deleted, and refused where nobody answers', async () => {
    await expect(live.plan({ kind: 'beforeDelete', table: 'public.lines' })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('2 transactions deleted from it'),
      remedy: expect.stringMatching(
        new RegExp(`The last \\(-27 rows\\):\\n {4}walkback recover plan --before-xid ${xidOf('many')}$`),
      ),
      facts: [expect.stringContaining(`${xidOf('few')} `), expect.stringContaining('-27 rows')],
    });
    await expect(live.plan({ kind: 'beforeDelete', table: 'audit.carts' })).rejects.toMatchObject({
      message: expect.stringContaining('deleted from a table of that name'),
      remedy: expect.stringContaining('walkback log --op delete'),
    });
  });

  it('is before a table was dropped, and there it is', async () => {
    const plan = await live.plan({ kind: 'beforeDrop', table: 'carts' });
    expect(plan.target.asked).toBe(`just before transaction ${xidOf('drop')}, which dropped carts`);
    await using recovery = await openRecovery(live.uses, plan.id);
    await rehearse(recovery.context);
    const connection = await connect(privateConnection(rehearsalServer(recovery.context, 'false'), 'postgres'));
    const rows = await connection.query('SELECT count(*)::text AS n FROM carts');
    await connection[Symbol.asyncDispose]();
    await discard(recovery.context);
    expect(rows).toEqual([{ n: '2' }]);
  });

  it('is before and after the whole of a transaction whose part is named', async () => {
    const [row] = await live.server.sql<{ xid: string }>('SELECT xmin::text AS xid FROM orders WHERE id = 4000');
    const part = Number(row?.xid);
    expect(part).not.toBe(xidOf('parts'));
    const before = await live.plan({ kind: 'transaction', xid: part, side: 'before' });
    expect(before.target).toMatchObject({ lastKept: { xid: xidOf('many') }, firstLost: { xid: xidOf('parts') } });
    expect(before.proven.join('\n')).toContain(`${part} is a subtransaction of ${xidOf('parts')}`);
    const after = await live.plan({ kind: 'transaction', xid: part, side: 'after' });
    expect(after.target).toMatchObject({ inclusive: true, lastKept: { xid: xidOf('parts') } });
  });
});

describe('what was removed before the newest backup', () => {
  beforeAll(async () => {
    await live.backUp();
    await transaction('routine', 'DELETE FROM orders WHERE id = 950');
    await transaction('emptied', 'TRUNCATE parted');
    await archiveTail(live.uses);
  });

  it('may be what is meant too: it is asked for', async () => {
    await expect(live.plan({ kind: 'beforeDelete', table: 'orders' })).rejects.toMatchObject({
      message: expect.stringContaining('2 transactions deleted from it'),
      facts: [expect.stringContaining(`${xidOf('delete')} `), expect.stringContaining(`${xidOf('routine')} `)],
    });
  });

  it('of a partitioned table is told by its name, where TRUNCATE was of it', async () => {
    await expect(live.plan({ kind: 'beforeDelete', table: 'parted' })).rejects.toMatchObject({
      message: expect.stringContaining('2 transactions deleted from it or truncated it'),
      facts: [expect.stringContaining('-2 rows'), expect.stringContaining('TRUNCATE')],
    });
  });
});

describe('what was committed a moment ago', () => {
  it('is found, and among the losses: the server is let archive it first', async () => {
    await transaction('fresh', 'DELETE FROM lines WHERE id = 140');
    const plan = await live.plan({ kind: 'transaction', xid: xidOf('fresh'), side: 'before' });
    expect(plan.target.firstLost?.xid).toBe(xidOf('fresh'));
    expect(plan.losses).toMatchObject({ transactions: 1, tables: [{ name: 'lines', deleted: 1 }] });
  });

  it('is said to be on the server alone where the archiver does not get it away', async () => {
    const folder = join(live.archive, 'wal_005');
    const uses = { ...live.uses, archiveTimeoutMs: 300 };
    const facts = async (name: string) =>
      gatherFacts(uses, { id: 'c0de', target: { kind: 'transaction', xid: xidOf(name), side: 'before' } });
    await chmod(folder, 0o500);
    try {
      await transaction('stuck', 'DELETE FROM lines WHERE id = 141');
      await expect(facts('stuck')).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringContaining('the server has newer WAL, which is not in the archive: 0000'),
        remedy: expect.stringContaining('archive_command'),
      });
      const { warnings } = makePlan(await facts('fresh'));
      expect(warnings).toContainEqual(expect.objectContaining({ about: 'notArchived' }));
    } finally {
      await chmod(folder, 0o700);
    }
  });
});
