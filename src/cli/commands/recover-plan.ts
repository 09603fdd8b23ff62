/**
 * `walkback recover plan`: what a recovery would do, proven possible; nothing is changed.
 *
 * @module
 */

import { openCarrier } from '../../app/open-carrier.ts';
import { openNamespaceRecovery, type OpenNamespace } from '../../app/open-namespace-recovery.ts';
import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import { makeNewPlan } from '../../recovery/new-plan.ts';
import { isInKubernetes } from '../../config/load-settings.ts';
import { askWhich } from '../ask-which.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';
import { lossesText } from '../output/losses-text.ts';
import { planText } from '../output/plan-text.ts';
import { namespacePlanText } from '../output/namespace-text.ts';
import type { Screen } from '../output/screen.ts';
import { noteRights } from '../namespace/carried.ts';
import { IN_CLUSTER_OPTION, NAMESPACE_OPTIONS, needsNamespace } from '../namespace/given.ts';
import { planInNamespace } from '../namespace/plan.ts';
import type { Plan } from '../../recovery/plan-value.ts';
import { shownPlanning, shownProgress } from '../recovery-steps.ts';
import type { Session } from '../session.ts';
import { requireTarget, TARGET_OPTIONS } from '../target-options.ts';

/** The command. */
export const recoverPlan = defineCommand({
  path: ['recover', 'plan'],
  summary: 'Prove that a target can be reached, and show what a recovery to it would do and lose',
  settings: ['archive', 'writing', 'server', 'recovery', 'kubernetes'],
  options: {
    ...TARGET_OPTIONS,
    ...NAMESPACE_OPTIONS,
    ...IN_CLUSTER_OPTION,
    losses: flag('List the transactions that it loses, and what they did'),
  },
  examples: [
    { line: 'walkback recover plan --before-xid 601762', does: 'to just before a transaction' },
    { line: 'walkback recover plan --to-time 2026-06-05T15:02:11Z', does: 'to a time' },
    { line: 'walkback recover plan --before-drop orders', does: 'to just before a table was dropped' },
    { line: 'walkback recover plan --before-xid 601762 --losses', does: 'and list what it loses' },
  ],
  run: async (given, session) => {
    const { settings, signal, reporter } = session;
    const target = requireTarget(given);
    const withLosses = (text: string, plan: Plan, screen: Screen): string =>
      given.losses ? `${text}\n${lossesText(plan, screen)}` : text;
    if (given.inCluster) needsNamespace(settings);
    if (isInKubernetes(settings)) {
      await using namespace = await opened(given.inCluster, session);
      const planned = await planInNamespace(namespace, { ...given, target }, session);
      return {
        text: (screen) => withLosses(namespacePlanText(planned, screen), planned.recovery, screen),
        json: planned,
      };
    }
    await using host = await openRecoveryUses(settings, { onProgress: shownProgress(reporter), signal });
    const plan = await shownPlanning(
      reporter,
      makeNewPlan(host.uses, target, { timeline: given.timeline, ask: askWhich(session) }),
    );
    return { text: (screen) => withLosses(planText(plan, screen), plan, screen), json: plan };
  },
});

async function opened(isCarried: boolean, session: Session): Promise<OpenNamespace> {
  const { settings, signal, reporter } = session;
  const run = { onProgress: shownProgress(reporter), signal };
  if (!isCarried) return openNamespaceRecovery(settings, run);
  const carrier = await openCarrier(settings, run);
  noteRights(carrier, session);
  return carrier;
}
