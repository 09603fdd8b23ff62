/**
 * `npm run demo`: a shop loses its orders, and gets them back. Everything in it is real; it needs nothing but this
 * folder, and removes what it made.
 *
 * @module
 */

import type { TestServer } from '../../tests/support/postgres.ts';
import { protectShop, type ProtectedShop } from './protected-shop.ts';
import { letCustomersIn, type Customers } from './shop.ts';
import { ending, figures, green, headline, pause, red, remark, tell, walkback, walkbackJson } from './stage.ts';

interface Counts {
  readonly orders: number;
  readonly lines: number;
}

async function countOrders(server: TestServer): Promise<Counts> {
  const [row] = await server.sql<{ orders: number; lines: number }>(
    'SELECT (SELECT count(*) FROM orders)::int AS orders, (SELECT count(*) FROM order_lines)::int AS lines',
  );
  if (row === undefined) throw new Error('the shop does not answer');
  return row;
}

function show({ orders, lines }: Counts, note: string): void {
  figures([
    ['orders', orders, note],
    ['order_lines', lines],
  ]);
}

/** What the demo is measured by in the end; the recovery is told nothing of it. */
interface Disaster {
  /** Just before the DELETE, as the shop's clock showed it. */
  readonly noticed: string;
  readonly before: Counts;
}

/** Somebody forgot the WHERE. */
async function strike(server: TestServer): Promise<Disaster> {
  const client = await server.connect();
  try {
    const before = await countOrders(server);
    const { rows } = await client.query<{ noticed: string }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS noticed`,
    );
    await client.query('DELETE FROM orders');
    return { noticed: rows[0]?.noticed ?? '', before };
  } finally {
    await client.end();
  }
}

async function waitForOrders(customers: Customers, more: number): Promise<void> {
  const goal = customers.placed + more;
  while (customers.placed < goal) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The plan that was just shown: the only recovery there is so far. */
async function planId(environment: ProtectedShop['environment']): Promise<string> {
  const { recoveries } = await walkbackJson(['recover', 'status'], environment);
  const [only] = Array.isArray(recoveries) ? recoveries : [];
  if (typeof only?.id !== 'string') throw new Error('recover plan left no plan');
  return only.id;
}

async function ordinaryDay(shop: ProtectedShop, customers: Customers): Promise<void> {
  await headline(1, 'An ordinary day');
  await tell(
    'A shop on PostgreSQL 17, customers ordering all the time. The walkback agent\nsends its WAL to an archive (here: a folder); a backup is taken meanwhile.',
  );
  await walkback(['backup', 'take'], shop.environment);
  await waitForOrders(customers, 60);
  show(await countOrders(shop.server), 'and counting');
}

async function disaster(shop: ProtectedShop, customers: Customers): Promise<Disaster> {
  await headline(2, 'A DELETE without a WHERE');
  const struck = await strike(shop.server);
  await tell(red('shop=# DELETE FROM orders;'));
  await waitForOrders(customers, 40);
  show(await countOrders(shop.server), 'only what came in since');
  remark(
    `It was ${struck.before.orders.toLocaleString('en')} a moment ago. Customers go on ordering; nobody stops the server.`,
  );
  return struck;
}

/** The transaction that the log tells of: the largest that deleted orders. */
async function culprit(environment: ProtectedShop['environment']): Promise<string> {
  const question = ['log', '--table', 'orders', '--op', 'delete', '--largest', '1'];
  await walkback(question, environment);
  const { transactions } = await walkbackJson(question, environment);
  const [only] = Array.isArray(transactions) ? transactions : [];
  if (typeof only?.xid !== 'number') throw new Error('the log does not tell who deleted orders');
  return String(only.xid);
}

async function look(shop: ProtectedShop): Promise<string> {
  await headline(3, 'What happened? The WAL knows');
  await tell('Nobody remembers when it was. Which transaction deleted orders?');
  await shop.server.sql('SELECT pg_switch_wal()');
  const xid = await culprit(shop.environment);
  await walkback(['show', xid], shop.environment);
  await headline(4, 'Plan it: nothing is changed, everything is proven');
  await walkback(['recover', 'plan', '--before-xid', xid], shop.environment);
  return planId(shop.environment);
}

async function recover(shop: ProtectedShop, customers: Customers, id: string, struck: Disaster): Promise<void> {
  await headline(5, 'Rehearse it beside the running shop, and check it');
  const check = `SELECT count(*) >= ${struck.before.orders} AS orders_are_back FROM orders`;
  await walkback(['rehearse', id, '--sql', check], shop.environment);
  await headline(6, 'Swap it in');
  await walkback(['recover', 'run', id, '--yes'], shop.environment);
  await waitForOrders(customers, 20);
  show(await countOrders(shop.server), green('they are back'));
}

async function prove(shop: ProtectedShop, struck: Disaster): Promise<void> {
  const { orders } = await countOrders(shop.server);
  if (orders < struck.before.orders)
    throw new Error(`${orders} orders, there were ${struck.before.orders}: they are not back`);
  const [row] = await shop.server.sql<{ kept: number }>(
    `SELECT count(*)::int AS kept FROM orders WHERE placed_at < '${struck.noticed}'`,
  );
  if ((row?.kept ?? 0) < struck.before.orders) throw new Error('orders from before the DELETE are missing');
}

async function takeItBack(shop: ProtectedShop, id: string): Promise<void> {
  await headline(7, 'Second thoughts? Take it back');
  await tell('The data from before was kept, with the orders placed after the DELETE.');
  await walkback(['undo', id, '--yes'], shop.environment);
  show(await countOrders(shop.server), 'as it was after the DELETE');
}

async function recoverForGood(shop: ProtectedShop, struck: Disaster): Promise<Counts> {
  await headline(8, 'And forward again, for good');
  await shop.server.sql('SELECT pg_switch_wal()');
  await walkback(['recover', 'run', '--before-delete', 'orders', '--yes'], shop.environment);
  await prove(shop, struck);
  const counts = await countOrders(shop.server);
  show(counts, green('they are back'));
  return counts;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

async function play(): Promise<void> {
  remark('Preparing a PostgreSQL server with a shop in it …');
  await using shop = await protectShop();
  const customers = letCustomersIn(() => shop.server.connect());
  try {
    await ordinaryDay(shop, customers);
    const struck = await disaster(shop, customers);
    const id = await look(shop);
    await recover(shop, customers, id, struck);
    await prove(shop, struck);
    await takeItBack(shop, id);
    const counts = await recoverForGood(shop, struck);
    await pause(500);
    ending([
      green(`Every order from before the DELETE is there: ${counts.orders.toLocaleString('en')} orders.`),
      `Three swaps; the longest that a customer had to wait was ${seconds(customers.outagesMs[0] ?? 0)}.`,
      '',
      'For a database of your own (docs/how-to/protect-a-server.md):',
      '  export WALKBACK_ARCHIVE=s3://bucket/prefix PGDATA=/var/lib/postgresql/17/main',
      '  bin/walkback status',
    ]);
  } finally {
    await customers.stop();
  }
}

await play();
