/**
 * Proof that what leads is the cluster that was meant: the new one of a reset, or the old one of its undo. It takes a commit.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../base/failure.ts';
import { queryText } from '../../instance/connection.ts';
import { quoteLiteral } from '../../instance/quote-sql.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import { firstPod } from '../recover/open-steps.ts';
import { connectToPod, podServer, timelineOf } from '../recover/pod-server.ts';
import { readPatroniState } from '../recover/patroni-objects.ts';
import type { ResetContext } from './context.ts';

const LEADS_MS = 300_000;
const POLL_MS = 500;

function wrong(context: ResetContext, found: string): Failure {
  const { id } = context.plan.recovery;
  return new Failure('failed', {
    message: `cannot call reset ${id} done: ${firstPod(context)} answers, but ${found}`,
    remedy: `Look at its log. To go back:  walkback undo ${id}`,
  });
}

/** A server answers before Patroni has the leader's lock: of a new cluster roles are made first. */
async function untilLeads(context: ResetContext): Promise<void> {
  const { uses, plan } = context;
  const { patroni } = plan.swap;
  if (patroni === null) return;
  const deadline = Date.now() + LEADS_MS;
  for (;;) {
    const { leader, initialize } = await readPatroniState(uses.api, patroni);
    if (leader === firstPod(context) && (initialize ?? '') !== '') return;
    if (leader !== undefined && leader !== firstPod(context))
      throw wrong(context, `Patroni has ${leader} as its leader`);
    if (Date.now() > deadline) throw wrong(context, 'Patroni has nobody as its leader');
    await sleep(POLL_MS, undefined, uses.signal === undefined ? {} : { signal: uses.signal });
  }
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
  return { system, facts: { system, timeline: await timelineOf(connection), position } };
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
