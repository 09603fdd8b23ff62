/**
 * The steps of an undo once the new cluster has been started: its volumes are put aside, and the old cluster is as it was, on its
 * timeline and with its archive, which nobody else has written to.
 *
 * @module
 */

import type { StepFacts } from '../../recovery/journal.ts';
import type { Step } from '../../recovery/runner.ts';
import { scaleDown } from '../recover/live-steps.ts';
import { surveyedLeader, wasPaused } from '../recover/survey.ts';
import { openLine, openPromoted, resume, scaleOut } from '../recover/open-steps.ts';
import { retainNow, settle } from '../recover/rebind-steps.ts';
import { annotate, tellEvent } from '../recover/tell-story.ts';
import type { ResetContext } from './context.ts';
import { rememberOld } from './forget-cluster.ts';
import { exchangeForKept } from './keep-volumes.ts';
import { moveArchiveBack } from './move-archive.ts';
import { proveOld } from './prove.ts';
import type { UNDO_RESET_STEPS } from './step-names.ts';
import { memberToGoBackTo } from './who-led.ts';

function work(run: (context: ResetContext) => Promise<StepFacts>): Step<ResetContext> {
  return { do: run, undo: async () => {}, isDone: async () => false };
}

async function tellUndone(context: ResetContext): Promise<StepFacts> {
  const { id } = context.plan.recovery;
  const story = `reset ${id} is undone: the cluster from before it is live again, with the archive ${context.plan.reset.archive.from}; what the new one held is kept: walkback release ${id}`;
  await annotate(context, story);
  await tellEvent(context, 'ResetUndone', story);
  return {};
}

/** See `SPEC.md`. An undo is only ever finished, never taken back. */
export const undoResetSteps: Record<(typeof UNDO_RESET_STEPS)[number], Step<ResetContext>> = {
  undoResetScaleDown: work(async (context) => {
    const led = await memberToGoBackTo(context);
    await tellEvent(context, 'ResetUndo', `reset ${context.plan.recovery.id}: its undo begins`);
    return { ...(await scaleDown(context)), led: led.pod };
  }),
  // A claim that was made just now may still have been given its volume meanwhile.
  undoResetRetainVolumes: work(retainNow),
  undoKeepVolumes: work(exchangeForKept),
  undoMoveArchive: work(async (context) => {
    await moveArchiveBack(context);
    return { archive: context.plan.reset.archive.from };
  }),
  undoForgetCluster: work(rememberOld),
  undoResetOpen: work(async (context) =>
    surveyedLeader(context, 'resetSurvey') === undefined ? openPromoted(context) : openLine(context),
  ),
  undoResetProve: work(proveOld),
  undoResetResume: work(async (context) =>
    wasPaused(context, 'resetSurvey') ? { leftPaused: true } : resume(context),
  ),
  undoResetScaleOut: work(scaleOut),
  undoResetSettle: work(settle),
  undoResetTellStory: work(tellUndone),
};
