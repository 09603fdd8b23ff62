/**
 * Checks of a standing rehearsal: in place, or on a copy that may be written.
 *
 * @module
 */

import { runChecks, type Check, type CheckResult } from './checks.ts';
import { during } from './recover.ts';
import type { RecoveryContext } from './recovery-context.ts';
import { replayToTarget } from './replay-to-target.ts';
import { withWritableCopy } from './writable-copy.ts';

/** What to check, where. */
export interface ChecksRequest {
  readonly checks: readonly Check[];
  readonly database: string;
  readonly isWritable: boolean;
}

/** Runs them. @throws {Failure} `refused` if the rehearsal does not stand at its target. */
export async function checkRehearsal(context: RecoveryContext, request: ChecksRequest): Promise<CheckResult[]> {
  const { checks, database } = request;
  const { signal } = context.uses;
  const rest = { checks, database, ...(signal === undefined ? {} : { signal }) };
  return during(context, 'check', async () => {
    if (request.isWritable) return withWritableCopy(context, (server) => runChecks({ server, ...rest }));
    const { server } = await replayToTarget(context);
    return runChecks({ server, ...rest });
  });
}
