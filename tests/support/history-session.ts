/**
 * A session of the history workload: runs one random transaction after the other and puts down what each did.
 *
 * @module
 */

import type pg from 'pg';

import { NO_RELATIONS, type OwnRelations } from './history-definitions.ts';
import type { Ledger, OracleOutcome, OracleTransaction } from './history-ledger.ts';
import { ROW_FAMILIES } from './history-rows.ts';
import type { Answer, Maker } from './history-statement.ts';
import { linesOf, planInsert, planTransaction, send, settle, type PlannedTransaction } from './history-transaction.ts';
import type { Random } from './random.ts';

const ABORT_SHARE = 0.12;
const PREPARE_SHARE = 0.06;
const XID = 'SELECT pg_current_xact_id_if_assigned()::text AS xid';
/** Room for so many sessions: keys of one are equal to its number modulo this. */
export const KEYS_STEP = 16;

/** What a session is given. */
export interface SessionOptions {
  readonly number: number;
  readonly random: Random;
  readonly major: number;
  readonly database: string;
  readonly copyFolder: string;
  /** Takes what was done. */
  readonly put: (done: OracleTransaction) => void;
}

/** A transaction as it stands before its end. */
interface Open {
  readonly plan: PlannedTransaction;
  readonly ledger: Ledger;
  readonly goneXids: ReadonlySet<number>;
  /** `undefined`: it wrote nothing. */
  readonly xid: number | undefined;
}

/** Runs transactions on one connection. */
export class HistorySession {
  client: pg.Client;
  readonly #options: SessionOptions;
  #relations: OwnRelations = NO_RELATIONS;
  #keys = 0;
  #tables = 0;
  #prepared = 0;

  constructor(client: pg.Client, options: SessionOptions) {
    this.client = client;
    this.#options = options;
  }

  get database(): string {
    return this.#options.database;
  }

  /** One transaction, to its end. One that is prepared has some others before its end. */
  async run(): Promise<void> {
    const { random } = this.#options;
    if (random.chance(PREPARE_SHARE)) {
      const finish = await this.prepare();
      for (let left = random.between(0, 2); left > 0; left--) await this.insert();
      await finish(random.chance(0.7) ? 'commitPrepared' : 'abortPrepared');
    } else await this.#end(await this.#begin(this.#plan(false)), random.chance(ABORT_SHARE) ? 'abort' : 'commit');
  }

  /** One that only adds rows. */
  async insert(): Promise<void> {
    await this.#end(await this.#begin(this.#planInsert()), 'commit');
  }

  /** Begins one that only adds rows, and leaves it open; it is put down as never ended. */
  async leaveOpen(): Promise<void> {
    this.#put(await this.#begin(this.#planInsert()), 'open', undefined);
  }

  /** Prepares one; what is returned ends it, or leaves it prepared for good (`open`). */
  async prepare(onlyInserts = false): Promise<(outcome: OracleOutcome) => Promise<void>> {
    const open = await this.#begin(onlyInserts ? this.#planInsert() : this.#plan(true));
    if (open.xid === undefined) {
      await this.client.query('COMMIT');
      return async () => {};
    }
    const gid = `history ${this.#options.number} ${++this.#prepared}`;
    await this.client.query(`PREPARE TRANSACTION '${gid}'`);
    return async (outcome) => {
      if (outcome !== 'open')
        await this.client.query(`${outcome === 'commitPrepared' ? 'COMMIT' : 'ROLLBACK'} PREPARED '${gid}'`);
      if (outcome === 'commitPrepared') this.#relations = open.plan.relations;
      this.#put(open, outcome, gid);
    };
  }

  #maker(isToBePrepared: boolean): Maker {
    const { random, number, major, copyFolder } = this.#options;
    return {
      random,
      major,
      owner: number,
      copyFolder,
      isToBePrepared,
      nextKey: () => ++this.#keys * KEYS_STEP + number,
      ownRows: () => {
        const from = random.between(0, this.#keys) * KEYS_STEP;
        return `owner = ${number} AND id BETWEEN ${from} AND ${from + random.between(1, 24) * KEYS_STEP}`;
      },
    };
  }

  #plan(isToBePrepared: boolean): PlannedTransaction {
    const nextTable = () => `shop.own_${this.#options.number}_${++this.#tables}`;
    return planTransaction(this.#maker(isToBePrepared), this.#relations, nextTable);
  }

  #planInsert(): PlannedTransaction {
    const [first] = ROW_FAMILIES;
    if (first === undefined) throw new Error('there is no family of inserts');
    return planInsert(this.#maker(true), first.family, this.#relations);
  }

  /** Sends all of a transaction but its end; in two messages now and then, so that others come between. */
  async #begin(plan: PlannedTransaction): Promise<Open> {
    const lines = ['BEGIN', ...linesOf(plan), XID];
    const cut = this.#options.random.chance(0.35) ? this.#options.random.between(1, lines.length - 1) : lines.length;
    const answers: Answer[] = [];
    for (const part of [lines.slice(0, cut), lines.slice(cut)]) {
      if (part.length > 0) answers.push(...(await this.#send(part)));
    }
    const text = answers.at(-1)?.rows[0]?.['xid'];
    const { ledger, goneXids } = settle(plan, answers.slice(1, -1));
    return { plan, ledger, goneXids, xid: typeof text === 'string' ? Number(BigInt(text) & 0xffffffffn) : undefined };
  }

  async #send(lines: readonly string[]): Promise<Answer[]> {
    try {
      return await send(this.client, lines);
    } catch (error) {
      throw new Error(`session ${this.#options.number}: ${lines.join(';\n')}`, { cause: error });
    }
  }

  async #end(open: Open, outcome: 'commit' | 'abort'): Promise<void> {
    await this.client.query(outcome === 'commit' ? 'COMMIT' : 'ROLLBACK');
    if (outcome === 'commit') this.#relations = open.plan.relations;
    this.#put(open, outcome, undefined);
  }

  #put({ plan, ledger, goneXids, xid }: Open, outcome: OracleOutcome, gid: string | undefined): void {
    if (xid === undefined) {
      if (ledger.rows.size + ledger.definitions.length > 0) throw new Error('it changed something without a number');
      return;
    }
    this.#options.put({
      xid,
      database: this.database,
      outcome,
      gid,
      rows: ledger.rows,
      definitions: ledger.definitions,
      keptSubxids: [...ledger.xids].filter((one) => one !== xid),
      goneSubxids: [...goneXids],
      sql: linesOf(plan),
    });
  }
}
