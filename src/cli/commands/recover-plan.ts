/**
 * `walkback recover plan`: what a recovery would do, proven possible; nothing is changed.
 *
 * @module
 */

import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import { makeNewPlan } from '../../recovery/new-plan.ts';
import { defineCommand } from '../command.ts';
import { planText } from '../output/plan-text.ts';
import { shownPlanning, shownProgress } from '../recovery-steps.ts';
import { requireTarget, TARGET_OPTIONS } from '../target-options.ts';

/** The command. */
export const recoverPlan = defineCommand({
  path: ['recover', 'plan'],
  summary: 'Prove that a target can be reached, and show what a recovery to it would do and lose',
  settings: ['archive', 'writing', 'server', 'recovery'],
  options: TARGET_OPTIONS,
  examples: [
    { line: 'walkback recover plan --before-xid 601762', does: 'to just before a transaction' },
    { line: 'walkback recover plan --to-time 2026-06-05T15:02:11Z', does: 'to a time' },
  ],
  run: async (given, { settings, signal, reporter }) => {
    const target = requireTarget(given);
    await using opened = await openRecoveryUses(settings, { onProgress: shownProgress(reporter), signal });
    const plan = await shownPlanning(reporter, makeNewPlan(opened.uses, target, given.timeline));
    return { text: (screen) => planText(plan, screen), json: plan };
  },
});
