/**
 * What the statements of the history workload are made of: SQL, and what to note down of the server's answer.
 *
 * A whole transaction goes to the server as one or two messages, so nothing that is sent may depend on an answer.
 *
 * @module
 */

import type pg from 'pg';

import type { Ledger } from './history-ledger.ts';
import type { Random } from './random.ts';

/** The answer to one statement. */
export type Answer = pg.QueryResult<Record<string, unknown>>;

/** One statement. */
export interface Statement {
  readonly sql: string;
  readonly note?: (answer: Answer, ledger: Ledger) => void;
}

/** What a family of statements makes them from. */
export interface Maker {
  readonly random: Random;
  readonly major: number;
  /** Rows of shared tables belong to one session each: it alone changes them. */
  readonly owner: number;
  /** A key that no other session uses. */
  readonly nextKey: () => number;
  /** A condition that some of the session's own rows meet. */
  readonly ownRows: () => string;
  /** Folder with the files that COPY reads: `rows-<count>`. */
  readonly copyFolder: string;
  /** The transaction will be prepared: temporary tables are forbidden in it. */
  readonly isToBePrepared: boolean;
}

/** A family: some statements that belong together, in one transaction. */
export type Family = (maker: Maker) => readonly Statement[];

/** Rows that a command reported. */
export function rowCount(answer: Answer): number {
  if (answer.rowCount === null) throw new Error(`${answer.command} reported no rows`);
  return answer.rowCount;
}

/** A number in the first row of an answer. */
export function numberIn(answer: Answer, column: string): number {
  const value = Number(answer.rows[0]?.[column]);
  if (!Number.isFinite(value)) throw new Error(`${answer.command} reported no ${column}`);
  return value;
}

/** A statement whose reported rows are counted as one kind of change to one table. */
export function counted(sql: string, table: string, kind: 'inserted' | 'updated' | 'deleted'): Statement {
  return { sql, note: (answer, ledger) => ledger.add(table, { [kind]: rowCount(answer) }) };
}

/** Counts a number that an answer gives once the statement behind it has been done. */
export function remembered(): { readonly set: (value: number) => void; readonly get: () => number } {
  let kept: number | undefined;
  return {
    set: (value) => {
      kept = value;
    },
    get: () => {
      if (kept === undefined) throw new Error('nothing was asked before');
      return kept;
    },
  };
}
