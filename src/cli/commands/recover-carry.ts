/**
 * `walkback recover carry`: what the Job of `--in-cluster` runs.
 *
 * @module
 */

import { openNamespaceRecovery } from '../../app/open-namespace-recovery.ts';
import { readChecks } from '../../kubernetes/carry/carried-checks.ts';
import { CARRIED_WORK, type CarriedWork } from '../../kubernetes/carry/carrier-job.ts';
import { checkRightsOfPlan } from '../../kubernetes/carry/check-rights.ts';
import { readRecovery } from '../../kubernetes/recover/journal-object.ts';
import { stateOf } from '../../recovery/journal.ts';
import { defineCommand, type Answer } from '../command.ts';
import { releaseInNamespace } from '../namespace/keep.ts';
import { runInNamespace, undoInNamespace } from '../namespace/run.ts';
import { choice } from '../options.ts';
import { shownProgress } from '../recovery-steps.ts';

/** The command. */
export const recoverCarry = defineCommand({
  path: ['recover', 'carry'],
  summary: 'Carry a stored plan out, or back, in a pod of its namespace',
  description:
    'What the Job of --in-cluster runs, as its ServiceAccount. It asks nothing: who began it has confirmed. Stopped in the middle, the next pod goes on where the journal ends.',
  settings: ['archive', 'writing', 'server', 'recovery', 'kubernetes'],
  operands: {
    id: {
      whenMissing: 'List the recoveries of this cluster:\n    walkback recover status',
      placeholder: 'ID',
      summary: 'the recovery',
    },
  },
  options: { work: choice('What is to be done; run unless told', CARRIED_WORK) },
  examples: [
    { line: 'walkback recover carry 7f3a --work undo --statefulset shop --json', does: 'as the Job calls it' },
  ],
  run: async ({ id, work = 'run' }, session) => {
    const { settings, signal, reporter } = session;
    await using opened = await openNamespaceRecovery(settings, { onProgress: shownProgress(reporter), signal });
    const { api } = opened.uses;
    const { plan, entries } = await readRecovery(api, id);
    if (stateOf(entries) === 'planned') await checkRightsOfPlan(api, plan);
    const checks = work === 'run' ? await readChecks(api, id) : { checks: [], database: '', isWritable: false };
    const works: Record<CarriedWork, () => Promise<Answer>> = {
      run: () => runInNamespace(opened, id, { checks, yes: true, isCarried: true }, session),
      undo: () => undoInNamespace(opened, id, true, session),
      release: () => releaseInNamespace(opened, { id, dryRun: false, yes: true }, session),
    };
    const { text } = await works[work]();
    // The plan and the journal are in the namespace; the log is for what happens.
    return { text, json: { id, work } };
  },
});
