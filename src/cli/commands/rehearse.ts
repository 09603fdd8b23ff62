/**
 * `walkback rehearse`: the cluster at another moment, beside the running one, to look at; and throwing it away again.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { openNamespaceRecovery } from '../../app/open-namespace-recovery.ts';
import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import type { AskedTarget } from '../../recovery/asked-target.ts';
import { makeNewPlan } from '../../recovery/new-plan.ts';
import type { Plan } from '../../recovery/plan-value.ts';
import { discard, openRecovery } from '../../recovery/recover.ts';
import { stateOf } from '../../recovery/journal.ts';
import { hostKindOf } from '../../recovery/host-kind.ts';
import { transition } from '../../recovery/states.ts';
import { recoveryStatus } from '../../recovery/status.ts';
import type { RecoveryUses } from '../../recovery/uses.ts';
import { isInKubernetes } from '../../config/load-settings.ts';
import { askWhich } from '../ask-which.ts';
import { CHECK_OPTIONS, runGivenChecks } from '../check-options.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';
import { targetNotes } from '../output/plan-text.ts';
import { standingText } from '../output/recovery-text.ts';
import { planAndNote } from '../namespace/plan.ts';
import { NAMESPACE_OPTIONS } from '../namespace/given.ts';
import { rehearseInNamespace } from '../namespace/run.ts';
import { shownPlanning, shownProgress, shownSteps } from '../recovery-steps.ts';
import { runRehearsal, stepsBefore } from '../rehearsal-steps.ts';
import type { Session } from '../session.ts';
import { targetFrom, TARGET_OPTIONS } from '../target-options.ts';

/** The command. */
export const rehearse = defineCommand({
  path: ['rehearse'],
  summary: 'Restore the cluster at another moment beside the running one, paused there, to look at',
  settings: ['archive', 'writing', 'server', 'recovery', 'kubernetes'],
  operands: { id: { placeholder: 'ID', summary: 'a plan, or a rehearsal that stands', isOptional: true } },
  options: {
    ...TARGET_OPTIONS,
    ...CHECK_OPTIONS,
    ...NAMESPACE_OPTIONS,
    discard: flag('Stop and remove the rehearsal'),
  },
  examples: [
    { line: 'walkback rehearse --before-xid 601762', does: 'just before a transaction' },
    { line: "walkback rehearse 7f3a --sql 'select count(*) > 50000 from orders'", does: 'check one that stands' },
    { line: 'walkback rehearse --discard 7f3a', does: 'throw it away' },
  ],
  run: async (given, session) => {
    const { settings, signal, reporter } = session;
    const target = targetFrom(given);
    const isClear = (given.id === undefined) !== (target === undefined) && !(given.discard && given.id === undefined);
    if (!isClear) throw unclear(given.discard);
    if (isInKubernetes(settings)) {
      await using namespace = await openNamespaceRecovery(settings, { onProgress: shownProgress(reporter), signal });
      const planned = target === undefined ? undefined : await planAndNote(namespace, { ...given, target }, session);
      return await rehearseInNamespace(namespace, planned?.recovery.id ?? given.id ?? '', given, session);
    }
    await using opened = await openRecoveryUses(settings, { onProgress: shownProgress(reporter), signal });
    const { uses } = opened;
    const id =
      given.id ?? (target === undefined ? '' : (await planToRehearse(target, given.timeline, uses, session)).id);
    const shown = shownSteps(reporter);
    await using recovery = await openRecovery(uses, id, shown.onEntry);
    const { context } = recovery;
    if (given.discard) {
      await discard(context);
      return { text: () => `Thrown away.  The running cluster was never touched.\n`, json: { id, state: 'discarded' } };
    }
    const state = stateOf(context.journal.entries);
    transition(id, state, 'rehearse');
    const before = stepsBefore(context.journal.entries, {
      checks: given.sql.length + given.check.length,
      cutsOver: false,
      kind: hostKindOf(context.plan),
    });
    reporter.plan(`${context.plan.cluster.name}, ${context.plan.target.asked}`, before);
    await runRehearsal(context, shown, session);
    const checks = await runGivenChecks(context, given, session);
    const status = await recoveryStatus(uses.cluster, id);
    return {
      text: (screen) => standingText(status, checks, uses.user, screen),
      json: { id, state: status.state, plan: status.plan, checks, journal: status.entries },
      exitCode: checks.every(({ passed }) => passed) ? 0 : 1,
    };
  },
});

/** What was asked for became a moment between two transactions: both are shown before anything runs. */
async function planToRehearse(
  target: AskedTarget,
  timeline: number | undefined,
  uses: RecoveryUses,
  session: Session,
): Promise<Plan> {
  const { reporter, screen } = session;
  const plan = await shownPlanning(reporter, makeNewPlan(uses, target, { timeline, ask: askWhich(session) }));
  for (const line of targetNotes(plan, screen)) reporter.note(line);
  return plan;
}

function unclear(isDiscard: boolean): Failure {
  return new Failure('usage', {
    message: `cannot tell what to ${isDiscard ? 'throw away: give its id' : 'rehearse: give either an id or a target'}`,
    remedy: 'The rehearsals there are:\n    walkback recover status\nWhat can be rehearsed:\n    walkback window',
  });
}
