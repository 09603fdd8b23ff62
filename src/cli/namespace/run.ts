/**
 * Rehearsal, cutover and undo in a namespace as an operator drives them.
 *
 * @module
 */

import type { OpenNamespace } from '../../app/open-namespace-recovery.ts';
import { Failure } from '../../base/failure.ts';
import type { RecoveryWay } from '../../kubernetes/find/rights.ts';
import type { SwapContext } from '../../kubernetes/recover/context.ts';
import { checkMayCutOver, mayStayRecovered } from '../../kubernetes/recover/give-up.ts';
import { makeSteppedNamespacePlan } from '../../kubernetes/recover/new-plan.ts';
import { confirmWord } from '../../kubernetes/recover/plan-value.ts';
import {
  checkHasRehearsal,
  checkSwap,
  cutOverSwap,
  discardSwap,
  hasSwapOpened,
  openSwap,
  rehearseSwap,
  stepSwap,
  undoSwap,
} from '../../kubernetes/recover/recover.ts';
import { swapStatus, type SwapStatus } from '../../kubernetes/recover/status.ts';
import type { AskedTarget } from '../../recovery/asked-target.ts';
import type { ChecksRequest } from '../../recovery/check-rehearsal.ts';
import type { CheckResult } from '../../recovery/checks.ts';
import { stateOf } from '../../recovery/journal.ts';
import { transition, type RecoveryState } from '../../recovery/states.ts';
import { askWhich } from '../ask-which.ts';
import { shownPlanning } from '../recovery-steps.ts';
import { checksFrom, runChecksBy, type GivenChecks } from '../check-options.ts';
import type { Answer } from '../command.ts';
import { runSwap } from '../held-work.ts';
import { tellDataWarnings } from '../output/data-warnings.ts';
import { countOf, formatAgo } from '../output/format.ts';
import {
  confirmQuestion,
  foundInNamespaceRehearsal,
  recoveredInNamespaceText,
  standingInNamespaceText,
  undoneInNamespaceText,
} from '../output/namespace-text.ts';
import { GIVES_UP } from '../output/recovery-status-text.ts';
import { checksLines } from '../output/recovery-text.ts';
import type { ShownJournal } from '../output/shown-journal.ts';
import { isResetId, type SwapEntry } from '../../kubernetes/recover/journal-object.ts';
import type { Session } from '../session.ts';
import { notCarried } from './carried.ts';
import { undoResetInNamespace } from './reset.ts';
import { SHOWN_CUTOVER, SHOWN_REHEARSAL, SHOWN_UNDO, shownSwapSteps, stepsToCome } from './shown-steps.ts';

const BEFORE_CUTOVER: ReadonlySet<RecoveryState> = new Set(['planned', 'rehearsing', 'standing']);

function wayOf({ plan }: SwapContext): RecoveryWay {
  return plan.swap.way;
}

function swapped(context: SwapContext) {
  return {
    id: context.plan.recovery.id,
    entries: context.journal.entries,
    isUp: async () => ((await swapStatus(context.uses.api, context.plan.recovery.id)).pods?.ready ?? 0) > 0,
    mayStay: () => mayStayRecovered(context.plan, context.journal.entries),
  };
}

/** Makes a rehearsal stand. Stopped by a signal, it is thrown away, unless another pod is to go on with it. */
async function standUp(
  context: SwapContext,
  shown: ShownJournal<SwapEntry>,
  session: Session,
  keeps = false,
): Promise<void> {
  const { reporter, signal } = session;
  const stood = stateOf(context.journal.entries) === 'standing';
  try {
    await rehearseSwap(context);
  } catch (error) {
    if (stood || keeps || !signal.aborted) throw error;
    shown.stop('stopped');
    reporter.begin('clean up', 'the rehearsal is removed');
    const { signal: _stopped, ...uses } = context.uses;
    await discardSwap({ ...context, uses });
    reporter.finish('clean up', 'the rehearsal is removed, the running cluster untouched');
    signal.throwIfAborted();
  }
  shown.finish();
}

function checksFailed(id: string, checks: readonly CheckResult[]): Failure {
  return new Failure('refused', {
    message: `cannot cut over to recovery ${id}: a check failed`,
    remedy: `The rehearsal stands; the cluster is untouched. Look around, step on, or throw it away:  walkback recover status ${id}`,
    facts: checks.filter(({ passed }) => !passed).flatMap(({ name, problems }) => [name, ...problems]),
  });
}

async function confirmed(context: SwapContext, isYes: boolean, { questions, screen }: Session): Promise<boolean> {
  const { plan } = context;
  const state = stateOf(context.journal.entries);
  if (isYes || state === 'cuttingOver') return true;
  const { laterCommits, createdAt } = plan.recovery;
  const ago = formatAgo(BigInt(Date.parse(createdAt)) * 1000n, screen.nowUs());
  const restores = plan.swap.clone === undefined ? '' : '  The cluster is down while its image restores.';
  const does = `Cut over now?${restores}  What was committed behind the target (${countOf(laterCommits, 'transaction')} when it was planned, ${ago}) will be set aside: kept, not deleted.`;
  const question = confirmQuestion(plan, state === 'undoing' ? GIVES_UP : does);
  return questions.confirm({ question, word: confirmWord(plan), flag: '--yes' });
}

async function undoShown(context: SwapContext, shown: ShownJournal<SwapEntry>, session: Session): Promise<SwapStatus> {
  const { plan, uses, journal } = context;
  const isOpened = hasSwapOpened(journal.entries);
  const whole = { name: 'take back', summary: 'what has been done, last step first' };
  const steps = isOpened ? stepsToCome(SHOWN_UNDO, journal.entries, { way: wayOf(context), run: 'back' }) : [whole];
  session.reporter.plan(
    `${plan.recovery.cluster.name} back to the data from before recovery ${plan.recovery.id}`,
    steps,
  );
  if (!isOpened) session.reporter.begin(whole.name);
  await runSwap({ of: swapped(context), name: 'undo', run: (signal) => undoSwap(context, signal) }, session);
  if (!isOpened) session.reporter.finish(whole.name);
  shown.finish();
  return swapStatus(uses.api, plan.recovery.id);
}

/** How a plan is run. */
export interface RunOptions {
  readonly checks: ChecksRequest;
  readonly yes: boolean;
  /** True in a pod that another one follows: what is stopped is left as it is. */
  readonly isCarried?: boolean;
}

/** `walkback recover run`. */
export async function runInNamespace(
  opened: OpenNamespace,
  id: string,
  given: RunOptions,
  session: Session,
): Promise<Answer> {
  const { reporter } = session;
  const { api } = opened.uses;
  const shown = shownSwapSteps(reporter);
  await using recovery = await openSwap(opened.uses, id, shown.onEntry);
  const { context } = recovery;
  const state = stateOf(context.journal.entries);
  transition(id, state, BEFORE_CUTOVER.has(state) ? 'rehearse' : 'cutOver');
  checkMayCutOver(context.plan, context.journal.entries);
  if (state === 'undoing' && given.isCarried === true) throw notCarried(id);
  const toCome = stepsToCome([...SHOWN_REHEARSAL, ...SHOWN_CUTOVER], context.journal.entries, {
    way: wayOf(context),
    run: 'forth',
  });
  reporter.plan(`${context.plan.recovery.cluster.name} to ${context.plan.recovery.target.asked}`, toCome);
  if (BEFORE_CUTOVER.has(state)) await standUp(context, shown, session, given.isCarried);
  const checks = !BEFORE_CUTOVER.has(state)
    ? []
    : await runChecksBy((request) => checkSwap(context, request), given.checks, session);
  if (checks.some(({ passed }) => !passed)) throw checksFailed(id, checks);
  if (BEFORE_CUTOVER.has(state)) tellDataWarnings(foundInNamespaceRehearsal(context.journal.entries), reporter);
  if (!(await confirmed(context, given.yes, session))) {
    const standing = await swapStatus(api, id);
    return {
      text: (screen) =>
        state === 'undoing' ? 'Nothing has been changed.\n' : standingInNamespaceText(standing, checks, screen),
      json: { id, state: standing.state, checks },
    };
  }
  const swap = {
    of: swapped(context),
    name: 'cutover',
    run: (held: AbortSignal) => cutOverSwap(context, held),
  } as const;
  if ((await runSwap(swap, session)) === 'undo') {
    shown.stop('stopped, to be undone');
    const undone = await undoShown(context, shown, session);
    return { text: (screen) => undoneInNamespaceText(undone, screen), json: { id, state: undone.state } };
  }
  shown.finish();
  const status = await swapStatus(api, id);
  return {
    text: (screen) => [...checksLines(checks, screen), recoveredInNamespaceText(status, screen)].join('\n'),
    json: { id, state: status.state, plan: status.plan, checks, journal: status.entries },
  };
}

/** `walkback rehearse`. */
export async function rehearseInNamespace(
  opened: OpenNamespace,
  id: string,
  given: GivenChecks & { readonly discard: boolean },
  session: Session,
): Promise<Answer> {
  const shown = shownSwapSteps(session.reporter);
  await using recovery = await openSwap(opened.uses, id, shown.onEntry);
  const { context } = recovery;
  if (!given.discard) checkHasRehearsal(context);
  if (given.discard) {
    await discardSwap(context);
    return { text: () => 'Thrown away.  The running cluster was never touched.\n', json: { id, state: 'discarded' } };
  }
  transition(id, stateOf(context.journal.entries), 'rehearse');
  const { cluster, target } = context.plan.recovery;
  session.reporter.plan(
    `${cluster.name}, ${target.asked}`,
    stepsToCome(SHOWN_REHEARSAL, context.journal.entries, { way: wayOf(context), run: 'forth' }),
  );
  await standUp(context, shown, session);
  const asked = await checksFrom(given);
  const checks = await runChecksBy((request) => checkSwap(context, request), asked, session);
  const status = await swapStatus(opened.uses.api, id);
  return {
    text: (screen) => standingInNamespaceText(status, checks, screen),
    json: { id, state: status.state, plan: status.plan, checks, journal: status.entries },
    exitCode: checks.every(({ passed }) => passed) ? 0 : 1,
  };
}

/** `walkback rehearse step`. */
export async function stepInNamespace(
  opened: OpenNamespace,
  id: string,
  target: AskedTarget,
  session: Session,
): Promise<Answer> {
  const shown = shownSwapSteps(session.reporter);
  await using recovery = await openSwap(opened.uses, id, shown.onEntry);
  const { context } = recovery;
  const request = { target, ask: askWhich(session) };
  const stepped = makeSteppedNamespacePlan(opened.uses, await opened.subject(), context.plan, request);
  await stepSwap(context, await shownPlanning(session.reporter, stepped));
  shown.finish();
  const status = await swapStatus(opened.uses.api, id);
  return {
    text: (screen) => standingInNamespaceText(status, [], screen),
    json: { id, state: status.state, plan: status.plan },
  };
}

/** `walkback undo`. */
export async function undoInNamespace(
  opened: OpenNamespace,
  id: string,
  yes: boolean,
  session: Session,
): Promise<Answer> {
  if (await isResetId(opened.uses.api, id)) return undoResetInNamespace(opened, id, yes, session);
  const shown = shownSwapSteps(session.reporter);
  await using recovery = await openSwap(opened.uses, id, shown.onEntry);
  const { context } = recovery;
  const state = stateOf(context.journal.entries);
  transition(id, state, 'undo');
  const does = `Swap back now?  What the cluster has done since its recovery will be set aside: kept, not deleted.`;
  const question = { question: confirmQuestion(context.plan, does), word: confirmWord(context.plan), flag: '--yes' };
  if (!yes && state === 'recovered' && !(await session.questions.confirm(question))) {
    return { text: () => 'Nothing has been changed.\n', json: { id, state } };
  }
  const status = await undoShown(context, shown, session);
  return {
    text: (screen) => undoneInNamespaceText(status, screen),
    json: { id, state: status.state, journal: status.entries },
  };
}
