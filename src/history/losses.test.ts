import { describe, expect, it } from 'vitest';

import { change, relation, transaction } from '../../tests/support/logged-transactions.ts';
import { lsn } from '../postgres/lsn.ts';
import { lossesBehind } from './losses.ts';
import type { LoggedTransaction } from './transactions/logged-transaction.ts';

const orders = relation({ name: 'orders' });
const inserts = (xid: number, given: Partial<LoggedTransaction> = {}): LoggedTransaction => ({
  ...transaction({ xid, changes: [change(orders, { inserted: 1 })] }),
  lsn: lsn(BigInt(xid)),
  ...given,
});

async function* log(): AsyncGenerator<LoggedTransaction> {
  yield inserts(10);
  yield inserts(11);
  yield inserts(12, { outcome: 'abort' });
  yield inserts(13, { changes: [] });
  yield inserts(14, { outcome: 'commitPrepared', isIncomplete: true });
  yield inserts(15, { outcome: 'prepared' });
}

const end = (position: bigint) =>
  ({ kind: 'commit', xid: 1, timeUs: 0n, lsn: lsn(position), endLsn: lsn(position + 1n), timeline: 1 }) as const;

describe('the losses of a target', () => {
  it('are the commits behind it that did something, and its neighbours are told', async () => {
    const moment = { targetLsn: lsn(11n), lastKept: end(10n), firstLost: end(11n) };
    const before = await lossesBehind({ ...moment, inclusive: false }, log());
    expect(before.first.map(({ xid }) => xid)).toEqual([11, 14]);
    expect(before).toMatchObject({ count: 2, lastKept: { xid: 10 }, firstLost: { xid: 11 } });
    expect(before.totals.tables).toMatchObject([{ relation: orders, transactions: 2, inserted: 2 }]);
    expect(before.totals.isLowerBound).toBe(true);
  });

  it('name those that were prepared behind it, and have not ended', async () => {
    const moment = { targetLsn: lsn(11n), inclusive: false, lastKept: end(10n), firstLost: end(11n) };
    expect((await lossesBehind(moment, log())).prepared.map(({ xid }) => xid)).toEqual([15]);
    const behindIt = { targetLsn: lsn(15n), inclusive: true, lastKept: end(14n), firstLost: undefined };
    expect((await lossesBehind(behindIt, log())).prepared).toEqual([]);
  });

  it('are without the transaction that stops it, when that stays', async () => {
    const moment = { targetLsn: lsn(11n), inclusive: true, lastKept: end(11n), firstLost: end(14n) };
    expect((await lossesBehind(moment, log())).first.map(({ xid }) => xid)).toEqual([14]);
  });

  it('are kept whole for the first of many, and counted for all', async () => {
    async function* many(): AsyncGenerator<LoggedTransaction> {
      for (let xid = 1; xid <= 5000; xid += 1) yield inserts(xid);
    }
    const moment = { targetLsn: lsn(1n), inclusive: false, lastKept: undefined, firstLost: end(1n) };
    const found = await lossesBehind(moment, many());
    expect(found.first).toHaveLength(200);
    expect(found).toMatchObject({ count: 5000, lastKept: undefined });
    expect(found.totals.tables).toMatchObject([{ inserted: 5000 }]);
  });
});
