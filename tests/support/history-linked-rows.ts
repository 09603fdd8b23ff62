/**
 * Statements of the history workload that change rows of more than one table, or of partitions, or in subtransactions of
 * a procedural block.
 *
 * @module
 */

import type { Ledger, TableRows } from './history-ledger.ts';
import { counted, numberIn, remembered, rowCount, type Answer, type Family } from './history-statement.ts';

/** Adds one row for each answered row to the table that a column of it names. */
function addByTable(answer: Answer, ledger: Ledger, column: string, kind: keyof TableRows): void {
  for (const row of answer.rows) ledger.add(String(row[column]), { [kind]: 1 });
}

const insertPartitioned: Family = ({ random, owner, nextKey }) => {
  const rows = Array.from(
    { length: random.between(1, 12) },
    () => `(${nextKey()}, ${owner}, ${random.between(0, 19)}, '${random.hex(20)}')`,
  );
  return [
    {
      sql: `INSERT INTO shop.events VALUES ${rows.join(', ')} RETURNING tableoid::regclass::text AS part`,
      note: (answer, ledger) => addByTable(answer, ledger, 'part', 'inserted'),
    },
  ];
};

/** Some rows stay in their partition, some move. */
const movePartitioned: Family = ({ random, ownRows }) => [
  {
    sql: `WITH old AS MATERIALIZED (
        SELECT id, tableoid::regclass::text AS was FROM shop.events WHERE ${ownRows()} FOR UPDATE)
      UPDATE shop.events e SET bucket = (bucket + ${random.between(1, 9)}) % 20 FROM old WHERE old.id = e.id
      RETURNING old.was, e.tableoid::regclass::text AS now`,
    note: (answer, ledger) => {
      for (const { was, now } of answer.rows) {
        if (was === now) ledger.add(String(now), { updated: 1 });
        else {
          ledger.add(String(was), { movedOut: 1 });
          ledger.add(String(now), { movedIn: 1 });
        }
      }
    },
  },
];

const deletePartitioned: Family = ({ ownRows }) => [
  {
    sql: `DELETE FROM shop.events WHERE ${ownRows()} RETURNING tableoid::regclass::text AS part`,
    note: (answer, ledger) => addByTable(answer, ledger, 'part', 'deleted'),
  },
];

const copyPartition: Family = ({ copyFolder }) => [
  counted(`COPY shop.events FROM '${copyFolder}/events-low'`, 'shop.events_low', 'inserted'),
];

const family: Family = ({ random, owner, nextKey }) => {
  const parent = nextKey();
  const parents = random.chance(0.5) ? [parent] : [-random.between(1, 20)];
  const statements = [
    counted(`INSERT INTO shop.parents VALUES (${parent}, ${owner})`, 'shop.parents', 'inserted'),
    counted(
      `INSERT INTO shop.children SELECT ${nextKey()}, ${owner}, p FROM unnest('{${parents.join()}}'::bigint[]) AS p`,
      'shop.children',
      'inserted',
    ),
    counted(`INSERT INTO shop.friends VALUES (${nextKey()}, ${owner}, ${parent})`, 'shop.friends', 'inserted'),
  ];
  return statements;
};

/** The rows that go or change along with their parents are asked for before. */
const removeFamily: Family = ({ ownRows }) => {
  const mine = ownRows();
  const which = `parent_id IN (SELECT id FROM shop.parents WHERE ${mine})`;
  const children = remembered();
  const friends = remembered();
  return [
    {
      sql: `SELECT (SELECT count(*) FROM shop.children WHERE ${which})::int AS children,
        (SELECT count(*) FROM shop.friends WHERE ${which})::int AS friends`,
      note: (answer) => {
        children.set(numberIn(answer, 'children'));
        friends.set(numberIn(answer, 'friends'));
      },
    },
    {
      sql: `DELETE FROM shop.parents WHERE ${mine}`,
      note: (answer, ledger) => {
        ledger.add('shop.parents', { deleted: rowCount(answer) });
        ledger.add('shop.children', { deleted: children.get() });
        ledger.add('shop.friends', { updated: friends.get() });
      },
    },
  ];
};

const audited: Family = ({ random, owner, nextKey, ownRows }) => {
  const noted = (sql: string, kind: 'inserted' | 'updated' | 'deleted') => ({
    sql,
    note: (answer: Answer, ledger: Ledger) => {
      ledger.add('shop.audited', { [kind]: rowCount(answer) });
      ledger.add('shop.audit', { inserted: rowCount(answer) });
    },
  });
  return [
    random.pick([
      noted(`INSERT INTO shop.audited VALUES (${nextKey()}, ${owner}), (${nextKey()}, ${owner})`, 'inserted'),
      noted(`UPDATE shop.audited SET n = n + 1 WHERE ${ownRows()}`, 'updated'),
      noted(`DELETE FROM shop.audited WHERE ${ownRows()}`, 'deleted'),
    ]),
  ];
};

const KEPT = "SELECT current_setting('history.kept')::int AS kept";

/** A loop of blocks of which some fail: each is a subtransaction, more than 64 of them have an assignment record. */
const blocks: Family = ({ random, owner, nextKey }) => {
  const count = random.chance(0.15) ? random.between(70, 150) : random.between(2, 8);
  const first = nextKey();
  // Failing by an error of ours, or by a unique key that is met after the row was written.
  const fails = random.chance(0.5)
    ? `RAISE EXCEPTION 'back'`
    : `INSERT INTO shop.orders VALUES (${first}, ${owner}, 0, 'twice')`;
  const keys = [first, ...Array.from({ length: count - 1 }, nextKey)];
  const body = `DECLARE kept int := 0; k bigint; i int := 0; BEGIN
    FOREACH k IN ARRAY '{${keys.join()}}'::bigint[] LOOP i := i + 1;
      BEGIN
        INSERT INTO shop.orders VALUES (k, ${owner}, 0, 'block');
        IF i % 3 = 0 THEN ${fails}; END IF;
        kept := kept + 1;
      EXCEPTION WHEN raise_exception OR unique_violation THEN NULL; END;
    END LOOP;
    PERFORM set_config('history.kept', kept::text, false); END`;
  return [
    { sql: `DO $body$ ${body} $body$` },
    { sql: KEPT, note: (answer, ledger) => ledger.add('shop.orders', { inserted: numberIn(answer, 'kept') }) },
  ];
};

/** Families by how often they are taken. */
export const LINKED_FAMILIES: readonly { readonly weight: number; readonly family: Family }[] = [
  { weight: 8, family: insertPartitioned },
  { weight: 7, family: movePartitioned },
  { weight: 3, family: deletePartitioned },
  { weight: 2, family: copyPartition },
  { weight: 4, family },
  { weight: 3, family: removeFamily },
  { weight: 5, family: audited },
  { weight: 3, family: blocks },
];
