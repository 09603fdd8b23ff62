/**
 * A reset in a namespace as an operator drives it.
 *
 * @module
 */

import type { OpenNamespace } from '../../app/open-namespace-recovery.ts';
import { Failure } from '../../base/failure.ts';
import type { KubernetesApi } from '../../kubernetes/api/kubernetes-api.ts';
import type { ResetEntry } from '../../kubernetes/recover/journal-object.ts';
import { confirmWord } from '../../kubernetes/recover/plan-value.ts';
import type { ResetContext } from '../../kubernetes/reset/context.ts';
import { confirmName, type ResetPlan } from '../../kubernetes/reset/plan-value.ts';
import {
  hasStartedAnew,
  openReset,
  releaseReset,
  resetReleasePlan,
  resetTransition,
  runReset,
  undoReset,
} from '../../kubernetes/reset/reset.ts';
import { resetStatus } from '../../kubernetes/reset/status.ts';
import { RESET_STEPS, UNDO_RESET_STEPS } from '../../kubernetes/reset/step-names.ts';
import { stateOf } from '../../recovery/journal.ts';
import type { Answer } from '../command.ts';
import { runSwap } from '../held-work.ts';
import { confirmQuestion } from '../output/namespace-text.ts';
import {
  resetDoneText,
  resetPlanText,
  resetReleaseText,
  resetStatusText,
  resetUndoneText,
} from '../output/reset-text.ts';
import type { ShownJournal } from '../output/shown-journal.ts';
import type { Session } from '../session.ts';
import { resetStepsToCome, SHOWN_RESET, SHOWN_RESET_UNDO, shownReset } from './shown-reset-steps.ts';

function nameOf({ swap }: ResetPlan): string {
  return `${swap.namespace}/${swap.statefulSet.name}`;
}

function swapped({ plan, journal, uses }: ResetContext) {
  const isUp = async (): Promise<boolean> => ((await resetStatus(uses.api, plan.recovery.id)).pods?.ready ?? 0) > 0;
  return { id: plan.recovery.id, entries: journal.entries, isUp, mayStay: () => false };
}

/** How a reset is agreed to. */
export interface ResetAgreement {
  readonly yes: boolean;
  readonly confirmName: string | undefined;
}

/** Said beforehand, the name has to be said too: a script that is run in another namespace must not do it there. */
async function isAgreed(
  plan: ResetPlan,
  { yes, confirmName: said }: ResetAgreement,
  session: Session,
): Promise<boolean> {
  const wanted = confirmName(plan);
  if (said !== undefined && said !== wanted) {
    throw new Failure('usage', {
      message: `cannot reset ${wanted}: --confirm-name is ${JSON.stringify(said)}`,
      remedy: 'Look at where you are: context, namespace and StatefulSet.',
      facts: [`context ${plan.swap.context}, server ${plan.swap.server}`],
    });
  }
  if (yes && said === wanted) return true;
  if (yes) {
    throw new Failure('usage', {
      message: `cannot reset ${wanted} with --yes alone`,
      remedy: `Say what is reset too:  --yes --confirm-name ${wanted}`,
    });
  }
  const does = `${resetPlanText(plan, session.screen)}\nReset now?  The cluster is replaced by an empty one; what there is is put aside: kept, not deleted.`;
  const flag = `--yes --confirm-name ${wanted}`;
  return session.questions.confirm({ question: confirmQuestion(plan, does), word: confirmWord(plan), flag });
}

/** `walkback cluster reset --dry-run`. */
export async function planResetInNamespace(opened: OpenNamespace): Promise<Answer> {
  const plan = await opened.planReset();
  return { text: (screen) => resetPlanText(plan, screen), json: plan };
}

/** `walkback cluster reset`. */
export async function resetInNamespace(
  opened: OpenNamespace,
  id: string,
  agreement: ResetAgreement,
  session: Session,
): Promise<Answer> {
  const { api } = opened.uses;
  const shown = shownReset(session.reporter);
  await using reset = await openReset(opened.uses, id, shown.onEntry);
  const { context } = reset;
  const state = stateOf(context.journal.entries);
  resetTransition(id, state, 'run');
  if (state === 'planned' && !(await isAgreed(context.plan, agreement, session))) {
    return { text: () => 'Nothing has been changed.\n', json: { id, state } };
  }
  session.reporter.plan(
    `${nameOf(context.plan)} anew`,
    resetStepsToCome(SHOWN_RESET, RESET_STEPS, context.journal.entries),
  );
  const swap = { of: swapped(context), name: 'reset', run: (held: AbortSignal) => runReset(context, held) } as const;
  if ((await runSwap(swap, session)) === 'undo') {
    shown.stop('stopped, to be undone');
    // Nobody else may change the namespace before this is over.
    return await undoShown(context, shown, session);
  }
  shown.finish();
  const status = await resetStatus(api, id);
  return {
    text: (screen) => resetDoneText(status, screen),
    json: { id, state: status.state, plan: status.plan, journal: status.entries },
  };
}

async function undoShown(context: ResetContext, shown: ShownJournal<ResetEntry>, session: Session): Promise<Answer> {
  const { plan, uses, journal } = context;
  const { id } = plan.recovery;
  const whole = { name: 'take back', summary: 'what has been done, last step first' };
  const isStarted = hasStartedAnew(journal.entries);
  const steps = isStarted ? resetStepsToCome(SHOWN_RESET_UNDO, UNDO_RESET_STEPS, journal.entries) : [whole];
  session.reporter.plan(`${nameOf(plan)} back to the cluster from before`, steps);
  if (!isStarted) session.reporter.begin(whole.name);
  await runSwap({ of: swapped(context), name: 'undo', run: (signal) => undoReset(context, signal) }, session);
  if (!isStarted) session.reporter.finish(whole.name);
  shown.finish();
  const status = await resetStatus(uses.api, id);
  return {
    text: (screen) => resetUndoneText(status, screen),
    json: { id, state: status.state, journal: status.entries },
  };
}

/** `walkback undo` of a reset. */
export async function undoResetInNamespace(
  opened: OpenNamespace,
  id: string,
  yes: boolean,
  session: Session,
): Promise<Answer> {
  const shown = shownReset(session.reporter);
  await using reset = await openReset(opened.uses, id, shown.onEntry);
  const { context } = reset;
  const state = stateOf(context.journal.entries);
  resetTransition(id, state, 'undo');
  const does = 'Swap back now?  What the new cluster holds will be set aside: kept, not deleted.';
  const question = { question: confirmQuestion(context.plan, does), word: confirmWord(context.plan), flag: '--yes' };
  if (!yes && state === 'recovered' && !(await session.questions.confirm(question))) {
    return { text: () => 'Nothing has been changed.\n', json: { id, state } };
  }
  // Nobody else may change the namespace before this is over.
  return await undoShown(context, shown, session);
}

/** `walkback release` of a reset. */
export async function releaseResetInNamespace(
  opened: OpenNamespace,
  { id, dryRun, yes }: { readonly id: string; readonly dryRun: boolean; readonly yes: boolean },
  session: Session,
): Promise<Answer> {
  await using reset = await openReset(opened.uses, id);
  const { context } = reset;
  const { plan } = context;
  const planned = await resetReleasePlan(context);
  const text = resetReleaseText(plan, planned, false);
  if (dryRun) return { text: () => text, json: { id, claims: planned, removed: false } };
  const does = `${text}Afterwards reset ${id} cannot be undone.`;
  const question = { question: confirmQuestion(plan, does), word: confirmWord(plan), flag: '--yes' };
  if (!yes && !(await session.questions.confirm(question))) {
    return { text: () => 'Nothing has been removed.\n', json: { id, claims: planned, removed: false } };
  }
  const claims = await releaseReset(context);
  return { text: () => resetReleaseText(plan, claims, true), json: { id, claims, removed: true } };
}

/** `walkback recover status ID` of a reset. */
export async function statusOfReset(api: KubernetesApi, id: string): Promise<Answer> {
  const status = await resetStatus(api, id);
  return { text: (screen) => resetStatusText(status, screen), json: status };
}
