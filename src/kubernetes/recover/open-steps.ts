/**
 * The steps that open the exchanged data: one pod first, proven, then everything else back as it was. A cutover and an undo
 * end with the same.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { queryText } from '../../instance/connection.ts';
import { quoteLiteral } from '../../instance/quote-sql.ts';
import { writtenTimeline } from '../../instance/written-timeline.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import { awaitLeader } from './await-leader.ts';
import { claimsInPlay, type SwapContext, type WorkContext } from './context.ts';
import { wasPaused, type SurveyStep } from './survey.ts';
import { scaleOutOneByOne } from './members.ts';
import { connectPatiently, podServer } from './pod-server.ts';
import { clearPatroniStatus, readPatroniState, resumePatroni } from './patroni-objects.ts';
import { pausePatroni } from './pause-patroni.ts';
import { checkStillDown, statefulSetRef } from './pods-gone.ts';
import { replicasOf, scaleTo } from './scale.ts';
import { startUnderPause } from './start-under-pause.ts';
import { LOOK_MS, untilOpen, untilWritable } from './until-open.ts';

/** It is waited for longer than that; this is PostgreSQL's own default. */
const PROMOTED_S = 60;

/** The pod that opens the exchanged data. */
export function firstPod({ plan }: WorkContext): string {
  return `${plan.swap.statefulSet.name}-0`;
}

/** Patroni forgets the leader's position. It stays paused: of itself it would open one more timeline than the one proven. */
export async function clearStatus(context: SwapContext): Promise<StepFacts> {
  const { api } = context.uses;
  const { patroni, statefulSet } = context.plan.swap;
  await checkStillDown(api, statefulSet.name, claimsInPlay(context));
  if (patroni === null) return { skipped: 'no Patroni' };
  await clearPatroniStatus(api, patroni);
  return {};
}

/** Scaled up already (by this or another hand): it is not scaled down again. */
async function scaleToFirst({ uses, plan }: WorkContext): Promise<void> {
  const ref = statefulSetRef(plan.swap.statefulSet.name);
  if ((await replicasOf(uses.api, ref)) === 0) await scaleTo(uses.api, ref, 1);
}

/** One pod with a server that runs. */
export async function startFirst(context: WorkContext): Promise<void> {
  await scaleToFirst(context);
  if (context.plan.swap.patroni !== null) await startUnderPause(context, firstPod(context));
}

/** One pod with a server that takes writes. */
export async function openLine(context: WorkContext): Promise<StepFacts> {
  await scaleToFirst(context);
  await untilOpen(context, firstPod(context));
  return {};
}

/**
 * As {@link openLine}, of data that nobody led: it may be a standby's, which a paused Patroni leaves one, and is promoted. PostgreSQL
 * takes a timeline for that which the archive has not.
 */
export async function openPromoted(context: WorkContext): Promise<StepFacts> {
  await startFirst(context);
  await using connection = await connectPatiently(podServer(context), firstPod(context), context.uses.signal);
  if ((await queryText(connection, 'select pg_is_in_recovery()')) === 't')
    await connection.query(`select pg_promote(true, ${PROMOTED_S})`);
  await openLine(context);
  return { timeline: await writtenTimeline(connection) };
}

/** Patroni may work again: with one pod nobody else can lead. */
export async function resume(context: WorkContext): Promise<StepFacts> {
  const { patroni } = context.plan.swap;
  if (patroni === null) return { skipped: 'no Patroni' };
  await resumePatroni(context.uses.api, patroni);
  return {};
}

function wrong({ plan }: SwapContext, found: string): Failure {
  return new Failure('failed', {
    message: `cannot call recovery ${plan.recovery.id} done: ${plan.swap.statefulSet.name}-0 answers, but ${found}`,
    remedy: `Look at its log. To go back:  walkback undo ${plan.recovery.id}`,
  });
}

/**
 * Proof that the primary is the one that was meant: the planned system, on the timeline that was opened for it, taking a commit,
 * and known to Patroni as the leader. The commit does not wait for replicas.
 *
 * @throws {Failure} `failed` if it is another one.
 */
export async function verify(context: SwapContext, timeline: number): Promise<StepFacts> {
  const { uses, plan } = context;
  // Its pod may have been made anew since, or scaled away: a paused Patroni does not start its server.
  await openLine(context);
  const { id, preconditions } = plan.recovery;
  await using connection = await connectPatiently(podServer(context), firstPod(context), uses.signal);
  if ((await queryText(connection, 'select pg_is_in_recovery()')) === 't') throw wrong(context, 'it is in recovery');
  const system = await queryText(connection, 'select system_identifier::text from pg_control_system()');
  if (system !== preconditions.systemIdentifier)
    throw wrong(context, `it is system ${system}, and not ${preconditions.systemIdentifier}`);
  const found = await writtenTimeline(connection);
  if (found !== timeline) throw wrong(context, `it is on timeline ${found}, not ${timeline}`);
  await connection.query("set synchronous_commit = 'local'; set default_transaction_read_only = off");
  await connection.query(`select pg_logical_emit_message(true, 'walkback', ${quoteLiteral(`recovery ${id}`)})`);
  const { patroni } = plan.swap;
  const leader = patroni === null ? firstPod(context) : (await awaitLeader(context, patroni)).leader;
  if (leader !== firstPod(context)) throw wrong(context, `Patroni has ${leader ?? 'nobody'} as its leader`);
  return { timeline: found, position: await queryText(connection, 'select pg_current_wal_lsn()::text') };
}

/** The other members, one at a time. */
export async function scaleOut(context: WorkContext): Promise<StepFacts> {
  const { plan, uses } = context;
  const { patroni, members } = plan.swap;
  const named = patroni === null ? undefined : (await readPatroniState(uses.api, patroni)).leader;
  // Once there is a second member, it may have taken over.
  const leader = members.find(({ pod }) => pod === named)?.pod ?? firstPod(context);
  return { accepted: (await scaleOutOneByOne(context, leader)).join(', ') };
}

/** A cluster that somebody else had paused is paused again. @param at where that was looked at. */
export async function pauseAgain(context: SwapContext, at: SurveyStep = 'survey'): Promise<StepFacts> {
  const { patroni, members, live } = context.plan.swap;
  if (patroni === null || !wasPaused(context, at)) return { leftPaused: false };
  const pods = members.map(({ pod }) => pod);
  await pausePatroni(context.uses, { patroni, pods, container: live.container });
  return { leftPaused: true };
}

/**
 * Nothing is called done before somebody takes writes: a server may have been killed since it was proven, and another hand may
 * have scaled it away.
 *
 * @throws {Failure} `unavailable` with why nobody does.
 */
export async function proveServing(context: WorkContext): Promise<void> {
  const { api } = context.uses;
  const { statefulSet, patroni } = context.plan.swap;
  const ref = statefulSetRef(statefulSet.name);
  if (((await replicasOf(api, ref)) ?? 0) < statefulSet.replicas) await scaleTo(api, ref, statefulSet.replicas);
  await untilWritable(context, async () => {
    const state = patroni === null ? undefined : await readPatroniState(api, patroni);
    const pod = state?.leader ?? firstPod(context);
    // A paused Patroni starts no server.
    return { pod, ...(state?.isPaused === true ? { start: { timeoutMs: LOOK_MS } } : {}) };
  });
}
