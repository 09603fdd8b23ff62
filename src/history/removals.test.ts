import { describe, expect, it } from 'vitest';

import { change, relation, transaction } from '../../tests/support/logged-transactions.ts';
import { lsn } from '../postgres/lsn.ts';
import { RemovalSearch, type RemovalTarget } from './removals.ts';
import type { LoggedTransaction } from './transactions/logged-transaction.ts';

const orders = relation({ name: 'orders', oid: 16_400 });
const others = relation({ name: 'others', oid: 16_500 });

function search(target: RemovalTarget, given: readonly LoggedTransaction[]): RemovalSearch {
  const found = new RemovalSearch(target);
  for (const [place, one] of given.entries()) found.take({ ...one, lsn: lsn(BigInt(place + 1) * 0x100n) });
  return found;
}

const deletes = (xid: number, rows: number, of = orders): LoggedTransaction =>
  transaction({ xid, changes: [change(of, { deleted: rows, deletedShare: 0.5 })] });
const drops = (xid: number, of = orders): LoggedTransaction =>
  transaction({ xid, definitions: [{ kind: 'drop', relation: of, file: undefined, oid: undefined, name: undefined }] });

describe('the transactions that deleted from a table', () => {
  const target = { kind: 'beforeDelete', table: 'orders' } as const;

  it('are those that did, with how many rows of it went', () => {
    const found = search(target, [
      deletes(1, 5),
      deletes(2, 7, others),
      transaction({ xid: 3, changes: [change(orders, { inserted: 9, updated: 9 })] }),
      drops(4),
      { ...deletes(5, 5), outcome: 'abort' },
    ]);
    expect(found.kept).toMatchObject([{ xid: 1, what: 'delete', rows: 5, share: 0.5, tables: ['shop.public.orders'] }]);
    expect(found.count).toBe(1);
  });

  it('are counted together over its partitions, and TRUNCATE is one of them', () => {
    const parts = [1, 2].map((oid) => change(relation({ name: `p${oid}`, oid }), { root: orders, deleted: oid }));
    const truncate = { kind: 'truncate', relation: orders, file: undefined, oid: undefined, name: undefined } as const;
    const found = search(target, [
      transaction({ xid: 1, changes: parts }),
      transaction({ xid: 2, definitions: [truncate] }),
    ]);
    expect(found.kept).toMatchObject([
      { xid: 1, rows: 3, share: undefined, tables: ['shop.public.orders'] },
      { xid: 2, what: 'truncate', rows: undefined },
    ]);
  });

  it('are those that truncated its partitions, as TRUNCATE of it does', () => {
    const parts = [1, 2].map((oid) => ({
      kind: 'truncate' as const,
      relation: relation({ name: `p${oid}`, oid }),
      root: orders,
      file: undefined,
      oid: undefined,
      name: undefined,
    }));
    const found = search(target, [transaction({ xid: 1, definitions: parts })]);
    expect(found.kept).toMatchObject([{ xid: 1, what: 'truncate', tables: ['shop.public.orders'] }]);
  });

  it('are kept few: the last, and the largest before it', () => {
    const found = search(
      target,
      Array.from({ length: 100 }, (_, index) => deletes(index, index === 20 ? 9000 : 100 - index)),
    );
    expect(found.count).toBe(100);
    expect(found.kept.map(({ xid }) => xid)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 20, 99]);
  });

  it('may have more to them when one began before what was read', () => {
    expect(search(target, [{ ...deletes(1, 5, others), isIncomplete: true }]).hasIncomplete).toBe(true);
    expect(search(target, [{ ...deletes(1, 5), isIncomplete: true }])).toMatchObject({
      hasIncomplete: false,
      kept: [{ isIncomplete: true }],
    });
  });
});

describe('transactions whose tables have no name', () => {
  const nameless = (xid: number, deleted: number): LoggedTransaction =>
    transaction({ xid, changes: [{ ...change(orders, { deleted }), relation: undefined }] });

  it('are counted where they removed what is looked for: any may be meant', () => {
    const all = [nameless(1, 5), nameless(2, 0), deletes(3, 1)];
    expect(search({ kind: 'beforeDelete', table: 'orders' }, all).nameless).toBe(1);
    expect(search({ kind: 'beforeDrop', table: 'orders' }, all).nameless).toBe(0);
  });
});

describe('the transactions that dropped a table', () => {
  it('are those that did', () => {
    const found = search({ kind: 'beforeDrop', table: 'public.orders' }, [deletes(1, 5), drops(2), drops(3, others)]);
    expect(found.kept).toMatchObject([{ xid: 2, what: 'drop', rows: undefined }]);
  });

  it('are not those that dropped a partition of it', () => {
    const [partition] = drops(1, others).definitions;
    const one = transaction({ xid: 1, definitions: partition === undefined ? [] : [{ ...partition, root: orders }] });
    expect(search({ kind: 'beforeDrop', table: 'orders' }, [one]).count).toBe(0);
    expect(search({ kind: 'beforeDrop', table: 'others' }, [one]).kept[0]?.tables).toEqual(['shop.public.others']);
  });
});
