/**
 * A written cluster with transactions of every kind that "just before it" must be right about, and what must be there.
 *
 * Beside the workload, and only while none of its transactions can commit, an extra session makes transactions with
 * subtransactions, some prepared early and committed late, and databases that are dropped.
 *
 * @module
 */

import type pg from 'pg';

import type { Change, OracleCommit } from '../../../tests/support/oracle.ts';
import { seededRandom, type Random } from '../../../tests/support/random.ts';
import type { Recoverable } from '../../../tests/support/recoverable.ts';
import { writeCluster, type WrittenCluster } from '../targets/written-cluster.ts';

export const MARK_KINDS = ['plain', 'subtransaction', 'prepared', 'definition', 'dropDatabase'] as const;

/** A transaction, and what must be there just before it. */
export interface Mark {
  readonly kind: (typeof MARK_KINDS)[number] | 'rolledBackSubtransaction';
  /** What the operator gives: for `subtransaction` the number of one. */
  readonly xid: number;
  /** How many commits are there just before it. */
  readonly commits: number;
  /** The database that it dropped. */
  readonly database: string | undefined;
}

/** The cluster. Its commits are those of the workload and of the extra session, in order. */
export interface MarkedCluster extends WrittenCluster {
  readonly marks: readonly Mark[];
}

/** Rows of the table in a database that is dropped. */
export const ROWS_IN_DROPPED = 7;
const EXTRAS = 'extras';
/** After so many commits, or just behind, a database is dropped. */
const DROPS_AFTER: readonly number[] = [15, 60, 105];
const SUBTRANSACTION_SHARE = 0.2;
const PREPARE_SHARE = 0.25;
const FINISH_SHARE = 0.3;

async function only(client: pg.Client, text: string): Promise<string> {
  const { rows } = await client.query<Record<string, string>>(text);
  const [value] = Object.values(rows[0] ?? {});
  if (value === undefined) throw new Error(`no answer to ${text}`);
  return value;
}

const put = (id: number): Change => ({ kind: 'put', table: EXTRAS, id, row: ['extra'] });
const TOP_XID = 'SELECT pg_current_xact_id()::xid::text AS xid';

/** The extra session. */
class ExtraSession {
  readonly commits: OracleCommit[] = [];
  readonly marks: Mark[] = [];
  readonly #client: pg.Client;
  readonly #random: Random;
  #nextId = 1;
  #drops = 0;
  #pending: { readonly gid: string; readonly xid: number; readonly id: number; readonly commits: number } | undefined;

  readonly #fill: (database: string) => Promise<void>;

  /** @param fill makes the table `inside` in a database. */
  constructor(client: pg.Client, random: Random, fill: (database: string) => Promise<void>) {
    this.#client = client;
    this.#random = random;
    this.#fill = fill;
  }

  async begin(): Promise<void> {
    await this.#client.query(`CREATE TABLE ${EXTRAS} (id bigint PRIMARY KEY, what text)`);
    this.#commit(0, [{ kind: 'createTable', table: EXTRAS }]);
  }

  /** Takes over a commit of the workload. */
  take(commit: OracleCommit): void {
    const isDefinition = commit.changes.some(({ kind }) => kind !== 'put' && kind !== 'remove');
    this.#mark(isDefinition ? 'definition' : 'plain', commit.xid);
    this.commits.push(commit);
  }

  async next(): Promise<void> {
    // More than one commit may have come since the last time.
    if (this.commits.length >= (DROPS_AFTER[this.#drops] ?? Number.POSITIVE_INFINITY)) await this.#dropDatabase();
    if (this.#random.chance(SUBTRANSACTION_SHARE)) await this.#subtransactions();
    if (this.#pending !== undefined) {
      if (this.#random.chance(FINISH_SHARE)) await this.#finish();
    } else if (this.#random.chance(PREPARE_SHARE)) await this.#prepare();
  }

  async end(): Promise<void> {
    if (this.#pending !== undefined) await this.#finish();
    await this.#client.end();
  }

  #mark(kind: Mark['kind'], xid: number, given: Partial<Mark> = {}): void {
    this.marks.push({ kind, xid, commits: this.commits.length, database: undefined, ...given });
  }

  #commit(xid: number, changes: readonly Change[]): void {
    this.commits.push({ xid, timeUs: 0n, lsnBefore: '0/0', lsnAfter: '0/0', restorePoint: undefined, changes });
  }

  /** One of its savepoints is rolled back. Both have written. */
  async #subtransactions(): Promise<void> {
    const ids = [this.#nextId++, this.#nextId++];
    const insert = (id: number) => `INSERT INTO ${EXTRAS} VALUES (${id}, 'extra') RETURNING xmin::text`;
    await this.#client.query('BEGIN');
    await this.#client.query(insert(ids[0] ?? 0));
    await this.#client.query('SAVEPOINT gone');
    const gone = Number(await only(this.#client, insert(this.#nextId++)));
    await this.#client.query('ROLLBACK TO gone; SAVEPOINT kept; SAVEPOINT deeper');
    const kept = Number(await only(this.#client, insert(ids[1] ?? 0)));
    const xid = Number(await only(this.#client, TOP_XID));
    await this.#client.query('COMMIT');
    this.#mark('rolledBackSubtransaction', gone);
    this.#mark('subtransaction', kept);
    this.#commit(xid, ids.map(put));
  }

  async #prepare(): Promise<void> {
    const id = this.#nextId++;
    const gid = `extra ${id}`;
    await this.#client.query('BEGIN');
    await this.#client.query(`INSERT INTO ${EXTRAS} VALUES (${id}, 'extra')`);
    const xid = Number(await only(this.#client, TOP_XID));
    const commits = this.commits.length;
    await this.#client.query(`PREPARE TRANSACTION '${gid}'`);
    this.#pending = { gid, xid, id, commits };
  }

  async #finish(): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    await this.#client.query(`COMMIT PREPARED '${pending.gid}'`);
    this.#mark('prepared', pending.xid, { commits: pending.commits });
    this.#commit(pending.xid, [put(pending.id)]);
    this.#pending = undefined;
  }

  async #dropDatabase(): Promise<void> {
    this.#drops += 1;
    const database = `dropped_${this.commits.length}`;
    await this.#client.query(`CREATE DATABASE ${database}`);
    await this.#fill(database);
    const fromXid = await only(this.#client, 'SELECT pg_snapshot_xmax(pg_current_snapshot())::text');
    await this.#client.query(`DROP DATABASE ${database}`);
    // Nothing else can have committed meanwhile.
    const xid = await only(
      this.#client,
      `SELECT (x & 4294967295)::text AS xid
        FROM generate_series(${fromXid}, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1) AS x
        WHERE pg_xact_status(x::text::xid8) = 'committed'`,
    );
    this.#mark('dropDatabase', Number(xid), { database });
  }
}

async function openExtraSession({ server }: Recoverable, random: Random): Promise<ExtraSession> {
  const table = `CREATE TABLE inside AS SELECT generate_series(1, ${ROWS_IN_DROPPED}) AS n`;
  return new ExtraSession(await server.connect(), random, async (database) => void (await server.sql(table, database)));
}

/** Writes one. */
export async function writeMarkedCluster(major: number, seed: number): Promise<MarkedCluster> {
  let session: ExtraSession | undefined;
  const written = await writeCluster(major, seed, {
    onCommit: async (commits, live) => {
      const isFirst = session === undefined;
      session ??= await openExtraSession(live, seededRandom(seed + 1));
      for (const commit of isFirst ? commits : commits.slice(-1)) session.take(commit);
      if (isFirst) await session.begin();
      await session.next();
    },
    onEnd: async () => session?.end(),
  });
  if (session === undefined) throw new Error('the workload committed nothing');
  return { ...written, commits: session.commits, marks: session.marks };
}
