/**
 * `walkback release`: removes what a recovery that is over has kept.
 *
 * @module
 */

import { openCarrier } from '../../app/open-carrier.ts';
import { openNamespaceRecovery } from '../../app/open-namespace-recovery.ts';
import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import { isInKubernetes } from '../../config/load-settings.ts';
import { openRecovery } from '../../recovery/recover.ts';
import { release as releaseRecovery, releasePlan } from '../../recovery/release.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';
import { releaseCarried } from '../namespace/carried.ts';
import { IN_CLUSTER_OPTION, needsNamespace } from '../namespace/given.ts';
import { releaseInNamespace } from '../namespace/keep.ts';
import { releaseText } from '../output/release-text.ts';

/** The command. */
export const release = defineCommand({
  path: ['release'],
  summary: 'Remove the data that a finished recovery has kept; undo is not possible afterwards',
  settings: ['archive', 'writing', 'server', 'recovery', 'kubernetes'],
  operands: {
    id: {
      whenMissing: 'List the recoveries of this server:\n    walkback recover status',
      placeholder: 'ID',
      summary: 'the recovery',
    },
  },
  options: {
    ...IN_CLUSTER_OPTION,
    dryRun: flag('Only show what would be removed'),
    yes: flag('Remove without asking'),
  },
  examples: [{ line: 'walkback release 7f3a --dry-run', does: 'show what is kept, by path and size' }],
  run: async ({ id, dryRun, yes, inCluster }, session) => {
    const { settings, signal, questions } = session;
    if (inCluster && !dryRun) {
      needsNamespace(settings);
      await using carrier = await openCarrier(settings, { onProgress: () => {}, signal });
      return await releaseCarried(carrier, id, yes, session);
    }
    if (isInKubernetes(settings)) {
      await using namespace = await openNamespaceRecovery(settings, { onProgress: () => {}, signal });
      return await releaseInNamespace(namespace, { id, dryRun, yes }, session);
    }
    await using opened = await openRecoveryUses(settings, { onProgress: () => {}, signal });
    await using recovery = await openRecovery(opened.uses, id);
    const { context } = recovery;
    const paths = await releasePlan(context);
    if (dryRun) return { text: () => releaseText(paths, false), json: { id, paths, removed: false } };
    const question = `${releaseText(paths, false)}Afterwards recovery ${id} cannot be undone.\nType the cluster's name, ${context.plan.cluster.name}, to remove it: `;
    if (!yes && !(await questions.confirm({ question, word: context.plan.cluster.name, flag: '--yes' }))) {
      return { text: () => 'Nothing has been removed.\n', json: { id, paths, removed: false } };
    }
    const removed = await releaseRecovery(context);
    return { text: () => releaseText(removed, true), json: { id, paths: removed, removed: true } };
  },
});
