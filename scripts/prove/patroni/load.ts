/**
 * A client that writes one row after the other to whoever takes writes, and notes what it was promised.
 *
 * Its rows are in a schema that the oracle does not look at.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import type { PatroniTestCluster } from '../../../tests/support/patroni/patroni-cluster.ts';

/** How far it was at one moment: rows are numbered from one. */
export interface LoadMark {
  /** Every row up to here was committed, by the server's word. */
  readonly acknowledged: number;
  /** No row above this one had been sent. */
  readonly sent: number;
}

/** A client that runs until it is told to stop, or until it has lost its server. */
export class Load {
  readonly #database: string;
  readonly #client: pg.Client;
  #acknowledged = 0;
  #sent = 0;
  #isTold = false;
  readonly #ended: Promise<void>;

  private constructor(database: string, client: pg.Client) {
    this.#database = database;
    this.#client = client;
    this.#ended = this.#run();
  }

  static async start(cluster: PatroniTestCluster, database: string): Promise<Load> {
    const leader = await cluster.leader();
    const client = await leader.connect(database);
    await client.query('CREATE SCHEMA load; CREATE TABLE load.rows (id int PRIMARY KEY, filler text)');
    return new Load(database, client);
  }

  get database(): string {
    return this.#database;
  }

  get mark(): LoadMark {
    return { acknowledged: this.#acknowledged, sent: this.#sent };
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isTold) {
        this.#sent += 1;
        await this.#client.query("INSERT INTO load.rows VALUES ($1, repeat('x', 200))", [this.#sent]);
        this.#acknowledged = this.#sent;
        await sleep(20);
      }
    } catch {
      // The server has stopped: that is what a cutover does.
    }
  }

  /** Ends it. @returns how far it came. */
  async stop(): Promise<LoadMark> {
    this.#isTold = true;
    await this.#ended;
    await this.#client.end().catch(() => {});
    return this.mark;
  }
}

/** What is wrong with the rows of a server, of which `least` must be there and none above `most`; they have no gap. */
export async function loadDifferences(client: pg.Client, least: number, most: number): Promise<string[]> {
  const { rows } = await client.query<{ n: number; top: number }>(
    'SELECT count(*)::int AS n, coalesce(max(id), 0) AS top FROM load.rows',
  );
  const { n, top } = rows[0] ?? { n: -1, top: -1 };
  if (n !== top) return [`the load has ${n} rows up to ${top}: there is a gap`];
  return n < least || n > most ? [`the load has ${n} rows, not ${least} to ${most}`] : [];
}
