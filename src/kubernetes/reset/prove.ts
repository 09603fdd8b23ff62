/**
 * Proof that what leads is the cluster that was meant: the new one of a reset, or the old one of its undo. It takes a commit.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { queryText } from '../../instance/connection.ts';
import { quoteLiteral } from '../../instance/quote-sql.ts';
import { writtenTimeline } from '../../instance/written-timeline.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import { awaitLeader } from '../recover/await-leader.ts';
import { firstPod } from '../recover/open-steps.ts';
import { connectToPod, podServer } from '../recover/pod-server.ts';
import type { PatroniState } from '../recover/patroni-objects.ts';
import type { ResetContext } from './context.ts';

function wrong(context: ResetContext, found: string): Failure {
  const { id } = context.plan.recovery;
  return new Failure('failed', {
    message: `cannot call reset ${id} done: ${firstPod(context)} answers, but ${found}`,
    remedy: `Look at its log. To go back:  walkback undo ${id}`,
  });
}

/** Of a new cluster roles are made before it is initialised, and before anybody leads. */
async function untilLeads(context: ResetContext): Promise<void> {
  const { patroni } = context.plan.swap;
  if (patroni === null) return;
  const isInitialised = (state: PatroniState): boolean => (state.initialize ?? '') !== '';
  const isSettled = (state: PatroniState): boolean => state.leader !== firstPod(context) || isInitialised(state);
  const state = await awaitLeader(context, patroni, { isSettled });
  if (state.leader !== firstPod(context)) throw wrong(context, `Patroni has ${state.leader ?? 'nobody'} as its leader`);
  if (!isInitialised(state)) throw wrong(context, 'Patroni has not initialised it');
}

/** What the first pod says of itself, once it has taken a commit. */
async function askFirst(context: ResetContext): Promise<{ readonly system: string; readonly facts: StepFacts }> {
  const { plan } = context;
  await untilLeads(context);
  await using connection = await connectToPod(podServer(context), firstPod(context));
  if ((await queryText(connection, 'select pg_is_in_recovery()')) === 't') throw wrong(context, 'it is in recovery');
  const system = await queryText(connection, 'select system_identifier::text from pg_control_system()');
  await connection.query("set synchronous_commit = 'local'; set default_transaction_read_only = off");
  await connection.query(
    `select pg_logical_emit_message(true, 'walkback', ${quoteLiteral(`reset ${plan.recovery.id}`)})`,
  );
  const position = await queryText(connection, 'select pg_current_wal_lsn()::text');
  return { system, facts: { system, timeline: await writtenTimeline(connection), position } };
}

/** It is a cluster that there was not before. */
export async function proveNew(context: ResetContext): Promise<StepFacts> {
  const { system, facts } = await askFirst(context);
  if (system === context.plan.reset.systemIdentifier) throw wrong(context, `it is the system from before, ${system}`);
  return facts;
}

/** It is the cluster from before. */
export async function proveOld(context: ResetContext): Promise<StepFacts> {
  const { system, facts } = await askFirst(context);
  const { systemIdentifier } = context.plan.reset;
  if (systemIdentifier !== null && system !== systemIdentifier)
    throw wrong(context, `it is system ${system}, and not ${systemIdentifier}, the one from before`);
  return facts;
}
