import { describe, expect, it } from 'vitest';

import { compareHistory, type LoggedJson } from '../support/history-compare.ts';
import type { OracleTransaction } from '../support/history-ledger.ts';
import { ODD_NAME, ODD_SQL } from '../support/history-schema.ts';
import { createHistorySchema, DATABASES, writeHistory, type History } from '../support/history-workload.ts';
import { startPostgres } from '../support/postgres.ts';

const TABLES = [
  'orders',
  'keyed',
  'copied',
  'documents',
  'children',
  'friends',
  'audited',
  'audit',
  'race',
  'events_low',
  'events_high_a',
  'events_high_b',
  ODD_NAME,
];

/** Rows of a table at the end, as the transactions that committed add up. */
function rowsBySum({ transactions }: History, database: string, table: string): number {
  let sum = 0;
  for (const { outcome, database: its, rows } of transactions) {
    const counts = its === database && outcome.startsWith('commit') ? rows.get(`shop.${table}`) : undefined;
    if (counts !== undefined) sum += counts.inserted - counts.deleted + counts.movedIn - counts.movedOut;
  }
  return sum;
}

describe('the oracle of the history workload', () => {
  it('adds up to the rows that are there, over a crash', async () => {
    await using server = await startPostgres({
      major: 17,
      settings: { max_prepared_transactions: 20, autovacuum: 'off' },
    });
    await createHistorySchema(server, true);
    const history = await writeHistory({ server, seed: 7, transactions: 300, stop: 'immediate' });
    for (const database of DATABASES) {
      for (const table of TABLES) {
        const name = table === ODD_NAME ? ODD_SQL : table;
        const [row] = await server.sql(`SELECT count(*)::int AS n FROM shop.${name}`, database);
        expect([database, table, rowsBySum(history, database, table)]).toEqual([database, table, row?.['n']]);
      }
    }
    const outcomes = new Set(history.transactions.map(({ outcome }) => outcome));
    expect(outcomes).toEqual(new Set(['commit', 'abort', 'commitPrepared', 'abortPrepared', 'open']));
  });
});

describe('the comparison of a log with the oracle', () => {
  const differences = (logged: readonly LoggedJson[], oracle: readonly OracleTransaction[] = [transaction]) =>
    compareHistory({ transactions: oracle, solos: [solo] }, [...logged, vacuumed], '0/100');

  it('finds nothing in an equal one, and leaves out what was before', () => {
    expect(differences([{ ...entry, lsn: '0/50', xid: 7 }, entry])).toEqual([]);
  });

  it('sees every count, name, outcome and number that differs', () => {
    const first = entry.changes[0];
    if (first === undefined) throw new Error('the entry has no changes');
    const changes = (change: Partial<typeof first>): LoggedJson => ({
      ...entry,
      changes: [{ ...first, ...change }, ...entry.changes.slice(1)],
    });
    const wrong: LoggedJson[] = [
      changes({ inserted: 3 }),
      changes({ hotUpdated: 0 }),
      changes({ movedIn: 1 }),
      changes({ table: 'other' }),
      changes({ root: { schema: 'shop', table: 'events' } }),
      { ...entry, changes: entry.changes.slice(1) },
      { ...entry, definitions: [] },
      { ...entry, definitions: entry.definitions.map((one) => ({ ...one, rows: 5 })) },
      { ...entry, outcome: 'abort' },
      { ...entry, database: 'another' },
      { ...entry, isIncomplete: true },
      { ...entry, subxids: [] },
      { ...entry, subxids: [11, 12] },
      { ...entry, xid: 99 },
    ];
    for (const one of wrong) expect(differences([one]), JSON.stringify(one)).not.toEqual([]);
  });

  it('sees what is missing, twice there, out of order, or a part of another', () => {
    expect(differences([])).toHaveLength(1);
    expect(differences([entry, entry])).toHaveLength(1);
    const second = { ...transaction, xid: 13 };
    expect(differences([{ ...entry, xid: 13, lsn: '0/900' }, entry], [transaction, second])).toHaveLength(1);
    const rolledBack = { ...entry, xid: 12, outcome: 'abort' as const, changes: [], definitions: [] };
    expect(differences([{ ...rolledBack, isTopKnown: true }, entry])).toHaveLength(1);
    expect(differences([{ ...rolledBack, isTopKnown: false }, entry])).toEqual([]);
  });
});

const NO_ROWS = { inserted: 0, updated: 0, hotUpdated: 0, deleted: 0, movedIn: 0, movedOut: 0 };

const transaction: OracleTransaction = {
  xid: 10,
  database: 'shop one',
  outcome: 'commit',
  gid: undefined,
  rows: new Map([
    ['shop.orders', { ...NO_ROWS, inserted: 2, updated: 3, hotUpdated: 1 }],
    ['shop.events_low', { ...NO_ROWS, movedIn: 1 }],
  ]),
  definitions: [{ kind: 'rewrite', name: 'shop.own_1', rows: 4 }],
  keptSubxids: [11],
  goneSubxids: [12],
  sql: ['INSERT …'],
};

const solo = {
  database: 'shop one',
  fromXid: 20,
  toXid: 22,
  definitions: [{ kind: 'rewrite', name: 'shop.orders', rows: undefined }],
  sql: 'VACUUM FULL shop.orders',
};

const relation = { schema: 'shop', kind: 'table' as const, oid: 1, databaseOid: 1, tablespaceOid: 1663, filenode: 1 };
const definition = { kind: 'rewrite' as const, relationKind: 'table' as const, isUnlogged: false, lsn: '0/200' };

const entry: LoggedJson = {
  xid: 10,
  subxids: [11],
  outcome: 'commit',
  isTopKnown: true,
  time: '2026-06-05T15:02:11.000000Z',
  lsn: '0/300',
  endLsn: '0/340',
  firstLsn: '0/200',
  preparedLsn: null,
  timeline: 1,
  gid: null,
  origin: null,
  database: 'shop one',
  databaseOid: 1,
  walBytes: 100,
  isIncomplete: false,
  changes: [
    {
      ...relation,
      ...NO_ROWS,
      table: 'orders',
      root: null,
      inserted: 2,
      updated: 3,
      hotUpdated: 1,
      deletedShare: null,
      updatedShare: null,
    },
    {
      ...relation,
      ...NO_ROWS,
      table: 'events_low',
      root: { schema: 'shop', table: 'events' },
      movedIn: 1,
      deletedShare: null,
      updatedShare: null,
    },
  ],
  definitions: [{ ...definition, schema: 'shop', name: 'own_1', oid: 2, databaseOid: 1, filenode: 2, rows: 4 }],
};

const vacuumed: LoggedJson = {
  ...entry,
  xid: 20,
  subxids: [],
  lsn: '0/1000',
  endLsn: '0/1040',
  changes: [],
  definitions: [{ ...definition, schema: 'shop', name: 'orders', oid: 3, databaseOid: 1, filenode: 3, rows: null }],
};
