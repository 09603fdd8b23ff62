/**
 * Proof that the live server is the one that was meant: out of recovery, on the timeline that was opened for it, taking
 * writes, with the passwords that Patroni uses where it runs it. That it runs proves none of these.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { queryText } from '../instance/connection.ts';
import { writtenTimeline } from '../instance/written-timeline.ts';
import type { StepFacts } from './journal.ts';
import type { RecoveryContext } from './recovery-context.ts';
import { wrongPasswords } from './set-passwords.ts';

/**
 * Asks the live server, and commits one small WAL record there. It is started if it does not run: the machine may have died
 * since it was.
 *
 * The commit does not wait for replicas: they may be of the line that was left.
 *
 * @throws {Failure} `failed` if it is in recovery, on another timeline, or read-only.
 */
export async function verifyLive({ uses, plan }: RecoveryContext, timeline: number): Promise<StepFacts> {
  await uses.cluster.start();
  await using connection = await uses.cluster.connect();
  if ((await queryText(connection, 'select pg_is_in_recovery()')) === 't') throw wrong(plan.id, 'it is in recovery');
  const found = await writtenTimeline(connection);
  if (found !== timeline) throw wrong(plan.id, `it is on timeline ${found}, not ${timeline}`);
  await connection.query("set synchronous_commit = 'local'; set default_transaction_read_only = off");
  await connection.query(`select pg_logical_emit_message(true, 'walkback', 'recovery ${plan.id}')`);
  const wrongFor = await wrongPasswords(connection, uses.cluster.patroni?.neededRoles() ?? []);
  if (wrongFor.length > 0)
    throw wrong(plan.id, `the password of ${wrongFor.join(', ')} is not the one that Patroni uses`);
  return { timeline: found };
}

function wrong(id: string, found: string): Failure {
  return new Failure('failed', {
    message: `cannot call recovery ${id} done: the live server answers, but ${found}`,
    remedy: `Look at its log. To go back:  walkback undo ${id}`,
  });
}
