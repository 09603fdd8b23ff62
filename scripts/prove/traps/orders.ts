/**
 * The table of most traps: 100 good rows, a DELETE without WHERE, 5 later rows, and others one by one.
 *
 * @module
 */

import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import type { Recoverable } from '../../../tests/support/recoverable.ts';

/** The rows before the accident, and after it. */
export const GOOD = 100;
export const LATER = 5;

/** How many orders the live server has. */
export async function ordersOf(live: Pick<Recoverable, 'server'>): Promise<number> {
  const [row] = await live.server.sql<{ n: number }>('select count(*)::int as n from orders');
  return row?.n ?? -1;
}

/** The live server's timeline, from where it writes. */
export async function timelineOf(live: Pick<Recoverable, 'server'>): Promise<number> {
  const [row] = await live.server.sql<{ t: string }>('select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as t');
  return Number.parseInt(row?.t ?? '', 16);
}

/** A statement in a transaction of its own; the transaction's number. */
export async function inTransaction(live: Pick<Recoverable, 'server'>, text: string): Promise<number> {
  const client = await live.server.connect();
  try {
    await client.query('begin');
    await client.query("set local synchronous_commit = 'local'");
    await client.query(text);
    const { rows } = await client.query<{ xid: string }>('select (txid_current() & 4294967295)::text as xid');
    await client.query('commit');
    return Number(rows[0]?.xid);
  } finally {
    await client.end();
  }
}

/** Makes the table and the accident, all of it archived. Returns the number of the transaction that deleted. */
export async function accident(live: Recoverable): Promise<number> {
  await inTransaction(live, 'create table orders (id int primary key)');
  await inTransaction(live, `insert into orders select generate_series(1, ${GOOD})`);
  const xid = await inTransaction(live, 'delete from orders');
  await inTransaction(live, `insert into orders select generate_series(201, ${200 + LATER})`);
  await archiveTail(live.uses);
  return xid;
}

/** Just before it. */
export function before(xid: number) {
  return { kind: 'xid', xid, inclusive: false } as const;
}

/** The segment that the server writes in now. */
async function currentSegment(live: Recoverable): Promise<string> {
  const [row] = await live.server.sql<{ name: string }>('select pg_walfile_name(pg_current_wal_insert_lsn()) as name');
  return row?.name ?? '';
}

/** Some order in a segment of its own; the segment. */
export async function orderInSegment(live: Recoverable, id: number): Promise<string> {
  const name = await currentSegment(live);
  await inTransaction(live, `insert into orders values (${id})`);
  await archiveTail(live.uses);
  return name;
}
