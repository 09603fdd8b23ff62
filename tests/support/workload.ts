/**
 * A concurrent workload with an oracle: several sessions with overlapping transactions, savepoints released and rolled
 * back, whole transactions rolled back, prepared transactions, DDL, TRUNCATE, large inserts and TOASTed values.
 *
 * Sessions own disjoint keys and tables, so that effects compose; one transaction commits at a time, so that the order
 * of commits is known without asking. Needs `track_commit_timestamp = on` and `max_prepared_transactions` above the
 * number of sessions.
 *
 * @module
 */

import type pg from 'pg';

import type { OracleCommit } from './oracle.ts';
import { seededRandom, type Random } from './random.ts';
import { emptyView, WorkloadSession, type OwnView } from './workload-session.ts';

/** What a workload runs on, and how much of it. */
export interface WorkloadOptions {
  readonly seed: number;
  readonly sessions: number;
  readonly connect: () => Promise<pg.Client>;
  /** Called after each commit with all so far, while no other transaction can commit: may take a backup, switch WAL … */
  readonly onCommit?: (commits: readonly OracleCommit[]) => Promise<void> | void;
}

const SHARED_TABLES = ['accounts', 'orders', 'events'] as const;
/** One commit in so many is followed by a restore point. */
const RESTORE_POINT_SHARE = 0.1;
const ROLLBACK_SHARE = 0.15;
const PREPARE_SHARE = 0.08;

/** Lets one at a time through, in order of asking. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}

async function only(client: pg.Client, text: string): Promise<string> {
  const { rows } = await client.query<Record<string, string>>(text);
  const [row] = rows;
  const [value] = Object.values(row ?? {});
  if (value === undefined) throw new Error(`no answer to ${text}`);
  return value;
}

const INSERT_LSN = 'SELECT pg_current_wal_insert_lsn()::text AS lsn';

/** Commits what is open on the session and says everything about it. */
async function commit(
  session: WorkloadSession,
  view: OwnView,
  random: Random,
  sequence: number,
): Promise<OracleCommit> {
  const { client } = session;
  const xid = await only(client, 'SELECT pg_current_xact_id()::xid::text AS xid');
  const gid = random.chance(PREPARE_SHARE) ? `gid_${sequence}_${xid}` : undefined;
  if (gid !== undefined) await client.query(`PREPARE TRANSACTION '${gid}'`);
  const lsnBefore = await only(client, INSERT_LSN);
  // A record of its own between the position and the commit: a target at the position has something to stop at.
  await client.query(gid === undefined ? 'SELECT 1' : "SELECT pg_logical_emit_message(false, 'oracle', 'prepared')");
  await client.query(gid === undefined ? 'COMMIT' : `COMMIT PREPARED '${gid}'`);
  const timeUs = BigInt(
    await only(
      client,
      `SELECT (extract(epoch FROM pg_xact_commit_timestamp('${xid}'::xid)) * 1000000)::bigint::text AS us`,
    ),
  );
  const lsnAfter = await only(client, INSERT_LSN);
  const restorePoint = random.chance(RESTORE_POINT_SHARE) ? `point_${sequence}` : undefined;
  if (restorePoint !== undefined) await only(client, `SELECT pg_create_restore_point('${restorePoint}')::text AS lsn`);
  return { xid: Number(xid), timeUs, lsnBefore, lsnAfter, restorePoint, changes: view.changes };
}

async function createSharedTables(connect: WorkloadOptions['connect']): Promise<void> {
  const client = await connect();
  try {
    for (const name of SHARED_TABLES) await client.query(`CREATE TABLE ${name} (id bigint PRIMARY KEY, what text)`);
  } finally {
    await client.end();
  }
}

/** A workload that can be run in several stretches, with anything in between. */
export interface Workload {
  /** All commits so far, in order. */
  readonly commits: readonly OracleCommit[];
  /** Goes on until `commits` more transactions have committed. */
  run(commits: number): Promise<void>;
  /** Ends the sessions. */
  close(): Promise<void>;
}

class RunningWorkload implements Workload {
  readonly #options: WorkloadOptions;
  readonly #sessions: { session: WorkloadSession; view: OwnView; random: Random }[];
  readonly #commits: OracleCommit[];
  readonly #atomically = oneAtATime();

  constructor(options: WorkloadOptions, sessions: RunningWorkload['sessions'], first: OracleCommit) {
    this.#options = options;
    this.#sessions = sessions;
    this.#commits = [first];
  }

  get sessions(): { session: WorkloadSession; view: OwnView; random: Random }[] {
    return this.#sessions;
  }

  get commits(): readonly OracleCommit[] {
    return this.#commits;
  }

  async run(commits: number): Promise<void> {
    const goal = this.#commits.length + commits;
    await Promise.all(this.#sessions.map((one) => this.#runSession(one, goal)));
  }

  async #runSession(one: RunningWorkload['sessions'][number], goal: number): Promise<void> {
    while (this.#commits.length < goal) {
      const view = await one.session.writeTransaction(one.view);
      const rollsBack = one.random.chance(ROLLBACK_SHARE) || view.changes.length === 0;
      if (rollsBack) await one.session.client.query('ROLLBACK');
      else if (await this.#atomically(() => this.#commitUnlessDone(one, view, goal))) one.view = view;
    }
  }

  async #commitUnlessDone(one: RunningWorkload['sessions'][number], view: OwnView, goal: number): Promise<boolean> {
    if (this.#commits.length >= goal) {
      await one.session.client.query('ROLLBACK');
      return false;
    }
    this.#commits.push(await commit(one.session, view, one.random, this.#commits.length));
    await this.#options.onCommit?.(this.#commits);
    return true;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map(({ session }) => session.client.end()));
  }
}

/** The tables' creation, as the first commit of the oracle: three commits that nothing can come between. */
function creation(): OracleCommit {
  const changes = SHARED_TABLES.map((table) => ({ kind: 'createTable', table }) as const);
  return { xid: 0, timeUs: 0n, lsnBefore: '0/0', lsnAfter: '0/0', restorePoint: undefined, changes };
}

/** Makes the shared tables and opens the sessions; nothing else is written until `run`. */
export async function openWorkload(options: WorkloadOptions): Promise<Workload> {
  await createSharedTables(options.connect);
  const random = seededRandom(options.seed);
  const sessions: RunningWorkload['sessions'] = [];
  for (let number = 0; number < options.sessions; number++) {
    const own = seededRandom(random.between(1, 2 ** 31));
    const session = new WorkloadSession(own, await options.connect(), {
      number,
      sessions: options.sessions,
      firstKey: 1,
    });
    sessions.push({ session, view: emptyView(SHARED_TABLES), random: own });
  }
  return new RunningWorkload(options, sessions, creation());
}
