/**
 * `walkback prune`: deletes what nothing that shall stay needs.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { planPruneOfArchive, runPruneOfArchive } from '../../app/prune-archive.ts';
import { refuseIfFrozen } from '../../backup/freeze-note.ts';
import { Failure } from '../../base/failure.ts';
import type { PrunePlan } from '../../prune/prune-plan.ts';
import { defineCommand } from '../command.ts';
import { flag, text } from '../options.ts';
import { prunePlanJson, prunePlanText, prunedText } from '../output/prune-text.ts';

function refuseOtherPlan(plan: PrunePlan, wanted: string | undefined): void {
  if (wanted === undefined || plan.id === wanted) return;
  throw new Failure('conflict', {
    message: `cannot run plan ${wanted}: what would go now is plan ${plan.id}`,
    remedy: 'Look at what would go now:  walkback prune --dry-run',
  });
}

/** The command. */
export const prune = defineCommand({
  path: ['prune'],
  summary: 'Delete the backups and WAL that nothing which shall stay needs',
  description:
    'What stays is said by a number of full backups, by a span of time of which every moment stays reachable, or by both. Permanent backups stay, what a delta builds on, what a recovery uses, and all history files. It can be stopped anywhere and run again. A plan is shown first; its id is the same as long as the same would go.',
  settings: ['archive', 'server', 'keep'],
  options: {
    dryRun: flag('Only show what would go and what would stay'),
    yes: flag('Delete without asking'),
    plan: text('Delete only if the plan is still this one, by its id', 'ID'),
  },
  examples: [
    { line: 'walkback prune --keep-window 30d --dry-run', does: 'what would go' },
    { line: 'walkback prune --keep-window 30d --keep-full 4 --yes', does: 'from a timer: both promises hold' },
  ],
  run: async ({ dryRun, yes, plan: wanted }, { settings, questions, reporter, signal, screen }) => {
    await using archive = await openArchive(settings);
    const options = { onProgress: reporter.progress, signal };
    const plan = await planPruneOfArchive(settings, archive, options);
    reporter.finish('plan');
    refuseOtherPlan(plan, wanted);
    const json = prunePlanJson(plan);
    const isNothing = plan.totals.objects === 0 && plan.leftovers.length === 0;
    if (dryRun || isNothing) return { text: (shown) => prunePlanText(plan, shown), json: { ...json, deleted: false } };
    await refuseIfFrozen(archive.store, 'prune', { signal });
    const question = `${prunePlanText(plan, screen)}This cannot be undone.\nType the cluster's name, ${archive.clusterName}, to delete: `;
    if (!yes && !(await questions.confirm({ question, word: archive.clusterName, flag: '--yes' }))) {
      return { text: () => 'Nothing has been deleted.\n', json: { ...json, deleted: false } };
    }
    const report = await runPruneOfArchive(settings, archive, plan, options);
    reporter.finish('prune');
    return { text: (shown) => prunedText(report, plan, shown), json: { ...json, deleted: true } };
  },
});
