import { describe, expect, it } from 'vitest';

import type { LoggedTransaction } from '../../history/transactions/logged-transaction.ts';
import { change, definition, relation, screen, transaction } from './testing/logged.ts';
import { effectText } from './transaction-words.ts';

const words = (overrides: Partial<LoggedTransaction>, width = 90) =>
  effectText(transaction(9, '15:00:00.000', overrides), width, screen());

describe('what a transaction did, in a line', () => {
  it('is rows by table, with the schema where it is not public', () => {
    const changes = [
      change('orders', { inserted: 3, updated: 2, deleted: 1 }),
      change('log', { relation: relation('log', { schemaName: 'audit' }), inserted: 12_000 }),
    ];
    expect(words({ changes })).toBe('orders +3 ~2 -1, audit.log +12,000');
  });

  it('is partitions under their parent, rows that moved between them as updated', () => {
    const root = relation('orders');
    const changes = [
      change('orders_1', { root, deleted: 1, movedOut: 3 }),
      change('orders_2', { root, inserted: 2, movedIn: 3 }),
    ];
    expect(words({ changes })).toBe('orders +2 ~3 -1');
  });

  it('begins with what lost rows', () => {
    const changes = [change('lines', { inserted: 5 }), change('orders', { deleted: 90, deletedShare: 0.999 })];
    const definitions = [definition('alter', 'lines'), definition('truncate', 'stock')];
    expect(words({ changes, definitions })).toBe(
      'TRUNCATE stock, orders -90  99 % of the table, ALTER TABLE lines, lines +5',
    );
  });

  it('does not say that all of a table went where it had more rows than was estimated', () => {
    const changes = [change('orders', { deleted: 500, deletedShare: 5 })];
    expect(words({ changes })).toBe("orders -500  more than the table's estimated rows");
  });

  it('names a new table and counts what belongs to it', () => {
    const definitions = [
      definition('create', 'orders'),
      definition('create', 'pg_toast_1', { relation: relation('pg_toast_1', { kind: 'toast' }) }),
      definition('create', 'orders_id_seq', { relation: relation('orders_id_seq', { kind: 'sequence' }) }),
      definition('create', 'orders_pkey', { relation: relation('orders_pkey', { kind: 'index' }) }),
    ];
    expect(words({ definitions })).toBe('CREATE TABLE orders with 1 sequence, 1 index');
  });

  it.each<[LoggedTransaction['definitions'][number], string]>([
    [definition('createAs', 'copy', { rows: 1200 }), 'CREATE TABLE copy AS SELECT +1,200'],
    [definition('rewrite', 'orders', { rows: 50_000 }), 'rewrote orders (50,000 rows)'],
    [definition('rename', 'orders', { name: 'orders_old' }), 'RENAME TABLE orders to orders_old'],
    [definition('dropDatabase', 'x', { relation: undefined, name: 'crm', oid: 5 }), 'DROP DATABASE crm'],
    [definition('dropDatabase', 'x', { relation: undefined, oid: 5 }), 'DROP DATABASE number 5'],
    [definition('largeObjects', 'x', { relation: undefined }), 'large objects'],
    [
      definition('create', 'cache', { relation: relation('cache', { isUnlogged: true }) }),
      'CREATE TABLE cache (unlogged: its rows are not in the WAL)',
    ],
  ])('%#: %s', (one, expected) => {
    expect(words({ definitions: [one] })).toBe(expected);
  });

  it('says how it ended, if it was not a plain commit, and that it may be more', () => {
    const changes = [change('orders', { inserted: 3 })];
    expect(words({ changes, outcome: 'abort' })).toBe('rolled back: orders +3');
    expect(words({ changes, outcome: 'prepared', gid: 'pay-7' })).toBe('prepared "pay-7", not ended: orders +3');
    expect(words({ changes, isIncomplete: true })).toBe('orders +3 (at least)');
  });

  it('is cut to the room there is, and says how much is left out', () => {
    const changes = ['a', 'b', 'c', 'd', 'e'].map((name) => change(name.repeat(9), { inserted: 1 }));
    expect(words({ changes }, 46)).toBe('aaaaaaaaa +1, bbbbbbbbb +1, 3 more');
    expect(words({ changes: [change('x'.repeat(80), { inserted: 1 })] }, 20)).toBe(`${'x'.repeat(19)}…`);
  });
});
