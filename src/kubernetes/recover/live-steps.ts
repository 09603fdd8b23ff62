/**
 * The steps that end the live cluster with all its WAL archived.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../base/failure.ts';
import { findWalObjects } from '../../archive/read-wal-file.ts';
import { writtenTimeline } from '../../instance/written-timeline.ts';
import { archiveTailBeforeStopThrough } from '../../recovery/archive-tail.ts';
import { isStepDone, type StepFacts } from '../../recovery/journal.ts';
import { positionOf, writeChangedPages, writeChangedPagesOfReplica } from '../../recovery/write-changed-pages.ts';
import type { Pod, StatefulSet } from '../api/kubernetes-objects.ts';
import { claimsInPlay, type SwapContext, type WorkContext } from './context.ts';
import { journalOwner } from './journal-object.ts';
import { liveShapeOf } from './live-shape.ts';
import { connectPatiently, connectToPod, podServer, stopServerOf } from './pod-server.ts';
import { podRef, scaledUp, statefulSetRef, untilPodsGone, untilUnused } from './pods-gone.ts';
import { scaleToNone } from './scale.ts';
import { isRunning, surveyed } from './survey.ts';

/** The chart gives a pod an hour to end; PostgreSQL has been stopped by then. */
const PODS_GONE_MS = 3_600_000;
/** Until the node has seen that a pod is to end, and does not start its container again. */
const ENDING_MS = 1000;

/** Replicas that are slow are not waited for any longer: they end when they end. */
const REPLICAS_MS = 60_000;

/**
 * Replicas end with their pods while nobody can work, and the leader's shutdown waits until they have received all of it: what they
 * would have to write then is written now. One that does not answer keeps nobody.
 */
async function replicasWrite(context: WorkContext, leader: string, leaderLsn: string): Promise<void> {
  const server = podServer(context);
  const replicas = context.plan.swap.members.filter(({ pod }) => pod !== leader);
  const written = replicas.map(async ({ pod }) => {
    await using connection = await connectToPod(server, pod);
    await writeChangedPagesOfReplica(connection, leaderLsn);
  });
  await Promise.race([Promise.allSettled(written), sleep(REPLICAS_MS, undefined, { ref: false })]);
}

/** The leader's newest WAL reaches the archive; one that does not run has none that could be asked for. */
export async function archiveTail(context: WorkContext, leader: string | undefined): Promise<StepFacts> {
  const { uses, plan } = context;
  if (leader === undefined || !(await isRunning(context, leader))) return { outcome: 'skipped' };
  await using connection = await connectPatiently(podServer(context), leader, uses.signal);
  await writeChangedPages(connection);
  const leaderLsn = await positionOf(connection);
  // Its second one, beside theirs, is of what was changed during its first.
  const [tail] = await Promise.all([
    archiveTailBeforeStopThrough(connection, uses.store, uses.archiveTimeoutMs),
    replicasWrite(context, leader, leaderLsn),
  ]);
  if (tail.outcome !== 'late') return { outcome: tail.outcome, timeline: await writtenTimeline(connection) };
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
