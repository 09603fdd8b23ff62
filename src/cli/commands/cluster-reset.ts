/**
 * `walkback cluster reset`: a new, empty cluster under the name of one there is, which is kept.
 *
 * @module
 */

import { openNamespaceRecovery } from '../../app/open-namespace-recovery.ts';
import { Failure } from '../../base/failure.ts';
import { isInKubernetes } from '../../config/load-settings.ts';
import { defineCommand } from '../command.ts';
import { planResetInNamespace, resetInNamespace } from '../namespace/reset.ts';
import { flag, text } from '../options.ts';
import { shownProgress } from '../recovery-steps.ts';

/** The command. */
export const clusterReset = defineCommand({
  path: ['cluster', 'reset'],
  summary: 'Begin a cluster in a namespace of Kubernetes anew, empty, and keep everything of the one before',
  description:
    'Its volumes are put aside under claims that say what they are, Patroni’s objects of exactly its scope are saved and removed, Jobs of its release that have ended are removed, and its archive gets a new place beside the old one, which is not touched. "walkback undo ID" brings the cluster from before back until "walkback release ID". Interrupted, it goes on where it was.',
  settings: ['archive', 'writing', 'server', 'recovery', 'kubernetes'],
  operands: { id: { placeholder: 'ID', summary: 'a plan, or a reset to go on with', isOptional: true } },
  options: {
    dryRun: flag('Only plan, and show what would be done'),
    yes: flag('Reset without asking; needs --confirm-name'),
    confirmName: text('With --yes: what is reset, so that it is not another one', 'NAMESPACE/NAME'),
  },
  examples: [
    { line: 'walkback cluster reset -n shop-test --statefulset shop --dry-run', does: 'show what would be done' },
    { line: 'walkback cluster reset -n shop-test --statefulset shop', does: 'plan, show, ask, and do it' },
    { line: 'walkback cluster reset 7f3a', does: 'run that plan, or go on with it' },
  ],
  run: async ({ id, dryRun, yes, confirmName }, session) => {
    const { settings, signal, reporter } = session;
    if (id !== undefined && dryRun) {
      throw new Failure('usage', {
        message: `cannot use --dry-run together with ${id}: that is planned already`,
        remedy: `Look at it:  walkback recover status ${id}`,
      });
    }
    if (!isInKubernetes(settings)) {
      throw new Failure('usage', {
        message: 'cannot tell which cluster is meant: no StatefulSet is named',
        remedy: 'Name it with --statefulset; "walkback cluster list" shows which there are.',
      });
    }
    await using namespace = await openNamespaceRecovery(settings, { onProgress: shownProgress(reporter), signal });
    if (dryRun) return await planResetInNamespace(namespace);
    const toRun = id ?? (await namespace.planReset()).recovery.id;
    return await resetInNamespace(namespace, toRun, { yes, confirmName }, session);
  },
});
