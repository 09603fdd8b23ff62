/**
 * Statements of the history workload that change rows of ordinary tables, or seem to.
 *
 * @module
 */

import { ODD_SQL, ODD_NAME } from './history-schema.ts';
import { counted, numberIn, remembered, rowCount, type Family, type Statement } from './history-statement.ts';

const HOT_SO_FAR = "SELECT pg_stat_get_xact_tuples_hot_updated('shop.orders'::regclass)::int AS hot";

const insertValues: Family = ({ random, owner, nextKey }) => {
  const rows = Array.from(
    { length: random.between(1, 6) },
    () => `(${nextKey()}, ${owner}, ${random.between(0, 99)}, '${random.hex(random.between(0, 40))}')`,
  );
  return [
    {
      sql: `INSERT INTO shop.orders VALUES ${rows.join(', ')} RETURNING xmin::text AS xid`,
      note: (answer, ledger) => {
        ledger.add('shop.orders', { inserted: rowCount(answer) });
        ledger.xids.add(numberIn(answer, 'xid'));
      },
    },
  ];
};

const insertMany: Family = ({ random, owner, nextKey }) => {
  const keys = Array.from({ length: random.between(20, 120) }, nextKey);
  return [
    counted(
      `INSERT INTO shop.orders SELECT k, ${owner}, k % 100, repeat('x', (k % 50)::int) FROM unnest('{${keys.join()}}'::bigint[]) AS k`,
      'shop.orders',
      'inserted',
    ),
  ];
};

/** HOT where the indexed column stays and the page has room. */
const update: Family = ({ random, ownRows }) => {
  const before = remembered();
  const updated = remembered();
  const set = random.pick(['note = md5(note)', 'note = note', 'amount = amount + 1', "note = repeat('y', 500)"]);
  return [
    { sql: HOT_SO_FAR, note: (answer) => before.set(numberIn(answer, 'hot')) },
    {
      sql: `UPDATE shop.orders SET ${set} WHERE ${ownRows()}`,
      note: (answer) => updated.set(rowCount(answer)),
    },
    {
      sql: HOT_SO_FAR,
      note: (answer, ledger) =>
        ledger.add('shop.orders', {
          updated: updated.get(),
          hotUpdated: numberIn(answer, 'hot') - before.get(),
        }),
    },
  ];
};

const remove: Family = ({ random, ownRows }) => {
  const table = random.pick(['shop.orders', 'shop.documents', `shop.${ODD_SQL}`]);
  const name = table === `shop.${ODD_SQL}` ? `shop.${ODD_NAME}` : table;
  return [counted(`DELETE FROM ${table} WHERE ${ownRows()}`, name, 'deleted')];
};

const insertOdd: Family = ({ owner, nextKey }) => [
  counted(`INSERT INTO shop.${ODD_SQL} VALUES (${nextKey()}, ${owner})`, `shop.${ODD_NAME}`, 'inserted'),
];

/** How many of these keys exist: what ON CONFLICT and MERGE will meet, as nobody else has them. */
function met(keys: readonly number[], note: (count: number) => void): Statement {
  return {
    sql: `SELECT count(*)::int AS n FROM shop.keyed WHERE id = ANY('{${keys.join()}}'::bigint[])`,
    note: (answer) => note(numberIn(answer, 'n')),
  };
}

/** Keys that exist as likely as not: of a small range of the session's own. */
function fewKeys(random: { between(low: number, high: number): number }, owner: number): number[] {
  const count = random.between(1, 12);
  return [...new Set(Array.from({ length: count }, () => -(random.between(1, 60) * 16 + owner)))];
}

const upsert: Family = ({ random, owner }) => {
  const keys = fewKeys(random, owner);
  const existing = remembered();
  const updates = random.chance(0.6);
  const action = updates ? 'UPDATE SET n = shop.keyed.n + 1' : 'NOTHING';
  return [
    met(keys, existing.set),
    {
      sql: `INSERT INTO shop.keyed SELECT k, ${owner}, 0 FROM unnest('{${keys.join()}}'::bigint[]) AS k ON CONFLICT (id) DO ${action}`,
      note: (answer, ledger) => {
        const updated = updates ? existing.get() : 0;
        ledger.add('shop.keyed', { inserted: rowCount(answer) - updated, updated });
      },
    },
  ];
};

const merge: Family = (maker) => {
  const { random, owner, major } = maker;
  if (major < 15) return upsert(maker);
  const keys = fewKeys(random, owner);
  const existing = remembered();
  const isDelete = random.chance(0.4);
  return [
    met(keys, existing.set),
    {
      sql: `MERGE INTO shop.keyed t USING unnest('{${keys.join()}}'::bigint[]) AS k ON t.id = k
        WHEN MATCHED THEN ${isDelete ? 'DELETE' : 'UPDATE SET n = t.n + 1'}
        WHEN NOT MATCHED THEN INSERT VALUES (k, ${owner}, 0)`,
      note: (answer, ledger) => {
        const inserted = rowCount(answer) - existing.get();
        ledger.add('shop.keyed', { inserted, [isDelete ? 'deleted' : 'updated']: existing.get() });
      },
    },
  ];
};

const copy: Family = ({ random, copyFolder }) => {
  const rows = random.pick([1, 1, 3, 40, 700]);
  return [counted(`COPY shop.copied FROM '${copyFolder}/rows-${rows}'`, 'shop.copied', 'inserted')];
};

const document = (): string => "(SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 150))";

const large: Family = ({ random, owner, nextKey, ownRows }) => {
  const roll = random.next();
  if (roll < 0.5)
    return [
      counted(
        `INSERT INTO shop.documents VALUES (${nextKey()}, ${owner}, 0, ${document()})`,
        'shop.documents',
        'inserted',
      ),
    ];
  const set = roll < 0.75 ? `body = ${document()}` : 'n = n + 1';
  return [counted(`UPDATE shop.documents SET ${set} WHERE ${ownRows()}`, 'shop.documents', 'updated')];
};

/** A transaction number, and nothing to list. */
const lock: Family = ({ random, ownRows }) => [
  { sql: `SELECT 1 FROM shop.orders WHERE ${ownRows()} FOR ${random.pick(['UPDATE', 'NO KEY UPDATE', 'SHARE'])}` },
  { sql: 'SELECT 1 FROM shop.parents WHERE id < 0 FOR KEY SHARE' },
];

const nothingVisible: Family = ({ random, owner, nextKey }) => [
  random.pick<Statement>([
    { sql: `INSERT INTO shop.scratch VALUES (${nextKey()}, 'unlogged')` },
    { sql: `UPDATE shop.scratch SET what = 'changed' WHERE id % 16 = ${owner}` },
    { sql: "SELECT nextval('shop.numbers')" },
    { sql: "SELECT setval('shop.numbers', 1)" },
    { sql: "SELECT pg_logical_emit_message(true, 'history', repeat('m', 300))" },
    { sql: "SELECT pg_logical_emit_message(false, 'history', 'stays')" },
    { sql: 'SELECT pg_current_xact_id()' },
    // Prunes what others left, with this transaction's number on the record.
    { sql: 'SELECT count(*) FROM shop.orders' },
  ]),
];

/** Families by how often they are taken. */
export const ROW_FAMILIES: readonly { readonly weight: number; readonly family: Family }[] = [
  { weight: 20, family: insertValues },
  { weight: 4, family: insertMany },
  { weight: 16, family: update },
  { weight: 9, family: remove },
  { weight: 4, family: insertOdd },
  { weight: 8, family: upsert },
  { weight: 6, family: merge },
  { weight: 8, family: copy },
  { weight: 5, family: large },
  { weight: 6, family: lock },
  { weight: 8, family: nothingVisible },
];
