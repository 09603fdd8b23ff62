import { describe, expect, it } from 'vitest';

import { change, relation, transaction } from '../../tests/support/logged-transactions.ts';
import { WorkTotals } from './work-totals.ts';

const orders = relation({ name: 'orders', oid: 16_400 });
const lines = relation({ name: 'lines', oid: 16_410 });

describe('totals of what transactions did', () => {
  it('are sums for each table, those with the most rows first', () => {
    const totals = new WorkTotals(10);
    totals.add(transaction({ changes: [change(orders, { inserted: 3 }), change(lines, { inserted: 9 })] }));
    totals.add(transaction({ changes: [change(orders, { updated: 1, deleted: 2 })] }));
    expect(totals.tables).toMatchObject([
      { relation: lines, transactions: 1, inserted: 9 },
      { relation: orders, transactions: 2, inserted: 3, updated: 1, deleted: 2 },
    ]);
    expect(totals.isLowerBound).toBe(false);
  });

  it('put partitions under their table, and count a row that moved once', () => {
    const [old, young] = [relation({ name: 'p1', oid: 1 }), relation({ name: 'p2', oid: 2 })];
    const totals = new WorkTotals(10);
    totals.add(
      transaction({
        changes: [change(old, { root: orders, movedOut: 4, inserted: 1 }), change(young, { root: orders, movedIn: 4 })],
      }),
    );
    expect(totals.tables).toMatchObject([{ relation: orders, transactions: 1, inserted: 1, updated: 4, deleted: 0 }]);
  });

  it('keep apart files without a name', () => {
    const totals = new WorkTotals(10);
    for (const filenode of [5, 6, 5]) {
      const file = { tablespaceOid: 1663, databaseOid: 5, filenode };
      totals.add(transaction({ changes: [change(undefined, { file, deleted: 1 })] }));
    }
    expect(totals.tables.map(({ transactions }) => transactions)).toEqual([2, 1]);
  });

  it('tell of definitions, without what comes and goes with a table, and count those that are too many', () => {
    const totals = new WorkTotals(2);
    const drop = (name: string, kind: 'table' | 'index') =>
      ({ kind: 'drop', relation: relation({ name, kind }), file: undefined, oid: undefined, name: undefined }) as const;
    const given = [drop('a', 'table'), drop('a_pkey', 'index'), drop('b', 'table'), drop('c', 'table')];
    totals.add(transaction({ xid: 7, definitions: given, isIncomplete: true }));
    expect(totals.definitions.map(({ definition }) => definition.relation?.name)).toEqual(['a', 'b']);
    expect(totals.definitions[0]?.transaction.xid).toBe(7);
    expect(totals.definitionCount).toBe(3);
    expect(totals.isLowerBound).toBe(true);
  });

  it('never leave out what removes most: a database, then tables, then rows', () => {
    const totals = new WorkTotals(2);
    const create = (name: string) =>
      ({
        kind: 'create',
        relation: relation({ name, oid: 1 }),
        file: undefined,
        oid: undefined,
        name: undefined,
      }) as const;
    const database = { kind: 'dropDatabase', relation: undefined, file: undefined, oid: 16_390, name: 'shop' } as const;
    const truncate = { ...create('orders'), kind: 'truncate' } as const;
    totals.add(transaction({ xid: 7, definitions: [create('a'), create('b')] }));
    totals.add(transaction({ xid: 8, definitions: [truncate, truncate] }));
    totals.add(transaction({ xid: 9, definitions: [create('c'), database] }));
    expect(totals.definitions.map(({ definition, transaction: { xid } }) => [definition.kind, xid])).toEqual([
      ['dropDatabase', 9],
      ['truncate', 8],
    ]);
    expect(totals.definitionCount).toBe(5);
  });
});
