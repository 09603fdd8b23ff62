/**
 * The steps that hold the live cluster still, and end it with all its WAL archived. Each reads how things are when it begins:
 * who leads may have changed since it was planned.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure } from '../../base/failure.ts';
import { findWalObjects } from '../../archive/read-wal-file.ts';
import { archiveTailThrough } from '../../recovery/archive-tail.ts';
import { checkNoNewTimeline } from '../../recovery/new-timelines.ts';
import { factsOf, hasStepBegun, isStepDone, stateOf, type StepFacts } from '../../recovery/journal.ts';
import type { Pod, StatefulSet } from '../api/kubernetes-objects.ts';
import { claimsInPlay, type SwapContext, type WorkContext, type WorkStep } from './context.ts';
import { journalOwner } from './journal-object.ts';
import { liveShapeOf } from './live-shape.ts';
import { connectPatiently, podServer, stopServerOf, timelineOf } from './pod-server.ts';
import { refuseOtherUsers } from './other-users.ts';
import { readPatroniState, type PatroniState } from './patroni-objects.ts';
import { pausePatroni } from './pause-patroni.ts';
import { podRef, scaledUp, statefulSetRef, untilPodsGone, untilUnused } from './pods-gone.ts';
import { scaleToNone } from './scale.ts';
import { refuseScaledDelete } from './scaled-delete.ts';
import { refuseUnledRemoval } from './unled-removal.ts';
import { refuseUnplannedClaims, type Doing } from './unplanned-claims.ts';

/** The chart gives a pod an hour to end; PostgreSQL has been stopped by then. */
const PODS_GONE_MS = 3_600_000;
/** Until the node has seen that a pod is to end, and does not start its container again. */
const ENDING_MS = 1000;

/** One that is being removed may be gone at any moment. */
async function isRunning({ uses }: WorkContext, pod: string): Promise<boolean> {
  const found = await uses.api.get<Pod>(podRef(pod));
  return found?.status?.phase === 'Running' && found.metadata?.deletionTimestamp === undefined;
}

/**
 * The pod that takes writes, if one does: Patroni's leader; where there is no Patroni, the first.
 *
 * @throws {Failure} `refused` if that is a member that came after the plan: no step exchanges or archives what it has written.
 */
async function findLeader(context: WorkContext, state: PatroniState | undefined): Promise<string | undefined> {
  const { patroni, statefulSet, members } = context.plan.swap;
  const named = patroni === null ? `${statefulSet.name}-0` : state?.leader;
  if (named === undefined || !(await isRunning(context, named))) return undefined;
  if (members.some(({ pod }) => pod === named)) return named;
  throw refused(
    context,
    `${named} leads, which is no member in the plan`,
    `Let a member lead that is, and run this again:  patronictl switchover ${patroni?.scope ?? ''} --leader ${named} --candidate ${statefulSet.name}-0`,
  );
}

function refused(context: WorkContext, found: string, remedy: string): Failure {
  const { namespace, statefulSet } = context.plan.swap;
  return new Failure('refused', {
    message: `cannot exchange the data of ${namespace}/${statefulSet.name} now: ${found}`,
    remedy,
  });
}

/**
 * What there is before anything is changed: it is the StatefulSet of the plan, nobody is switching over, and who leads.
 *
 * @throws {Failure} `refused` if it may not be cut over now.
 */
export async function survey(context: WorkContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { statefulSet, patroni } = plan.swap;
  const found = await uses.api.get<StatefulSet>(statefulSetRef(statefulSet.name));
  // One that was made anew around other claims is another object, and the same cluster.
  const isMadeAnew = hasStepBegun(context.journal.entries, 'recreateStatefulSet');
  if (found === undefined || (!isMadeAnew && found.metadata?.uid !== statefulSet.uid))
    throw refused(context, 'it is not the StatefulSet that was planned for', planAgain(context));
  refuseScaledDelete(uses.api.where, found);
  await refuseOtherUsers(context);
  const state = patroni === null ? undefined : await readPatroniState(uses.api, patroni);
  if (state?.isStandbyCluster === true)
    throw refused(context, 'it is a standby cluster', 'Recover the cluster that it follows.');
  if (state?.isSwitchingOver === true)
    throw refused(context, 'a switchover is under way', 'Let it come to its end, or cancel it; then run this again.');
  // One that has crashed has the leader's lock still, and is started.
  if (state !== undefined && state.leader === undefined) await refuseUnledRemoval(uses.api, plan);
  return {
    leader: (await findLeader(context, state)) ?? '',
    wasPaused: state?.isPaused === true,
    replicas: found.spec?.replicas ?? 0,
  };
}

/**
 * Nobody has come, or has taken over, since the plan: no step exchanges or archives what is on claims that are not in it.
 *
 * @throws {Failure} `refused` if somebody has.
 */
export async function refuseUnplanned(context: SwapContext, doing: Doing): Promise<void> {
  const { uses, plan } = context;
  const { patroni } = plan.swap;
  const state = patroni === null ? undefined : await readPatroniState(uses.api, patroni);
  const leader = await findLeader(context, state);
  await refuseUnplannedClaims(uses.api, plan, { doing, isLed: leader !== undefined });
  if (state === undefined || state.leader !== undefined) return;
  // Under our own pause nobody has taken over whom the survey did not find.
  const at = doing === 'undo' ? 'undoSurvey' : 'survey';
  const isHeldByUs = state.isPaused && !wasPaused(context, at) && surveyedLeader(context, at) !== undefined;
  if (!isHeldByUs) await refuseUnledRemoval(uses.api, plan);
}

/**
 * A rehearsal refuses to be finished once the archive has a timeline that it did not have when it was planned; it would with the cluster
 * down. A clone's new line goes to another archive.
 *
 * @throws {Failure} `refused`.
 */
export async function refuseNewTimeline(context: SwapContext): Promise<void> {
  const { uses, plan } = context;
  if (plan.swap.clone !== undefined) return;
  await checkNoNewTimeline({ uses, plan: plan.recovery }).catch((error: unknown) => {
    if (!isFailure(error, 'refused')) throw error;
    throw new Failure('refused', {
      message: error.message,
      remedy: `A failover or another recovery has happened. ${planAgain(context)}`,
      cause: error,
    });
  });
}

/** Nothing is planned while this one is half done. */
function planAgain({ plan, journal }: WorkContext): string {
  const { id } = plan.recovery;
  const undo = stateOf(journal.entries) === 'planned' ? '' : `Undo this one:  walkback undo ${id}\n`;
  return `${undo}Then make a new plan:  walkback recover plan`;
}

/** What `survey` (or `undoSurvey`) found. */
function surveyed({ journal }: WorkContext, step: WorkStep): StepFacts {
  return factsOf(journal.entries, step) ?? {};
}

/** Where it was paused, after each survey. */
const PAUSED_AT = { survey: 'pause', undoSurvey: 'undoPause', resetSurvey: 'resetPause' } as const;

/** A survey. */
export type SurveyStep = keyof typeof PAUSED_AT;

/** The pod that led when Patroni was paused, which nobody takes over from then on; else when the survey was made. `undefined`: none did. */
export function surveyedLeader(context: WorkContext, step: SurveyStep): string | undefined {
  const leaders = [PAUSED_AT[step], step] as const;
  const found = leaders.map((one) => surveyed(context, one)['leader']);
  return found.find((leader): leader is string => typeof leader === 'string' && leader !== '');
}

/** Somebody else had paused it before. @param at where that was looked at. */
export function wasPaused(context: WorkContext, at: SurveyStep = 'survey'): boolean {
  return surveyed(context, at)['wasPaused'] === true;
}

/**
 * Only pod 0 has the claim that the way works in; claims of others are removed as copies of it.
 *
 * @throws {Failure} `refused` if another has taken over since.
 */
function checkLeads(context: WorkContext, leader: string): void {
  const { way, statefulSet } = context.plan.swap;
  const first = `${statefulSet.name}-0`;
  const needsFirst = way === 'in-volume' || (way === 'recreate' && stateOf(context.journal.entries) !== 'undoing');
  if (!needsFirst || leader === '' || leader === first) return;
  throw refused(
    context,
    `${leader} leads by now, and the way ${way} needs ${first} to`,
    `Switch over, which a paused Patroni does too, then run this again:  patronictl switchover --candidate ${first}`,
  );
}

/**
 * Pauses Patroni, so that no other member takes over what is stopped; and looks who leads, since that may have changed before.
 *
 * @throws {Failure} `refused` if that may not be cut over: nothing has been stopped.
 */
export async function pause(context: WorkContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { patroni, members, live } = plan.swap;
  if (patroni === null) return { skipped: 'no Patroni' };
  const pods = members.map(({ pod }) => pod);
  const { acknowledged, passedOver } = await pausePatroni(uses, { patroni, pods, container: live.container });
  const state = await readPatroniState(uses.api, patroni);
  // One that does not run is started, as long as it is one of the plan.
  await findLeader(context, state);
  const ours = members.find(({ pod }) => pod === state.leader)?.pod ?? '';
  checkLeads(context, ours);
  return { acknowledged: acknowledged.join(', '), passedOver: passedOver.join(', '), leader: ours };
}

/** The leader's newest WAL reaches the archive; one that does not run has none that could be asked for. */
export async function archiveTail(context: WorkContext, leader: string | undefined): Promise<StepFacts> {
  const { uses, plan } = context;
  if (leader === undefined || !(await isRunning(context, leader))) return { outcome: 'skipped' };
  await using connection = await connectPatiently(podServer(context), leader, uses.signal);
  const tail = await archiveTailThrough(connection, uses.store, uses.archiveTimeoutMs);
  if (tail.outcome !== 'late') return { outcome: tail.outcome, timeline: await timelineOf(connection) };
  throw new Failure('unavailable', {
    message: `cannot archive the newest WAL of ${leader}: ${tail.lastSegment} has not reached ${uses.store.address}`,
    remedy: `Look at the log of ${leader} for what its archive_command says, mend it, and go on:  walkback recover run ${plan.recovery.id}`,
    facts: tail.facts,
  });
}

/**
 * Without Patroni the pod's end is the server's end. What a pod is told by waits for every client to go (SIGTERM is PostgreSQL's
 * smart shutdown), until it is killed in the middle: so it is told once more, as a fast shutdown is, when its pod is ending and
 * nobody starts it again.
 */
async function endWithPod({ uses, plan }: WorkContext, pod: string): Promise<StepFacts> {
  const { api, signal } = uses;
  await scaleToNone(api, plan.swap.statefulSet.name);
  const isEnding = (found: Pod | undefined): boolean => found?.metadata?.deletionTimestamp !== undefined;
  await api.until<Pod>(podRef(pod), `pod ${pod} to end`, (found) => found === undefined || isEnding(found), {
    timeoutMs: PODS_GONE_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  await sleep(ENDING_MS);
  // The shell that tells it ends with its container: how it was left is looked at on the volume.
  const stopped = await stopServerOf(uses, pod, plan.swap, signal).catch(() => undefined);
  return { controlState: stopped?.controlState ?? 'unknown' };
}

/**
 * Without Patroni, one that is ending is told once more: whoever told it may have been killed before that, and its server waits for
 * its clients otherwise.
 */
export async function hurryEnding({ uses, plan }: WorkContext, pod: string): Promise<void> {
  const found = await uses.api.get<Pod>(podRef(pod));
  const isEnding = found?.status?.phase === 'Running' && found.metadata?.deletionTimestamp !== undefined;
  if (isEnding && plan.swap.patroni === null) await stopServerOf(uses, pod, plan.swap, uses.signal).catch(() => {});
}

/** PostgreSQL ends under a paused Patroni, while its archiver still runs. */
export async function stopLive(context: WorkContext, leader: string | undefined): Promise<StepFacts> {
  const { uses, plan } = context;
  if (leader !== undefined) await hurryEnding(context, leader);
  if (leader === undefined || !(await isRunning(context, leader)))
    return { skipped: 'nothing runs that could be stopped by itself' };
  if (plan.swap.patroni === null) return endWithPod(context, leader);
  const { controlState, unacknowledged } = await stopServerOf(uses, leader, plan.swap, uses.signal);
  // An archiver that was ended has not acknowledged what an agent has pushed: a look into the archive saves a Job meanwhile.
  const found = await Promise.all(unacknowledged.map(async (name) => findWalObjects(uses.store, name)));
  const unarchived = found.filter((objects) => objects.length === 0).length;
  return { controlState: controlState ?? 'unknown', unarchived };
}

/** Pods take seconds to end: they are told to once the server has, and `scaleDown` waits for them when it has to. */
export async function letPodsEnd({ uses, plan }: SwapContext, stopped: StepFacts): Promise<StepFacts> {
  await scaleToNone(uses.api, plan.swap.statefulSet.name);
  return stopped;
}

/** @throws {Failure} `conflict` as soon as somebody has scaled it up: its pods would never be gone. */
async function unlessScaledUp(context: WorkContext, signal: AbortSignal): Promise<void> {
  const { uses, plan } = context;
  const { name } = plan.swap.statefulSet;
  const found = await uses.api.until<StatefulSet>(
    statefulSetRef(name),
    `somebody to scale ${name} up`,
    (one) => (one?.spec?.replicas ?? 0) > 0,
    { timeoutMs: PODS_GONE_MS, signal },
  );
  throw scaledUp(name, found?.spec?.replicas ?? 0, []);
}

/** Scales to 0, and waits until the pods of its members are gone. */
export async function scaleDownMembers(context: WorkContext): Promise<void> {
  const { uses, plan } = context;
  const { statefulSet, members } = plan.swap;
  await scaleToNone(uses.api, statefulSet.name);
  const over = new AbortController();
  const signal = uses.signal === undefined ? over.signal : AbortSignal.any([uses.signal, over.signal]);
  const pods = members.map(({ pod }) => ({ name: pod }));
  const gone = untilPodsGone(uses.api, pods, { timeoutMs: PODS_GONE_MS, onProgress: uses.onProgress, signal });
  const interrupted = unlessScaledUp(context, signal);
  interrupted.catch(() => {});
  try {
    await Promise.race([gone, interrupted]);
  } finally {
    over.abort();
    await Promise.allSettled([gone, interrupted]);
  }
}

/** Scales to 0, and waits until no pod object is left that uses any of its volumes. */
export async function scaleDown(context: WorkContext): Promise<StepFacts> {
  const { uses, plan } = context;
  await scaleDownMembers(context);
  // The rehearsal's own pod stands on its claim, which may be the live one, until it is finished.
  const isOver = isStepDone(context.journal.entries, 'endRehearsal');
  const claims = claimsInPlay(context).filter((claim) => isOver || claim !== plan.swap.rehearsalClaim);
  const { onProgress, signal } = uses;
  await untilUnused(uses.api, claims, PODS_GONE_MS, { onProgress, ...(signal === undefined ? {} : { signal }) });
  return {};
}

/** What the archiver of a stopped server had left is pushed, by a short Job on its claim. */
export async function archiveRest(
  context: SwapContext,
  step: 'stopLive' | 'undoStop',
  claim: string,
  name: string,
): Promise<StepFacts> {
  const { uses, plan } = context;
  const stopped = surveyed(context, step);
  if (stopped['unarchived'] === 0 && stopped['controlState'] === 'shut down') return { pushed: 0 };
  const job = `${plan.recovery.id}-${name}` as const;
  const watch = uses.signal === undefined ? {} : { signal: uses.signal };
  // One that a run left which was killed here stands on the claim: it would be waited for as a server's pod is.
  await uses.rehearsals.endRun(job, watch);
  // Nobody else pushes any more, and a server that could not be stopped by itself has ended with its pod.
  await scaleDown(context);
  const { walkback, archive } = plan.swap;
  const [result] = await uses.rehearsals.run(
    {
      name: job,
      live: await liveShapeOf(context),
      walkback,
      archive,
      claim,
      owner: { ...(await journalOwner(uses.api, plan.recovery.id)) },
      tasks: [{ do: 'archiveRest' }],
    },
    watch,
  );
  return { pushed: result?.did === 'archiveRest' ? result.pushed : 0 };
}
