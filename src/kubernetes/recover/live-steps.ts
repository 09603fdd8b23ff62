/**
 * The steps that hold the live cluster still, and end it with all its WAL archived. Each reads how things are when it begins:
 * who leads may have changed since it was planned.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { findWalObjects } from '../../archive/read-wal-file.ts';
import { archiveTailThrough } from '../../recovery/archive-tail.ts';
import { factsOf, hasStepBegun, isStepDone, type StepFacts } from '../../recovery/journal.ts';
import type { Pod, StatefulSet } from '../api/kubernetes-objects.ts';
import { claimsInPlay, type SwapContext } from './context.ts';
import { journalOwner } from './journal-object.ts';
import { liveShapeOf } from './live-shape.ts';
import { connectToPod, podServer, stopServerOf, timelineOf } from './pod-server.ts';
import { pausePatroni, readPatroniState } from './patroni-objects.ts';
import { podRef, statefulSetRef, untilUnused } from './pods-gone.ts';
import { scaleTo } from './scale.ts';
import type { SwapStep } from './step-names.ts';

/** The chart gives a pod an hour to end; PostgreSQL has been stopped by then. */
const PODS_GONE_MS = 3_600_000;

async function isRunning({ uses }: SwapContext, pod: string): Promise<boolean> {
  return (await uses.api.get<Pod>(podRef(pod)))?.status?.phase === 'Running';
}

/** The pod that takes writes, if one does: Patroni's leader; where there is no Patroni, the first. */
async function findLeader(context: SwapContext): Promise<string | undefined> {
  const { uses, plan } = context;
  const { patroni, statefulSet, members } = plan.swap;
  const state = patroni === null ? undefined : await readPatroniState(uses.api, patroni);
  const named = patroni === null ? `${statefulSet.name}-0` : state?.leader;
  const isOurs = members.some(({ pod }) => pod === named);
  return named !== undefined && isOurs && (await isRunning(context, named)) ? named : undefined;
}

function refused(context: SwapContext, found: string, remedy: string): Failure {
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
export async function survey(context: SwapContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { statefulSet, patroni } = plan.swap;
  const found = await uses.api.get<StatefulSet>(statefulSetRef(statefulSet.name));
  // One that was made anew around other claims is another object, and the same cluster.
  const isMadeAnew = hasStepBegun(context.journal.entries, 'recreateStatefulSet') && found !== undefined;
  if (!isMadeAnew && found?.metadata?.uid !== statefulSet.uid)
    throw refused(context, 'it is not the StatefulSet that was planned for', 'Make a new plan:  walkback recover plan');
  const state = patroni === null ? undefined : await readPatroniState(uses.api, patroni);
  if (state?.isStandbyCluster === true)
    throw refused(context, 'it is a standby cluster', 'Recover the cluster that it follows.');
  if (state?.isSwitchingOver === true)
    throw refused(context, 'a switchover is under way', 'Let it come to its end, or cancel it; then run this again.');
  return {
    leader: (await findLeader(context)) ?? '',
    wasPaused: state?.isPaused === true,
    replicas: found?.spec?.replicas ?? 0,
  };
}

/** What `survey` (or `undoSurvey`) found. */
function surveyed({ journal }: SwapContext, step: SwapStep): StepFacts {
  return factsOf(journal.entries, step) ?? {};
}

/** The pod that led when a survey was made; `undefined`: none did. */
export function surveyedLeader(context: SwapContext, step: SwapStep): string | undefined {
  const leader = surveyed(context, step)['leader'];
  return typeof leader === 'string' && leader !== '' ? leader : undefined;
}

/** Somebody else had paused it before the recovery. */
export function wasPaused(context: SwapContext): boolean {
  return surveyed(context, 'survey')['wasPaused'] === true;
}

/** Pauses Patroni, so that no other member takes over what is stopped. */
export async function pause(context: SwapContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { patroni, members } = plan.swap;
  if (patroni === null) return { skipped: 'no Patroni' };
  const acknowledged = await pausePatroni(
    uses.api,
    patroni,
    members.map(({ pod }) => pod),
  );
  return { acknowledged: acknowledged.join(', ') };
}

/** The leader's newest WAL reaches the archive; one that does not run has none that could be asked for. */
export async function archiveTail(context: SwapContext, leader: string | undefined): Promise<StepFacts> {
  const { uses, plan } = context;
  if (leader === undefined || !(await isRunning(context, leader))) return { outcome: 'skipped' };
  await using connection = await connectToPod(podServer(context), leader);
  const tail = await archiveTailThrough(connection, uses.store, uses.archiveTimeoutMs);
  if (tail.outcome !== 'late') return { outcome: tail.outcome, timeline: await timelineOf(connection) };
  throw new Failure('unavailable', {
    message: `cannot archive the newest WAL of ${leader}: ${tail.lastSegment} has not reached ${uses.store.address}`,
    remedy: `Look at the log of ${leader} for what its archive_command says, mend it, and go on:  walkback recover run ${plan.recovery.id}`,
    facts: tail.facts,
  });
}

/** PostgreSQL ends under a paused Patroni, while its archiver still runs. Without Patroni the pod's end is the server's end. */
export async function stopLive(context: SwapContext, leader: string | undefined): Promise<StepFacts> {
  const { uses, plan } = context;
  if (plan.swap.patroni === null || leader === undefined || !(await isRunning(context, leader)))
    return { skipped: 'nothing runs that could be stopped by itself' };
  const { controlState, unacknowledged } = await stopServerOf(uses, leader, plan.swap, uses.signal);
  // An archiver that was ended has not acknowledged what an agent has pushed: a look into the archive saves a Job meanwhile.
  const found = await Promise.all(unacknowledged.map(async (name) => findWalObjects(uses.store, name)));
  const unarchived = found.filter((objects) => objects.length === 0).length;
  return { controlState: controlState ?? 'unknown', unarchived };
}

/** Scales to 0, and waits until no pod object is left that uses any of its volumes. */
export async function scaleDown(context: SwapContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { statefulSet } = plan.swap;
  await scaleTo(uses.api, statefulSetRef(statefulSet.name), 0);
  await Promise.all(
    plan.swap.members.map(async ({ pod }) =>
      uses.api.until<Pod>(podRef(pod), `pod ${pod} to be gone`, (found) => found === undefined, {
        timeoutMs: PODS_GONE_MS,
      }),
    ),
  );
  // The rehearsal's own pod stands on its claim, which may be the live one, until it is finished.
  const isOver = isStepDone(context.journal.entries, 'endRehearsal');
  const claims = claimsInPlay(context).filter((claim) => isOver || claim !== plan.swap.rehearsalClaim);
  await untilUnused(uses.api, claims, PODS_GONE_MS);
  return {};
}

/** What the archiver of a stopped server had left is pushed, by a short Job on its claim. */
export async function archiveRest(
  context: SwapContext,
  step: SwapStep,
  claim: string,
  name: string,
): Promise<StepFacts> {
  const { uses, plan } = context;
  const stopped = surveyed(context, step);
  if (stopped['unarchived'] === 0 && stopped['controlState'] === 'shut down') return { pushed: 0 };
  const { walkback, archive } = plan.swap;
  const [result] = await uses.rehearsals.run(
    {
      name: `${plan.recovery.id}-${name}`,
      live: await liveShapeOf(context),
      walkback,
      archive,
      claim,
      owner: { ...(await journalOwner(uses.api, plan.recovery.id)) },
      tasks: [{ do: 'archiveRest' }],
    },
    uses.signal === undefined ? {} : { signal: uses.signal },
  );
  return { pushed: result?.did === 'archiveRest' ? result.pushed : 0 };
}
