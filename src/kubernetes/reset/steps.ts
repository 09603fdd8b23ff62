/**
 * The steps of a reset. Until `startAnew` has begun each is taken back in reverse order; from then on an undo has steps of its own
 * (`undo-steps.ts`). Nothing of the old cluster's data or archive is changed by any of them.
 *
 * @module
 */

import { messageOf } from '../../base/failure.ts';
import { factsOf, type StepFacts } from '../../recovery/journal.ts';
import type { Step } from '../../recovery/runner.ts';
import type { ConfigMap } from '../api/kubernetes-objects.ts';
import { startAgain } from '../recover/cutover-steps.ts';
import { archiveTail, scaleDown, stopLive } from '../recover/live-steps.ts';
import { pause, survey, surveyedLeader, wasPaused } from '../recover/survey.ts';
import { firstPod, scaleOut } from '../recover/open-steps.ts';
import { resumePatroni } from '../recover/patroni-objects.ts';
import { podServer, untilPrimary } from '../recover/pod-server.ts';
import { statefulSetRef } from '../recover/pods-gone.ts';
import { letMembersGo } from '../recover/rebind-steps.ts';
import { saveObjects } from '../recover/save-objects.ts';
import { replicasOf, scaleTo } from '../recover/scale.ts';
import { annotate, tellEvent } from '../recover/tell-story.ts';
import { ledMember, retainMembers, retainOnceDown } from '../recover/volumes-before.ts';
import { backUpAnew } from './back-up-anew.ts';
import type { ResetContext } from './context.ts';
import { forgetOld, patroniRefs, rememberOld } from './forget-cluster.ts';
import { keepVolumes, takeVolumesBack } from './keep-volumes.ts';
import { moveArchive, moveArchiveBack } from './move-archive.ts';
import { proveNew } from './prove.ts';
import { removeJobs } from './remove-jobs.ts';
import type { RESET_STEPS } from './step-names.ts';
import { lockHolder } from './who-led.ts';

const PRIMARY_MS = 600_000;
const SURVEY = 'resetSurvey';

/** A step; what changes nothing that matters later is not taken back. */
function work(run: (context: ResetContext) => Promise<StepFacts>, undo?: (context: ResetContext) => Promise<void>) {
  return { do: run, undo: undo ?? (async () => {}), isDone: async () => false } satisfies Step<ResetContext>;
}

async function save(context: ResetContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const claims = plan.swap.members.map(({ claim }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    name: claim,
  }));
  const refs = [statefulSetRef(plan.swap.statefulSet.name), ...claims, ...patroniRefs(context)];
  return { saved: (await saveObjects(uses.api, plan.recovery.id, refs)).join(', ') };
}

async function hasPatroniState(context: ResetContext): Promise<boolean> {
  const { patroni } = context.plan.swap;
  if (patroni === null) return false;
  const ref = { apiVersion: 'v1', kind: patroni.kind, name: patroni.config };
  return (await context.uses.api.get<ConfigMap>(ref)) !== undefined;
}

/** Pods that do not work cannot say that they are paused; they need not be. */
async function pauseWhatRuns(context: ResetContext): Promise<StepFacts> {
  if (surveyedLeader(context, SURVEY) === undefined) {
    return { skipped: 'nobody leads', holder: await lockHolder(context) };
  }
  return pause(context);
}

async function takePauseBack(context: ResetContext): Promise<void> {
  const { patroni } = context.plan.swap;
  if (patroni === null || wasPaused(context, SURVEY) || !(await hasPatroniState(context))) return;
  await resumePatroni(context.uses.api, patroni);
}

/** What the archive does not get is on the volume that is kept. */
async function archiveWhatGoes(context: ResetContext): Promise<StepFacts> {
  return archiveTail(context, surveyedLeader(context, SURVEY)).catch((error: unknown) => ({
    outcome: 'late',
    failure: messageOf(error),
  }));
}

async function startBefore(context: ResetContext): Promise<void> {
  const replicas = factsOf(context.journal.entries, SURVEY)?.['replicas'];
  const ref = statefulSetRef(context.plan.swap.statefulSet.name);
  if (surveyedLeader(context, SURVEY) !== undefined) return startAgain(context, SURVEY);
  if (typeof replicas === 'number') await scaleTo(context.uses.api, ref, replicas);
}

/** One pod on a new volume: Patroni finds neither data nor a cluster, and makes one. */
async function startAnew(context: ResetContext): Promise<StepFacts> {
  const { api, signal } = context.uses;
  const ref = statefulSetRef(context.plan.swap.statefulSet.name);
  if ((await replicasOf(api, ref)) === 0) await scaleTo(api, ref, 1);
  await untilPrimary(podServer(context), firstPod(context), PRIMARY_MS, signal);
  return {};
}

async function tellReset(context: ResetContext): Promise<StepFacts> {
  const { id } = context.plan.recovery;
  const { from, to } = context.plan.reset.archive;
  const story = `reset: a new, empty cluster with the archive ${to}; the data from before and the archive ${from} are kept: walkback undo ${id}, or walkback release ${id}`;
  await annotate(context, story);
  await tellEvent(context, 'Reset', story);
  return { drift: context.plan.swap.drift.join(' ') };
}

/** See `SPEC.md`. */
export const resetSteps: Record<(typeof RESET_STEPS)[number], Step<ResetContext>> = {
  resetRetainVolumes: work(
    async (context) => ({ volumes: await retainMembers(context, ledMember(context, SURVEY)) }),
    letMembersGo,
  ),
  resetSurvey: work(async (context) => {
    const facts = { ...(await survey(context)), holder: await lockHolder(context) };
    await tellEvent(context, 'ResetBegun', `reset ${context.plan.recovery.id} begins: what there is is put aside`);
    return facts;
  }),
  resetSave: work(save),
  resetPause: work(pauseWhatRuns, takePauseBack),
  resetArchiveTail: work(archiveWhatGoes),
  resetStop: work(async (context) => stopLive(context, surveyedLeader(context, SURVEY)), startBefore),
  resetScaleDown: work(async (context) => {
    await scaleDown(context);
    return retainOnceDown(context, SURVEY);
  }, startBefore),
  keepVolumes: work(keepVolumes, takeVolumesBack),
  forgetCluster: work(forgetOld, async (context) => void (await rememberOld(context))),
  removeJobs: work(removeJobs),
  moveArchive: work(moveArchive, moveArchiveBack),
  startAnew: work(startAnew),
  proveNew: work(proveNew),
  resetBackUp: work(backUpAnew),
  resetScaleOut: work(scaleOut),
  resetTellStory: work(tellReset),
};
