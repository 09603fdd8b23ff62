/**
 * What the history workload does while no session has a transaction: commands that cannot be in a transaction block,
 * races for one key, and stops of the server.
 *
 * @module
 */

import type pg from 'pg';

import type { OracleDefinition, OracleSolo, OracleTransaction, TableRows } from './history-ledger.ts';
import { numberIn, rowCount, type Answer } from './history-statement.ts';
import { send } from './history-transaction.ts';
import type { Random } from './random.ts';

/** One command, or some, and what a list of transactions must say of them. */
interface Solo {
  readonly sql: readonly string[];
  readonly definitions: readonly OracleDefinition[];
}

const defined = (kind: string, name: string): OracleDefinition => ({ kind, name, rows: undefined });

const PLAIN: readonly Solo[] = [
  { sql: ['VACUUM'], definitions: [] },
  { sql: ['VACUUM (FREEZE) shop.orders'], definitions: [] },
  { sql: ['VACUUM shop.copied', 'ANALYZE shop.copied'], definitions: [] },
  { sql: ['ANALYZE'], definitions: [] },
  { sql: ['CHECKPOINT'], definitions: [] },
  { sql: ['SELECT pg_switch_wal()'], definitions: [] },
  { sql: ['VACUUM FULL shop.orders'], definitions: [defined('rewrite', 'shop.orders')] },
  { sql: ['VACUUM FULL shop.documents'], definitions: [defined('rewrite', 'shop.documents')] },
  { sql: ['VACUUM FULL shop.events_low'], definitions: [defined('rewrite', 'shop.events_low')] },
  { sql: ['CLUSTER shop.keyed USING keyed_pkey'], definitions: [defined('rewrite', 'shop.keyed')] },
  { sql: ['VACUUM FULL pg_class'], definitions: [] },
  { sql: ['VACUUM FULL pg_class', 'CHECKPOINT'], definitions: [] },
  { sql: ['VACUUM FULL pg_namespace', 'VACUUM FULL pg_inherits'], definitions: [] },
  { sql: ['VACUUM FULL pg_database'], definitions: [] },
  { sql: ['REINDEX INDEX shop.orders_amount'], definitions: [defined('reindex', 'shop.orders_amount')] },
  {
    sql: ['CREATE INDEX CONCURRENTLY later ON shop.copied (id)', 'DROP INDEX shop.later'],
    definitions: [defined('create', 'shop.later'), defined('drop', 'shop.later')],
  },
];

/** A database that comes and goes; its name is new each time. */
function databaseSolo(random: Random, number: number): Solo {
  const name = `passing ${number}`;
  return {
    sql: [
      `CREATE DATABASE "${name}" TEMPLATE template0`,
      ...(random.chance(0.5) ? ['CHECKPOINT'] : []),
      `DROP DATABASE "${name}"`,
    ],
    definitions: [defined('createDatabase', name), defined('dropDatabase', name)],
  };
}

async function nextXid(client: pg.Client): Promise<number> {
  const [answer] = await send(client, [
    'SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint & 4294967295)::text AS xid',
  ]);
  if (answer === undefined) throw new Error('the server named no transaction');
  return numberIn(answer, 'xid');
}

/** Runs a random one on a connection that has no transaction open, while nobody else has. */
export async function runSolo(
  client: pg.Client,
  database: string,
  random: Random,
  number: number,
): Promise<OracleSolo> {
  const solo = random.chance(0.12) ? databaseSolo(random, number) : random.pick(PLAIN);
  const fromXid = await nextXid(client);
  for (const line of solo.sql) await client.query(line);
  return { database, fromXid, toXid: await nextXid(client), definitions: solo.definitions, sql: solo.sql.join('; ') };
}

function raced(answers: readonly Answer[], database: string, sql: string): OracleTransaction | undefined {
  const [, inserted, numbered] = answers;
  if (inserted === undefined || numbered === undefined) throw new Error('a race was not answered');
  const text = numbered.rows[0]?.['xid'];
  if (typeof text !== 'string') return undefined;
  const isNew = inserted.rows.filter((row) => row['is_new'] === true).length;
  const rows: TableRows = {
    inserted: isNew,
    updated: rowCount(inserted) - isNew,
    hotUpdated: 0,
    deleted: 0,
    movedIn: 0,
    movedOut: 0,
  };
  return {
    xid: Number(BigInt(text) & 0xffffffffn),
    database,
    outcome: 'commit',
    gid: undefined,
    rows: new Map(rowCount(inserted) === 0 ? [] : [['shop.race', rows]]),
    definitions: [],
    keptSubxids: [],
    goneSubxids: [],
    sql: [sql],
  };
}

/** Several insert the same new key at once: one gets it, the others find out after they had written a row. */
export async function runRace(
  clients: readonly pg.Client[],
  database: string,
  key: number,
  updates: boolean,
): Promise<OracleTransaction[]> {
  const sql = `INSERT INTO shop.race VALUES (${key}) ON CONFLICT (shop.slowly(k))
    DO ${updates ? 'UPDATE SET n = shop.race.n + 1' : 'NOTHING'} RETURNING xmax = 0 AS is_new`;
  const lines = ['BEGIN', sql, 'SELECT pg_current_xact_id_if_assigned()::text AS xid', 'COMMIT'];
  const answers = await Promise.all(clients.map((client) => send(client, lines)));
  return answers.flatMap((one) => raced(one, database, sql) ?? []);
}
