/**
 * A random workload of several sessions in two databases, with an oracle of what each transaction did as SQL reported it.
 *
 * Sessions change disjoint rows, so they never wait for each other's rows, but share tables, pages and WAL. Between
 * them come maintenance, races, and stops of the server. Needs `max_prepared_transactions` above the number of sessions.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { HistorySession } from './history-session.ts';
import type { OracleSolo, OracleTransaction } from './history-ledger.ts';
import { SCHEMA_SQL } from './history-schema.ts';
import { runRace, runSolo } from './history-solo.ts';
import type { TestServer } from './postgres.ts';
import { seededRandom, type Random } from './random.ts';
import { SharedTurns } from './shared-turns.ts';

/** What the workload did. */
export interface History {
  readonly transactions: readonly OracleTransaction[];
  readonly solos: readonly OracleSolo[];
}

/** How much is done, and of what. */
export interface HistoryOptions {
  readonly server: TestServer;
  readonly seed: number;
  /** Transactions with a number to put down, at least. */
  readonly transactions: number;
  /** Stop the server in the middle: `immediate` as a crash. */
  readonly stop?: 'fast' | 'immediate' | undefined;
}

/** The second has every relation under the same number as the first where it is made as its copy. */
export const DATABASES = ['shop one', 'shop two'] as const;
const SESSIONS_PER_DATABASE = 3;
const SOLO_SHARE = 0.025;
const RACE_SHARE = 0.012;

/** Makes the databases and their tables. `isCopied`: the second is a copy of the first. */
export async function createHistorySchema(server: TestServer, isCopied: boolean): Promise<void> {
  const [first, second] = DATABASES;
  await server.sql(`CREATE DATABASE "${first}"`);
  await server.sql(SCHEMA_SQL, first);
  await server.sql(`CREATE DATABASE "${second}"${isCopied ? ` TEMPLATE "${first}"` : ''}`);
  if (!isCopied) await server.sql(SCHEMA_SQL, second);
}

async function writeCopyFiles(folder: string): Promise<void> {
  const rows = (count: number) => Array.from({ length: count }, (_, n) => `${n}\t${'c'.repeat(n % 90)}\n`).join('');
  for (const count of [1, 3, 40, 700]) await writeFile(join(folder, `rows-${count}`), rows(count));
  await writeFile(join(folder, 'events-low'), '0\t-1\t3\tcopied\n0\t-1\t9\tcopied\n');
}

class RunningHistory {
  readonly transactions: OracleTransaction[] = [];
  readonly solos: OracleSolo[] = [];
  readonly #options: HistoryOptions;
  readonly #random: Random;
  readonly #turns = new SharedTurns();
  #sessions: HistorySession[] = [];
  #soloCount = 0;
  #hasStopped = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  async open(): Promise<void> {
    const { server } = this.#options;
    await writeCopyFiles(server.root);
    for (let number = 0; number < DATABASES.length * SESSIONS_PER_DATABASE; number++) {
      const database = DATABASES[number % DATABASES.length] ?? DATABASES[0];
      const random = seededRandom(this.#random.between(1, 2 ** 31));
      const { major, root: copyFolder } = server;
      const put = (done: OracleTransaction): void => void this.transactions.push(done);
      this.#sessions.push(
        new HistorySession(await server.connect(database), { number, random, major, database, copyFolder, put }),
      );
    }
  }

  async run(): Promise<void> {
    const goal = this.#options.transactions;
    await Promise.all(
      this.#sessions.map(async (session) => {
        while (this.transactions.length < goal) {
          await this.#turns.shared(async () => session.run());
          await this.#between(session);
        }
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map(({ client }) => client.end()));
  }

  /** What comes between two transactions of a session, if anything. */
  async #between(session: HistorySession): Promise<void> {
    const { stop, transactions } = this.#options;
    const roll = this.#random.next();
    if (stop !== undefined && !this.#hasStopped && this.transactions.length * 2 > transactions) {
      this.#hasStopped = true;
      await this.#turns.alone(async () => this.#restart(stop));
    } else if (roll < SOLO_SHARE) await this.#turns.alone(async () => this.#solo(session));
    else if (roll < SOLO_SHARE + RACE_SHARE) await this.#turns.alone(async () => this.#race(session.database));
  }

  async #solo({ client, database }: HistorySession): Promise<void> {
    this.solos.push(await runSolo(client, database, this.#random, ++this.#soloCount));
  }

  async #race(database: string): Promise<void> {
    const clients = this.#sessions.filter((one) => one.database === database).map(({ client }) => client);
    const key = ++this.#soloCount;
    this.transactions.push(...(await runRace(clients, database, key, this.#random.chance(0.6))));
  }

  /** One transaction is open and another prepared when the server stops; the prepared one ends afterwards. */
  async #restart(mode: 'fast' | 'immediate'): Promise<void> {
    const { server } = this.#options;
    const [prepares, leavesOpen, flushes] = this.#sessions;
    if (prepares === undefined || leavesOpen === undefined || flushes === undefined)
      throw new Error('too few sessions');
    const finish = await prepares.prepare(true);
    await leavesOpen.leaveOpen();
    await flushes.insert();
    await server.stop(mode);
    await server.start();
    for (const session of this.#sessions) session.client = await server.connect(session.database);
    await finish('commitPrepared');
  }
}

/** Runs it. The tables must be there. */
export async function writeHistory(options: HistoryOptions): Promise<History> {
  const running = new RunningHistory(options);
  await running.open();
  try {
    await running.run();
  } finally {
    await running.close();
  }
  return { transactions: running.transactions, solos: running.solos };
}
