/**
 * `walkback recover run`: a plan from rehearsal through checks to cutover, or on from where it was interrupted.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { openCarrier } from '../../app/open-carrier.ts';
import { openNamespaceRecovery } from '../../app/open-namespace-recovery.ts';
import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import type { AskedTarget } from '../../recovery/asked-target.ts';
import { makeNewPlan } from '../../recovery/new-plan.ts';
import { stateOf } from '../../recovery/journal.ts';
import { checkMayCutOver } from '../../recovery/give-up.ts';
import { cutOver, openRecovery } from '../../recovery/recover.ts';
import type { RecoveryContext } from '../../recovery/recovery-context.ts';
import { hostKindOf } from '../../recovery/host-kind.ts';
import { transition, type RecoveryState } from '../../recovery/states.ts';
import { recoveryStatus } from '../../recovery/status.ts';
import { isInKubernetes } from '../../config/load-settings.ts';
import { askWhich } from '../ask-which.ts';
import { CHECK_OPTIONS, checksFrom, runGivenChecks, type GivenChecks } from '../check-options.ts';
import { defineCommand, type Answer } from '../command.ts';
import { flag } from '../options.ts';
import { runSwap, swapped } from '../held-work.ts';
import { tellDataWarnings } from '../output/data-warnings.ts';
import { countOf, formatAgo } from '../output/format.ts';
import { wrap } from '../output/wrap.ts';
import { targetNotes } from '../output/plan-text.ts';
import { GIVES_UP } from '../output/recovery-status-text.ts';
import { checksLines, foundInRehearsal, recoveredText, standingText, undoneText } from '../output/recovery-text.ts';
import { IN_CLUSTER_OPTION, NAMESPACE_OPTIONS, needsNamespace } from '../namespace/given.ts';
import { planAndNote, type PlanningOptions } from '../namespace/plan.ts';
import { checkNotCarried, noteRights, refuseIfAtWork, runCarried } from '../namespace/carried.ts';
import { runInNamespace } from '../namespace/run.ts';
import { shownPlanning, shownProgress, shownSteps } from '../recovery-steps.ts';
import { runRehearsal, stepsBefore } from '../rehearsal-steps.ts';
import type { Session } from '../session.ts';
import { targetFrom, TARGET_OPTIONS } from '../target-options.ts';
import { runUndo } from '../undo-steps.ts';

async function confirmed(context: RecoveryContext, isYes: boolean, { questions, screen }: Session): Promise<boolean> {
  const { plan } = context;
  const state = stateOf(context.journal.entries);
  if (isYes || state === 'cuttingOver') return true;
  const planned = countOf(plan.laterCommits, 'transaction');
  const ago = formatAgo(BigInt(Date.parse(plan.createdAt)) * 1000n, screen.nowUs());
  const loss = `Cut over now?  What was committed behind the target (${planned} when it was planned, ${ago}) will be set aside: kept, not deleted.`;
  const [does, left] = state === 'undoing' ? [GIVES_UP, 'as it is'] : [loss, 'standing'];
  const question = `\n${wrap(does, screen.columns - 1).join('\n')}\nType the cluster's name, ${plan.cluster.name}, to go on,\nor Enter to leave it ${left}: `;
  return questions.confirm({ question, word: plan.cluster.name, flag: '--yes' });
}

const BEFORE_CUTOVER: ReadonlySet<RecoveryState> = new Set(['planned', 'rehearsing', 'standing']);

/** The command. */
export const recoverRun = defineCommand({
  path: ['recover', 'run'],
  summary: 'Rehearse a plan, check it, and swap it in',
  description:
    'Takes the id of a plan, or a target to plan for. The cluster runs untouched until the cutover, which asks for its name to be typed. Interrupted, it goes on where it was. In the middle of an undo whose data have not opened it gives that up.',
  settings: ['archive', 'writing', 'server', 'recovery', 'kubernetes'],
  operands: { id: { placeholder: 'ID', summary: 'the plan, or the recovery to go on with', isOptional: true } },
  options: {
    ...TARGET_OPTIONS,
    ...CHECK_OPTIONS,
    ...NAMESPACE_OPTIONS,
    ...IN_CLUSTER_OPTION,
    holdWrites: flag(
      'From the cutover on, until the recovered data is proven, let sessions begin read-only, and end those there are',
    ),
    yes: flag('Cut over without asking'),
  },
  examples: [
    { line: 'walkback recover run 7f3a', does: 'the plan of that id' },
    { line: 'walkback recover run --before-xid 601762 --check checks/orders.sql', does: 'plan, rehearse, check, ask' },
    { line: 'walkback recover run 7f3a --hold-writes', does: 'and nobody writes before the recovered data is proven' },
    { line: 'walkback recover run 7f3a --in-cluster', does: 'a Job does it, this terminal watches; type it again to' },
  ],
  run: async (given, session) => {
    const { settings, signal, reporter } = session;
    if (given.holdWrites && (given.inCluster || isInKubernetes(settings))) throw holdsNoWrites();
    if (given.inCluster) {
      needsNamespace(settings);
      return runByCarrier(given, session);
    }
    if (isInKubernetes(settings)) return runFromHere(given, session);
    await using opened = await openRecoveryUses(settings, { onProgress: shownProgress(reporter), signal });
    const { uses } = opened;
    const id = await idToRun(given, (target) => planToRun(target, given.timeline, uses, session));
    const shown = shownSteps(reporter);
    await using recovery = await openRecovery(uses, id, shown.onEntry);
    const context = { ...recovery.context, holdsWrites: given.holdWrites };
    const state = stateOf(context.journal.entries);
    transition(id, state, BEFORE_CUTOVER.has(state) ? 'rehearse' : 'cutOver');
    checkMayCutOver(id, context.journal.entries);
    const before = stepsBefore(context.journal.entries, {
      checks: given.sql.length + given.check.length,
      cutsOver: true,
      kind: hostKindOf(context.plan),
    });
    reporter.plan(`${context.plan.cluster.name} to ${context.plan.target.asked}`, before);
    if (BEFORE_CUTOVER.has(state)) await runRehearsal(context, shown, session);
    const checks = BEFORE_CUTOVER.has(state) ? await runGivenChecks(context, given, session) : [];
    const failed = checks.filter(({ passed }) => !passed);
    if (failed.length > 0)
      throw checksFailed(
        id,
        failed.flatMap(({ name, problems }) => [name, ...problems]),
      );
    if (BEFORE_CUTOVER.has(state)) tellDataWarnings(foundInRehearsal(context.journal.entries), reporter);
    if (!(await confirmed(context, given.yes, session))) {
      const standing = await recoveryStatus(uses.cluster, id);
      return {
        text: (screen) =>
          state === 'undoing' ? 'Nothing has been changed.\n' : standingText(standing, checks, uses.user, screen),
        json: { id, state: standing.state, checks },
      };
    }
    const swap = { of: swapped(context), name: 'cutover', run: (held: AbortSignal) => cutOver(context, held) } as const;
    if ((await runSwap(swap, session)) === 'undo') {
      shown.stop('stopped, to be undone');
      const undone = await runUndo(context, shown, session);
      return { text: (screen) => undoneText(undone, screen), json: { id, state: undone.state } };
    }
    shown.finish();
    const status = await recoveryStatus(uses.cluster, id);
    return {
      text: (screen) => [...checksLines(checks, screen), recoveredText(status, screen)].join('\n'),
      json: { id, state: status.state, plan: status.plan, checks, journal: status.entries },
    };
  },
});

type Given = Parameters<typeof targetFrom>[0] & {
  readonly id: string | undefined;
  readonly timeline: number | undefined;
};

type GivenRun = Given & GivenChecks & Omit<PlanningOptions, 'target' | 'timeline'> & { readonly yes: boolean };

/** In a namespace, by this process. */
async function runFromHere(given: GivenRun, session: Session): Promise<Answer> {
  const { settings, signal, reporter } = session;
  await using namespace = await openNamespaceRecovery(settings, { onProgress: shownProgress(reporter), signal });
  const planned = async (target: AskedTarget): Promise<string> =>
    (await planAndNote(namespace, { ...given, target }, session)).recovery.id;
  const id = await idToRun(given, planned);
  await checkNotCarried(namespace.uses.api, id);
  return await runInNamespace(namespace, id, { checks: await checksFrom(given), yes: given.yes }, session);
}

/** In a namespace, by a Job of it. */
async function runByCarrier(given: GivenRun, session: Session): Promise<Answer> {
  const { settings, signal, reporter } = session;
  await using carrier = await openCarrier(settings, { onProgress: shownProgress(reporter), signal });
  const checks = await checksFrom(given);
  const planned = async (target: AskedTarget): Promise<string> => {
    noteRights(carrier, session);
    await refuseIfAtWork(carrier);
    return (await planAndNote(carrier, { ...given, target }, session)).recovery.id;
  };
  return await runCarried(carrier, await idToRun(given, planned), { checks, yes: given.yes }, session);
}

async function planToRun(
  target: AskedTarget,
  timeline: number | undefined,
  uses: RecoveryContext['uses'],
  session: Session,
): Promise<string> {
  const { reporter, screen } = session;
  const plan = await shownPlanning(reporter, makeNewPlan(uses, target, { timeline, ask: askWhich(session) }));
  for (const line of targetNotes(plan, screen)) reporter.note(line);
  return plan.id;
}

/** The plan that was named, or one that is made for the target. */
async function idToRun(given: Given, plan: (target: AskedTarget) => Promise<string>): Promise<string> {
  const target = targetFrom(given);
  if (given.id !== undefined && target === undefined) return given.id;
  if (given.id === undefined && target !== undefined) return plan(target);
  throw new Failure('usage', {
    message: 'cannot tell what to recover to: give either the id of a plan or a target',
    remedy: 'The plans there are:\n    walkback recover status\nOr what can be planned for:\n    walkback window',
  });
}

function holdsNoWrites(): Failure {
  return new Failure('usage', {
    message: 'cannot use --hold-writes in a namespace: there the applications themselves are stopped',
    remedy: 'Name what writes:  --scale-down deployment/NAME',
  });
}

function checksFailed(id: string, facts: readonly string[]): Failure {
  return new Failure('refused', {
    message: `cannot cut over to recovery ${id}: a check failed`,
    remedy: `The rehearsal stands; the cluster is untouched. Look around, step on, or throw it away:  walkback recover status ${id}`,
    facts,
  });
}
