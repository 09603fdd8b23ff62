/**
 * The steps of an undo once the new line has opened: the kept data goes live again, on a new timeline of its own, so that
 * whoever follows the newest history follows it and not the line that was left.
 *
 * @module
 */

import { Failure, messageOf } from '../../base/failure.ts';
import { factsOf, isStepDone, type StepFacts } from '../../recovery/journal.ts';
import type { Step } from '../../recovery/runner.ts';
import { inArchive } from './archive-of.ts';
import { backUpInPod } from './back-up-in-pod.ts';
import { rememberCluster } from './clone/cluster-state.ts';
import { putTemplateBack } from './clone/template-steps.ts';
import { factOf, type SwapContext } from './context.ts';
import { scaleWorkloads, startAgain, step, takePauseBack } from './cutover-steps.ts';
import { journalOwner } from './journal-object.ts';
import { liveShapeOf } from './live-shape.ts';
import { archiveRest, archiveTail, letPodsEnd, scaleDown, stopLive } from './live-steps.ts';
import { pause, refuseUnplanned, survey, surveyedLeader } from './survey.ts';
import { claimMadeAnew, keptClaim } from './names.ts';
import {
  clearStatus,
  firstPod,
  openLine,
  openPromoted,
  pauseAgain,
  proveServing,
  resume,
  scaleOut,
  verify,
} from './open-steps.ts';
import { recreateStatefulSet, removeReplicaClaims, renameInVolume } from './other-way-steps.ts';
import { exchangeBack, letMembersGo, retainNow, settle } from './rebind-steps.ts';
import { watchOf } from './rehearsal-of-plan.ts';
import type { UndoSwapStep } from './step-names.ts';
import { annotate, tellEvent } from './tell-story.ts';
import { refuseUnplannedClaims } from './unplanned-claims.ts';
import { ledMember } from './volumes-before.ts';

/** An archiver that fails must not keep anybody on the line that is to be left; what it leaves is pushed afterwards. */
async function archiveNewLine(context: SwapContext): Promise<StepFacts> {
  const leader = surveyedLeader(context, 'undoSurvey');
  return inArchive(context, 'after', async (after) => archiveTail(after, leader)).catch((error: unknown) => ({
    outcome: 'late',
    failure: messageOf(error),
  }));
}

/** The claim that holds the data to go back to, before it is moved. */
function keptIn(context: SwapContext): string | undefined {
  const { recovery, swap } = context.plan;
  if (swap.way === 'in-volume') return undefined;
  return swap.way === 'recreate'
    ? ledMember(context).claim
    : keptClaim(recovery.id, 'kept', ledMember(context).ordinal);
}

async function reopen(context: SwapContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { id } = plan.recovery;
  const { walkback, archive, roles, superuser } = plan.swap;
  const claim = keptIn(context);
  const [result] = await uses.rehearsals.run(
    {
      name: `${id}-reopen`,
      live: await liveShapeOf(context),
      walkback,
      archive,
      ...(claim === undefined ? {} : { claim }),
      owner: { ...(await journalOwner(uses.api, id)) },
      tasks: [{ do: 'reopen', id }],
      roles,
      user: superuser,
    },
    watchOf(context),
  );
  if (result?.did === 'reopen') return { timeline: result.timeline, changedRoles: result.changedRoles.join(', ') };
  throw new Failure('failed', {
    message: `cannot open the kept data of recovery ${id}: the Job has not said what came of it`,
    remedy: `Run it again:  walkback undo ${id}`,
  });
}

/** A clone's new line is in another archive: what is kept goes on, on the timeline that it was on. */
function reopenedTimeline(context: SwapContext): number {
  const { plan, journal } = context;
  if (plan.swap.clone === undefined) return Number(factOf(context, 'undoReopen', 'timeline'));
  const promoted = factsOf(journal.entries, 'undoOpenLine')?.['timeline'];
  if (promoted !== undefined) return Number(promoted);
  return Number(factsOf(journal.entries, 'archiveTail')?.['timeline'] ?? plan.recovery.preconditions.liveTimeline);
}

/** Opens what is kept. Of a clone nobody has opened it beside the cluster first: where nobody led, it may be a standby's. */
async function openKept(context: SwapContext): Promise<StepFacts> {
  const isOfLeader = context.plan.swap.clone === undefined || surveyedLeader(context, 'survey') !== undefined;
  return isOfLeader ? openLine(context) : openPromoted(context);
}

/** A clone that is broken off in its bootstrap has no Patroni yet that could be paused. */
async function pauseWhatLeads(context: SwapContext): Promise<StepFacts> {
  const isBootstrap = context.plan.swap.clone !== undefined && surveyedLeader(context, 'undoSurvey') === undefined;
  if (isBootstrap) return { skipped: 'nobody leads' };
  // As of the cutover: the survey may be hours old.
  await refuseUnplanned(context, 'undo');
  return pause(context);
}

/** The live claim of the member that leads now, else of the first: those of a StatefulSet made anew have other names. */
function liveClaim(context: SwapContext): string {
  const { way, rehearsalClaim, members } = context.plan.swap;
  const leader = surveyedLeader(context, 'undoSurvey');
  const led = members.find(({ pod }) => pod === leader) ?? members[0];
  return way === 'recreate' ? claimMadeAnew(rehearsalClaim, led?.ordinal ?? 0) : (led?.claim ?? '');
}

async function tellUndone(context: SwapContext): Promise<StepFacts> {
  await proveServing(context);
  const { id } = context.plan.recovery;
  const story = `recovery ${id} is undone: the data from before it is live again, on timeline ${reopenedTimeline(context)}; the recovered data is kept: walkback release ${id}`;
  await annotate(context, story);
  await tellEvent(context, 'RecoveryUndone', story);
  return {};
}

/** Of an undo that is given up; what its cutover had not come to (Patroni stays paused until then) is the cutover's to do. */
function back(takeBack: (context: SwapContext) => Promise<unknown>): Step<SwapContext>['undo'] {
  return async (context) => {
    const { entries } = context.journal;
    const isWhole = isStepDone(entries, 'resume') && factsOf(entries, 'undoSurvey') !== undefined;
    if (isWhole) await takeBack(context);
  };
}

/** What is started in the end may lead only where Patroni works: it is resumed here, and an undo that is gone on with pauses it again. */
const startNewLine = back(async (context) => {
  await context.journal.append({ event: 'begin', step: 'undoPause', undoes: true });
  await startAgain(context, 'undoSurvey');
});

/** If the cutover had come so far: else it is to scale them up itself. */
const scaleWorkloadsBack = back(async (context) => {
  if (isStepDone(context.journal.entries, 'scaleWorkloadsUp')) await scaleWorkloads(context, true);
});

async function tellGivenUp(context: SwapContext): Promise<void> {
  const { id } = context.plan.recovery;
  await tellEvent(context, 'RecoveryUndoGivenUp', `recovery ${id}: its undo is given up, the recovered data is live`);
}

/** See `SPEC.md`. Until the kept data have opened an undo may be given up; from there on it is only ever finished. */
export const undoSwapSteps: Record<UndoSwapStep, Step<SwapContext>> = {
  undoSurvey: step(async (context) => {
    const facts = await survey(context);
    await refuseUnplannedClaims(context.uses.api, context.plan, { doing: 'undo', isLed: facts['leader'] !== '' });
    await tellEvent(context, 'RecoveryUndo', `recovery ${context.plan.recovery.id}: its undo begins`);
    return facts;
  }, back(tellGivenUp)),
  undoScaleWorkloadsDown: step(async (context) => scaleWorkloads(context, false), scaleWorkloadsBack),
  undoPause: step(
    pauseWhatLeads,
    back(async (context) => takePauseBack(context, 'undoSurvey')),
  ),
  undoArchiveTail: step(archiveNewLine),
  undoStop: step(
    async (context) =>
      inArchive(context, 'after', async (after) =>
        letPodsEnd(after, await stopLive(after, surveyedLeader(context, 'undoSurvey'))),
      ),
    startNewLine,
  ),
  undoScaleDown: step(scaleDown),
  undoArchiveRest: step(async (context) => archiveRest(context, 'undoStop', liveClaim(context), 'undo-rest')),
  undoReopen: step(reopen),
  undoRetainVolumes: step(retainNow, back(letMembersGo)),
  undoExchangeVolumes: step(exchangeBack),
  undoRenameInVolume: step(async (context) => renameInVolume(context, true)),
  undoRemoveReplicaClaims: step(removeReplicaClaims),
  undoRecreateStatefulSet: step(async (context) => recreateStatefulSet(context, true)),
  undoVariables: step(putTemplateBack),
  undoForgetCluster: step(rememberCluster),
  undoClearStatus: step(clearStatus),
  undoOpenLine: step(openKept),
  undoVerify: step(async (context) => verify(context, reopenedTimeline(context))),
  undoResume: step(resume),
  undoBackUp: step(async (context) =>
    inArchive(context, 'before', async (before) => backUpInPod(before, firstPod(context), reopenedTimeline(context))),
  ),
  undoScaleOut: step(scaleOut),
  undoSettle: step(async (context) => {
    await pauseAgain(context);
    return settle(context);
  }),
  undoScaleWorkloadsUp: step(async (context) => scaleWorkloads(context, true)),
  undoTellStory: step(tellUndone),
};
