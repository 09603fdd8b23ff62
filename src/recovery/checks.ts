/**
 * Checks: statements that say whether the moment is the right one. Reading ones run in the rehearsal while it is paused;
 * writing ones (pgTAP among them) on a promoted copy that is thrown away.
 *
 * A check passes when its statements run, no `bool` it returns is false, and what is TAP says ok.
 *
 * @module
 */

import { connect, sqlStateOf, type Connection, type Row } from '../instance/connection.ts';
import { messageOf } from '../base/failure.ts';
import { privateConnection, type PrivateServer } from '../instance/private-server.ts';
import { parseTap, tapProblems } from './tap.ts';

/** One check. */
export interface Check {
  /** A file's name, or the statement itself. */
  readonly name: string;
  readonly sql: string;
}

/** What came of it. */
export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  /** Why it failed, a line each; empty when it passed. */
  readonly problems: readonly string[];
  /** Assertions in TAP output, 0 when there was none. */
  readonly assertions: number;
  /** The last statement's rows, at most {@link MOST_ROWS}. */
  readonly rows: readonly Row[];
}

const MOST_ROWS = 200;
const LOCK_TIMEOUT_MS = 5000;
const STATEMENT_TIMEOUT_MS = 300_000;
const LOCK_NOT_AVAILABLE = '55P03';
const READ_ONLY = '25006';

/** Where to run checks. */
export interface ChecksRun {
  readonly server: PrivateServer;
  readonly database: string;
  readonly checks: readonly Check[];
  readonly signal?: AbortSignal;
}

/** The first column of one row is the usual form: `select count(*) = 50288 from orders`. */
function falseColumns(rows: readonly Row[]): string[] {
  return rows.flatMap((row) =>
    Object.entries(row)
      .filter(([, value]) => value === 'f')
      .map(([column]) => `${column} is false`),
  );
}

function resultOf(name: string, rows: readonly Row[]): CheckResult {
  const texts = rows.flatMap((row) => Object.values(row).flatMap((value) => value ?? []));
  const tap = parseTap(texts);
  const problems = tap === undefined ? falseColumns(rows) : tapProblems(tap);
  return {
    name,
    passed: problems.length === 0,
    problems,
    assertions: tap?.assertions.length ?? 0,
    rows: rows.slice(0, MOST_ROWS),
  };
}

function failureOf(name: string, error: unknown): CheckResult {
  const state = sqlStateOf(error);
  const because = new Map([
    [
      LOCK_NOT_AVAILABLE,
      "the table is locked by the target's own transaction (TRUNCATE, DROP or ALTER, replayed but not committed there): step on to behind it, or run the check on a copy with --writable",
    ],
    [READ_ONLY, 'it writes, and the rehearsal is paused and read-only: run it on a promoted copy with --writable'],
  ]).get(state ?? '');
  const problems = [messageOf(error), ...(because === undefined ? [] : [because])];
  return { name, passed: false, problems, assertions: 0, rows: [] };
}

async function runCheck(connection: Connection, { name, sql }: Check): Promise<CheckResult> {
  try {
    return resultOf(name, await connection.query(sql));
  } catch (error) {
    return failureOf(name, error);
  }
}

/**
 * Runs checks, each in a connection of its own. A failed one is a result, not an exception.
 *
 * @throws {Failure} `unavailable` if the server does not answer at all.
 */
export async function runChecks(run: ChecksRun): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of run.checks) {
    run.signal?.throwIfAborted();
    await using connection = await connect(privateConnection(run.server, run.database));
    await connection.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}; set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    results.push(await runCheck(connection, check));
  }
  return results;
}
