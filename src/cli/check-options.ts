/**
 * The options that name checks, and running them in a standing rehearsal.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../base/failure.ts';
import type { Check, CheckResult } from '../recovery/checks.ts';
import type { RecoveryContext } from '../recovery/recovery-context.ts';
import { checkRehearsal, type ChecksRequest } from '../recovery/check-rehearsal.ts';
import { countOf } from './output/format.ts';
import { flag, path, repeated, text } from './options.ts';
import type { Session } from './session.ts';

/** For the `options` of a command. */
export const CHECK_OPTIONS = {
  sql: repeated(text('A statement to check the rehearsal with; a false it returns fails', 'SQL')),
  check: repeated(path('A file of statements to check the rehearsal with, pgTAP too')),
  checkDatabase: text('The database to run checks in; postgres unless told', 'DATABASE'),
  writable: flag('Run checks on a promoted copy that is thrown away, so that they can write'),
} as const;

/** What the command was given. */
export interface GivenChecks {
  readonly sql: readonly string[];
  readonly check: readonly string[];
  readonly checkDatabase: string | undefined;
  readonly writable: boolean;
}

async function readCheck(file: string): Promise<Check> {
  const sql = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Failure('usage', {
      message: `cannot read the check ${file}: ${messageOf(error)}`,
      remedy: 'Name a file of SQL statements.',
      cause: error,
    });
  });
  return { name: file, sql };
}

/** What was given, with the files read. */
export async function checksFrom({ sql, check, checkDatabase, writable }: GivenChecks): Promise<ChecksRequest> {
  const checks = [...sql.map((one) => ({ name: one, sql: one })), ...(await Promise.all(check.map(readCheck)))];
  return { checks, database: checkDatabase ?? 'postgres', isWritable: writable };
}

/** Runs what was given in a rehearsal of this host. */
export async function runGivenChecks(
  context: RecoveryContext,
  given: GivenChecks,
  session: Session,
): Promise<readonly CheckResult[]> {
  return runChecksBy((checks) => checkRehearsal(context, checks), await checksFrom(given), session);
}

/** Runs them, in order. None given: none run. @param run in a standing rehearsal, wherever that is. */
export async function runChecksBy(
  run: (checks: ChecksRequest) => Promise<readonly CheckResult[]>,
  request: ChecksRequest,
  session: Session,
): Promise<readonly CheckResult[]> {
  const { checks } = request;
  if (checks.length === 0) return [];
  session.reporter.begin('check', countOf(checks.length, 'check'));
  const results = await run(request);
  const failed = results.filter(({ passed }) => !passed).length;
  if (failed === 0) session.reporter.finish('check', `${results.length} passed`);
  else session.reporter.fail('check', `${failed} of ${results.length} failed`);
  return results;
}
