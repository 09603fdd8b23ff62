/**
 * The demo's database: a small web shop with customers who keep ordering.
 *
 * @module
 */

import type pg from 'pg';

import { seededRandom } from '../../tests/support/random.ts';

const SCHEMA = `
  CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city text NOT NULL);
  CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, price_cents int NOT NULL);
  CREATE TABLE stock (product_id int PRIMARY KEY REFERENCES products, quantity int NOT NULL);
  CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int NOT NULL REFERENCES customers,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(), note text);
  CREATE TABLE order_lines (order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, line int NOT NULL,
    product_id int NOT NULL REFERENCES products, quantity int NOT NULL, PRIMARY KEY (order_id, line));
`;

const CITIES = ['Victoria', 'Kamloops', 'Nanaimo', 'Prince George', 'Kelowna', 'Nelson', 'Terrace'];
const THINGS = ['kettle', 'lantern', 'compass', 'blanket', 'thermos', 'notebook', 'rope', 'stove', 'tent', 'whistle'];

/** How much the shop holds before the demo begins. */
export const SHOP = { customers: 2_000, products: 200, orders: 12_000 } as const;

/** Makes the schema and a shop's worth of rows. */
export async function buildShop(client: pg.Client): Promise<void> {
  await client.query(SCHEMA);
  const cities = `ARRAY['${CITIES.join("','")}']`;
  const things = `ARRAY['${THINGS.join("','")}']`;
  await client.query(`
    INSERT INTO customers SELECT i, 'customer ' || i, (${cities})[1 + i % ${CITIES.length}] FROM generate_series(1, ${SHOP.customers}) i;
    INSERT INTO products SELECT i, (${things})[1 + i % ${THINGS.length}] || ' ' || i, 500 + (i * 37) % 9000 FROM generate_series(1, ${SHOP.products}) i;
    INSERT INTO stock SELECT id, 1000000 FROM products;
    INSERT INTO orders (customer_id, placed_at, note) SELECT 1 + i % ${SHOP.customers}, now() - make_interval(mins => ${SHOP.orders} - i), md5(i::text)
      FROM generate_series(1, ${SHOP.orders}) i;
    INSERT INTO order_lines SELECT o.id, l, 1 + (o.id * 7 + l * 13) % ${SHOP.products}, 1 + (o.id + l) % 4 FROM orders o, generate_series(1, 4) l;
    ANALYZE;
  `);
}

async function placeOrder(client: pg.Client, customer: number, product: number): Promise<void> {
  await client.query(
    `WITH placed AS (INSERT INTO orders (customer_id, note) VALUES ($1, 'live') RETURNING id),
          lines AS (INSERT INTO order_lines SELECT id, 1, $2, 1 FROM placed)
     UPDATE stock SET quantity = quantity - 1 WHERE product_id = $2`,
    [customer, product],
  );
}

/** Customers who keep ordering, whatever happens to the server: they try again until it answers. */
export interface Customers {
  /** Orders the server has confirmed since the start. */
  readonly placed: number;
  /** Pauses in which the server took no order, in milliseconds, longest first. */
  readonly outagesMs: readonly number[];
  stop(): Promise<void>;
}

const BETWEEN_ORDERS_MS = 15;
const COUNTS_AS_OUTAGE_MS = 150;

/** Lets customers in. */
export function letCustomersIn(connect: () => Promise<pg.Client>): Customers {
  const random = seededRandom(2026);
  const state = { placed: 0, open: true, outagesMs: [] as number[], lastPlacedAt: performance.now() };
  const visit = async (): Promise<void> => {
    let client: pg.Client | undefined;
    while (state.open) {
      try {
        client ??= await connect();
        await placeOrder(client, random.between(1, SHOP.customers), random.between(1, SHOP.products));
        const pause = performance.now() - state.lastPlacedAt;
        if (pause > COUNTS_AS_OUTAGE_MS) state.outagesMs.push(pause);
        state.lastPlacedAt = performance.now();
        state.placed++;
      } catch {
        await client?.end().catch(() => {});
        client = undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_ORDERS_MS));
    }
    await client?.end().catch(() => {});
  };
  const visiting = visit();
  return {
    get placed() {
      return state.placed;
    },
    get outagesMs() {
      return state.outagesMs.toSorted((a, b) => b - a);
    },
    stop: async () => {
      state.open = false;
      await visiting;
    },
  };
}
