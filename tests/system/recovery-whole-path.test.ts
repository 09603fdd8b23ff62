import { afterEach, describe, expect, it } from 'vitest';

import { cutOver, openRecovery, rehearse, undo } from '../../src/recovery/recover.ts';
import { stateOf } from '../../src/recovery/journal.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

let live: Recoverable | undefined;
afterEach(async () => {
  await live?.[Symbol.asyncDispose]();
  live = undefined;
});

async function count(one: Recoverable): Promise<number> {
  const [row] = await one.server.sql<{ n: number }>('select count(*)::int as n from orders');
  return row?.n ?? -1;
}

async function timeline(one: Recoverable): Promise<number> {
  const [row] = await one.server.sql<{ t: string }>('select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as t');
  return Number.parseInt(row?.t ?? '', 16);
}

/** 100 good rows, a DELETE without WHERE, 5 later good rows; the transaction that deleted. */
async function disaster(one: Recoverable): Promise<number> {
  await one.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const client = await one.server.connect();
  const { rows } = await client.query<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  await client.end();
  await one.server.sql('insert into orders select generate_series(201, 205)');
  await one.server.sql('select pg_switch_wal()');
  await one.server.sql('select pg_sleep(0.5)');
  return rows[0]?.xid ?? 0;
}

describe.each([14, 17])('a recovery on PostgreSQL %i', (major) => {
  it('takes the cluster back to just before a transaction, and undo takes it back', async () => {
    live = await startRecoverable({ major });
    const xid = await disaster(live);
    const plan = await live.plan({ kind: 'xid', xid, inclusive: false });
    expect(plan.laterCommits).toBe(2);
    {
      await using recovery = await openRecovery(live.uses, plan.id);
      await rehearse(recovery.context);
      expect(stateOf(recovery.context.journal.entries)).toBe('standing');
      expect(await count(live)).toBe(5);
      await cutOver(recovery.context);
      expect(stateOf(recovery.context.journal.entries)).toBe('recovered');
    }
    expect(await count(live)).toBe(100);
    expect(await timeline(live)).toBe(2);
    await live.server.sql('insert into orders values (999)');
    {
      await using recovery = await openRecovery(live.uses, plan.id);
      await undo(recovery.context);
      expect(stateOf(recovery.context.journal.entries)).toBe('undone');
    }
    expect(await count(live)).toBe(5);
    expect(await timeline(live)).toBe(3);
  });
});
