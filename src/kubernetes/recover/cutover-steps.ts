/**
 * The steps of a rehearsal and of a cutover in a namespace, in an order that keeps both histories whole: the live server ends
 * with all its WAL archived before the rehearsal opens a timeline, and nobody sees that before `openLine`.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import { proveWal } from '../../recovery/prove-wal.ts';
import type { Step } from '../../recovery/runner.ts';
import { inArchive } from './archive-of.ts';
import { backUpInPod } from './back-up-in-pod.ts';
import { forgetCluster, putConfigurationBack, rememberCluster } from './clone/cluster-state.ts';
import { openClone } from './clone/open-clone.ts';
import { proveTarget } from './clone/prove-clone.ts';
import { removeVariables } from './clone/remove-variables.ts';
import { putTemplateBack, setVariables } from './clone/template-steps.ts';
import { compareRoles } from './compare-roles.ts';
import { factOf, type SwapContext, type WorkContext } from './context.ts';
import { archiveRest, archiveTail, hurryEnding, letPodsEnd, scaleDown, stopLive } from './live-steps.ts';
import {
  pause,
  refuseNewTimeline,
  refuseUnplanned,
  survey,
  surveyedLeader,
  wasPaused,
  type SurveyStep,
} from './survey.ts';
import { clearStatus, firstPod, openLine, pauseAgain, proveServing, resume, scaleOut, verify } from './open-steps.ts';
import { recreateStatefulSet, removeReplicaClaims, renameInVolume } from './other-way-steps.ts';
import { readPatroniState, resumePatroni } from './patroni-objects.ts';
import { everyClaim } from './plan-value.ts';
import { podServer, untilPrimary } from './pod-server.ts';
import { statefulSetRef } from './pods-gone.ts';
import { exchangeVolumes, letVolumesGo, retainVolumes, settle, takeExchangeBack } from './rebind-steps.ts';
import { refFacts, refOf, requestOf, volumePlanOf, watchOf, workingRehearsal } from './rehearsal-of-plan.ts';
import { saveObjects } from './save-objects.ts';
import { replicasOf, scaleTo } from './scale.ts';
import { isOfVolumes, type CutoverSwapStep, type RehearseStep } from './step-names.ts';
import { startIfCrashed, startUnderPause } from './start-under-pause.ts';
import { annotate, tellEvent } from './tell-story.ts';
import { refuseUnplannedClaims } from './unplanned-claims.ts';
import { ledMember, retainOnceDown } from './volumes-before.ts';
import type { VolumeStatus } from '../volume/volume-status.ts';

type SwapWork = Step<SwapContext>;

const never = async (): Promise<boolean> => false;
const nothing = async (): Promise<void> => {};
const BACK_MS = 600_000;

/** A step that there is nothing to take back of. */
export function step(run: SwapWork['do'], undo: SwapWork['undo'] = nothing): SwapWork {
  return { do: run, undo, isDone: never };
}

async function save(context: SwapContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { statefulSet, patroni, workloads } = plan.swap;
  const objects =
    patroni === null
      ? []
      : [patroni.leader, patroni.config, patroni.sync].map((name) => ({ apiVersion: 'v1', kind: patroni.kind, name }));
  const claims = everyClaim(plan.swap).map(({ claim }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    name: claim,
  }));
  const refs = [statefulSetRef(statefulSet.name), ...claims, ...objects, ...workloads];
  return { saved: (await saveObjects(uses.api, plan.recovery.id, refs)).join(', ') };
}

/** What uses the database writes nothing more into what is going to be set aside. */
export async function scaleWorkloads({ uses, plan }: SwapContext, up: boolean): Promise<StepFacts> {
  const scaled: string[] = [];
  for (const { apiVersion, kind, name, replicas } of plan.swap.workloads) {
    const ref = { apiVersion, kind, name };
    if (await scaleTo(uses.api, ref, up ? replicas : 0)) scaled.push(`${kind}/${name}`);
  }
  return { scaled: scaled.join(', ') };
}

/** The cluster runs again as it did: Patroni lets it, every member has its pod, and the one that led takes writes. */
export async function startAgain(context: WorkContext, at: SurveyStep = 'survey'): Promise<void> {
  const { uses, plan } = context;
  const { statefulSet, patroni } = plan.swap;
  const isPaused = patroni !== null && (await readPatroniState(uses.api, patroni)).isPaused;
  const led = ledMember(context, at);
  const isFirst = led.ordinal === 0 && surveyedLeader(context, at) !== undefined;
  // Pods that are made one after the other wait for the first to be ready, and a paused one is not.
  if (isPaused && !isFirst) await resumePatroni(uses.api, patroni);
  await hurryEnding(context, firstPod(context));
  await scaleTo(uses.api, statefulSetRef(statefulSet.name), Number(factOf(context, at, 'replicas')));
  // Nobody took writes before either.
  if (surveyedLeader(context, at) === undefined) return;
  if (isPaused && isFirst) await startUnderPause(context, led.pod);
  const pod = patroni === null ? firstPod(context) : led.pod;
  // Another member may have taken the lead meanwhile; that one of them takes writes is what counts.
  await untilPrimary(podServer(context), pod, BACK_MS, uses.signal).catch(async (error: unknown) => {
    if (patroni === null) throw error;
    await anyPrimary(context, led.pod, error);
  });
}

async function anyPrimary(context: WorkContext, led: string, error: unknown): Promise<void> {
  const others = context.plan.swap.members.filter(({ pod }) => pod !== led);
  for (const { pod } of others) {
    const isPrimary = await untilPrimary(podServer(context), pod, 1).then(
      () => true,
      () => false,
    );
    if (isPrimary) return;
  }
  throw error;
}

/** Patroni works again, unless somebody else had paused it. @param at where that was looked at. */
export async function takePauseBack(context: SwapContext, at: SurveyStep = 'survey'): Promise<void> {
  const { patroni } = context.plan.swap;
  if (patroni !== null && !wasPaused(context, at)) await resumePatroni(context.uses.api, patroni);
  if (wasPaused(context, at)) await pauseAgain(context, at);
}

/** One that led and has crashed since is started first: what it had not archived is not left behind. */
async function archiveLiveTail(context: SwapContext): Promise<StepFacts> {
  const leader = surveyedLeader(context, 'survey');
  const failure = await startIfCrashed(context, leader);
  const facts = failure === undefined ? await archiveTail(context, leader) : { outcome: 'notStarted', failure };
  // The history file of a failover may have waited for this archiver.
  await refuseNewTimeline(context);
  return facts;
}

/** As {@link archiveLiveTail}: it ends cleanly, so that its archiver has seen all of its WAL. */
async function stopWhole(context: SwapContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const leader = surveyedLeader(context, 'survey');
  const stopped = await stopLive(context, leader);
  const wasCrashed = 'skipped' in stopped || stopped['controlState'] !== 'shut down';
  if (!wasCrashed || stopped['controlState'] === 'unknown') return stopped;
  // An earlier run has told its pod to end.
  if ((await replicasOf(uses.api, statefulSetRef(plan.swap.statefulSet.name))) === 0) return stopped;
  const failure = await startIfCrashed(context, leader);
  return failure === undefined ? stopLive(context, leader) : { ...stopped, failure };
}

/** From here on no member is made anew: which volumes they have is looked at once more. */
async function scaleDownToExchange(context: SwapContext): Promise<StepFacts> {
  await scaleDown(context);
  return isOfVolumes(context.plan.swap.way) ? retainOnceDown(context, 'survey') : {};
}

async function finishRehearsal(context: SwapContext): Promise<StepFacts> {
  const { target } = context.plan.recovery;
  const { timeline, reason, switchLsn, changedRoles } = await context.uses.rehearsals.finish(
    await workingRehearsal(context),
    watchOf(context),
  );
  const words = `${target.inclusive ? 'after' : 'before'} LSN ${target.lsn}`;
  if (reason === words) return { timeline, reason, switchLsn, changedRoles: changedRoles.join(', ') };
  throw new Failure('refused', {
    message: `cannot use the rehearsal: its history says ${JSON.stringify(reason)}, planned was ${words}`,
    remedy: `Undo it:  walkback undo ${context.plan.recovery.id}`,
  });
}

async function endRehearsal(context: SwapContext): Promise<StepFacts> {
  await context.uses.rehearsals.end(refOf(context), watchOf(context));
  return {};
}

/** The timeline that this recovery has opened. */
export function openedTimeline(context: SwapContext): number {
  const from = context.plan.swap.clone === undefined ? 'finishRehearsal' : 'proveTarget';
  return Number(factOf(context, from, 'timeline'));
}

async function tellRecovered(context: SwapContext): Promise<StepFacts> {
  await proveServing(context);
  const { recovery } = context.plan;
  const story = `taken back to ${recovery.target.asked} on timeline ${openedTimeline(context)}; the data from before is kept: walkback undo ${recovery.id}, or walkback release ${recovery.id}`;
  await annotate(context, story);
  await tellEvent(context, 'Recovered', story);
  return { drift: context.plan.swap.drift.join(' ') };
}

function standingFacts({ replayLsn, targetLsn, otherCollations, damagedFiles }: VolumeStatus): StepFacts {
  const found = { otherCollations: otherCollations.join('; '), damagedFiles: damagedFiles ?? '' };
  const said = Object.fromEntries(Object.entries(found).filter(([, text]) => text !== ''));
  return { replayLsn: replayLsn ?? '', targetLsn, ...said };
}

/** The steps of a rehearsal. */
export const rehearseSwapSteps: Record<RehearseStep, SwapWork> = {
  startRehearsal: step(async (context) => refFacts(await context.uses.rehearsals.start(await requestOf(context)))),
  awaitRehearsal: step(async (context) => {
    const { rehearsals } = context.uses;
    const ref = await workingRehearsal(context);
    const stands = await rehearsals.untilStanding(ref, watchOf(context));
    // Of a step that was broken off the plan is there, and what stands may be at the target of before.
    const wasSteppedOn = context.journal.entries.some(
      (entry) => entry.event === 'undone' && entry.step === 'awaitRehearsal',
    );
    const status = wasSteppedOn ? await rehearsals.step(ref, volumePlanOf(context.plan), watchOf(context)) : stands;
    return { ...standingFacts(status), ...(await compareRoles(context, ref)) };
  }),
  proveArchive: step(async ({ uses, plan }) => {
    await proveWal(uses, volumePlanOf(plan));
    return { segments: plan.recovery.replay.segments };
  }),
};

/** See `SPEC.md`. From `openLine` on the new line may be known to others, and its undo has steps of its own. */
export const cutoverSwapSteps: Record<CutoverSwapStep, SwapWork> = {
  retainVolumes: step(retainVolumes, letVolumesGo),
  survey: step(async (context) => {
    const facts = await survey(context);
    await refuseUnplannedClaims(context.uses.api, context.plan, { doing: 'cutover', isLed: facts['leader'] !== '' });
    await refuseNewTimeline(context);
    await tellEvent(
      context,
      'RecoveryCutover',
      `recovery ${context.plan.recovery.id}: the cutover to ${context.plan.recovery.target.asked} begins`,
    );
    return facts;
  }),
  save: step(save),
  scaleWorkloadsDown: step(
    async (context) => scaleWorkloads(context, false),
    async (context) => void (await scaleWorkloads(context, true)),
  ),
  pause: step(
    async (context) => {
      // The survey may be hours old; from here on nobody takes over.
      await refuseUnplanned(context, 'cutover');
      await refuseNewTimeline(context);
      return pause(context);
    },
    async (context) => takePauseBack(context),
  ),
  archiveTail: step(archiveLiveTail),
  stopLive: step(
    async (context) => letPodsEnd(context, await stopWhole(context)),
    async (context) => startAgain(context),
  ),
  scaleDown: step(scaleDownToExchange, async (context) => startAgain(context)),
  archiveRest: step(async (context) => archiveRest(context, 'stopLive', ledMember(context).claim, 'rest')),
  finishRehearsal: step(finishRehearsal),
  endRehearsal: step(endRehearsal),
  exchangeVolumes: step(exchangeVolumes, takeExchangeBack),
  renameInVolume: step(
    async (context) => renameInVolume(context, false),
    async (context) => void (await renameInVolume(context, true)),
  ),
  removeReplicaClaims: step(removeReplicaClaims),
  recreateStatefulSet: step(
    async (context) => recreateStatefulSet(context, false),
    async (context) => void (await recreateStatefulSet(context, true)),
  ),
  setVariables: step(setVariables, async (context) => void (await putTemplateBack(context))),
  forgetCluster: step(forgetCluster, async (context) => void (await rememberCluster(context))),
  clearStatus: step(clearStatus),
  openLine: step(async (context) => (context.plan.swap.clone === undefined ? openLine(context) : openClone(context))),
  proveTarget: step(proveTarget),
  putConfigurationBack: step(putConfigurationBack),
  removeVariables: step(removeVariables),
  verify: step(async (context) => verify(context, openedTimeline(context))),
  resume: step(async (context) => {
    // An undo that has been given up since may have scaled it away.
    await openLine(context);
    return resume(context);
  }),
  backUp: step(async (context) =>
    inArchive(context, 'after', async (after) => backUpInPod(after, firstPod(context), openedTimeline(context))),
  ),
  scaleOut: step(scaleOut),
  settle: step(async (context) => {
    await pauseAgain(context);
    return settle(context);
  }),
  scaleWorkloadsUp: step(async (context) => scaleWorkloads(context, true)),
  tellStory: step(tellRecovered),
};
