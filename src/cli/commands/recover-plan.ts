/**
 * `walkback recover plan`: what a recovery would do, proven possible; nothing is changed.
 *
 * @module
 */

import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import { makeNewPlan } from '../../recovery/new-plan.ts';
import { askWhich } from '../ask-which.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';
import { lossesText } from '../output/losses-text.ts';
import { planText } from '../output/plan-text.ts';
import type { Screen } from '../output/screen.ts';
import { shownPlanning, shownProgress } from '../recovery-steps.ts';
import { requireTarget, TARGET_OPTIONS } from '../target-options.ts';

/** The command. */
export const recoverPlan = defineCommand({
  path: ['recover', 'plan'],
  summary: 'Prove that a target can be reached, and show what a recovery to it would do and lose',
  settings: ['archive', 'writing', 'server', 'recovery'],
  options: { ...TARGET_OPTIONS, losses: flag('List the transactions that it loses, and what they did') },
  examples: [
    { line: 'walkback recover plan --before-xid 601762', does: 'to just before a transaction' },
    { line: 'walkback recover plan --to-time 2026-06-05T15:02:11Z', does: 'to a time' },
    { line: 'walkback recover plan --before-drop orders', does: 'to just before a table was dropped' },
    { line: 'walkback recover plan --before-xid 601762 --losses', does: 'and list what it loses' },
  ],
  run: async (given, session) => {
    const { settings, signal, reporter } = session;
    const target = requireTarget(given);
    await using opened = await openRecoveryUses(settings, { onProgress: shownProgress(reporter), signal });
    const plan = await shownPlanning(
      reporter,
      makeNewPlan(opened.uses, target, { timeline: given.timeline, ask: askWhich(session) }),
    );
    const text = (screen: Screen): string =>
      given.losses ? `${planText(plan, screen)}\n${lossesText(plan, screen)}` : planText(plan, screen);
    return { text, json: plan };
  },
});
