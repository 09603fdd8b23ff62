/**
 * `walkback undo`: back to how the cluster was before a recovery, whatever of it was done.
 *
 * @module
 */

import { openCarrier } from '../../app/open-carrier.ts';
import { openNamespaceRecovery } from '../../app/open-namespace-recovery.ts';
import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import { isInKubernetes } from '../../config/load-settings.ts';
import { stateOf } from '../../recovery/journal.ts';
import { openRecovery } from '../../recovery/recover.ts';
import { transition } from '../../recovery/states.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';
import { undoneText } from '../output/recovery-text.ts';
import { checkNotCarried, undoCarried } from '../namespace/carried.ts';
import { IN_CLUSTER_OPTION, needsNamespace } from '../namespace/given.ts';
import { undoInNamespace } from '../namespace/run.ts';
import { shownProgress, shownSteps } from '../recovery-steps.ts';
import { runUndo } from '../undo-steps.ts';

/** The command. */
export const undo = defineCommand({
  path: ['undo'],
  summary: 'Swap the data from before a recovery back in',
  description:
    'Works after every step of a recovery, also when the machine died in the middle of one, and itself goes on where it was interrupted. Until the data from before have opened, "recover run" gives it up. What the recovered cluster has done since is archived and kept.',
  settings: ['archive', 'writing', 'server', 'recovery', 'kubernetes'],
  operands: {
    id: {
      whenMissing: 'List the recoveries of this server:\n    walkback recover status',
      placeholder: 'ID',
      summary: 'the recovery',
    },
  },
  options: { ...IN_CLUSTER_OPTION, yes: flag('Swap back without asking') },
  examples: [{ line: 'walkback undo 7f3a', does: 'take that recovery back' }],
  run: async ({ id, yes, inCluster }, session) => {
    const { settings, signal, reporter, questions } = session;
    if (inCluster) {
      needsNamespace(settings);
      await using carrier = await openCarrier(settings, { onProgress: shownProgress(reporter), signal });
      return await undoCarried(carrier, id, yes, session);
    }
    if (isInKubernetes(settings)) {
      await using namespace = await openNamespaceRecovery(settings, { onProgress: shownProgress(reporter), signal });
      await checkNotCarried(namespace.uses.api, id);
      return await undoInNamespace(namespace, id, yes, session);
    }
    await using opened = await openRecoveryUses(settings, { onProgress: shownProgress(reporter), signal });
    const shown = shownSteps(reporter);
    await using recovery = await openRecovery(opened.uses, id, shown.onEntry);
    const { plan, journal } = recovery.context;
    const state = stateOf(journal.entries);
    transition(id, state, 'undo');
    const mustAsk = !yes && state === 'recovered';
    const question = `Swap back now?  What ${plan.cluster.name} has done since its recovery will be set\naside: kept, not deleted.\nType the cluster's name, ${plan.cluster.name}, to go on: `;
    if (mustAsk && !(await questions.confirm({ question, word: plan.cluster.name, flag: '--yes' }))) {
      return { text: () => 'Nothing has been changed.\n', json: { id, state } };
    }
    const status = await runUndo(recovery.context, shown, session);
    return { text: (screen) => undoneText(status, screen), json: { id, state: status.state, journal: status.entries } };
  },
});
