/**
 * `walkback rehearse step`: moves a standing rehearsal to a later target.
 *
 * @module
 */

import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import { openNamespaceRecovery } from '../../app/open-namespace-recovery.ts';
import { isInKubernetes } from '../../config/load-settings.ts';
import { openRecovery } from '../../recovery/recover.ts';
import { recoveryStatus } from '../../recovery/status.ts';
import { stepOn } from '../../recovery/step-on.ts';
import { askWhich } from '../ask-which.ts';
import { defineCommand } from '../command.ts';
import { standingText } from '../output/recovery-text.ts';
import { stepInNamespace } from '../namespace/run.ts';
import { PLAN_STEP, shownProgress, shownSteps } from '../recovery-steps.ts';
import { requireTarget, TARGET_OPTIONS } from '../target-options.ts';

const { timeline: _sameTimeline, ...STEP_OPTIONS } = TARGET_OPTIONS;

/** The command. */
export const rehearseStep = defineCommand({
  path: ['rehearse', 'step'],
  summary: 'Move a standing rehearsal to a later target',
  settings: ['archive', 'writing', 'server', 'recovery', 'kubernetes'],
  operands: {
    id: {
      whenMissing: 'List the recoveries of this server:\n    walkback recover status',
      placeholder: 'ID',
      summary: 'the rehearsal',
    },
  },
  options: STEP_OPTIONS,
  examples: [{ line: 'walkback rehearse step 7f3a --to-xid 601763', does: 'one transaction further' }],
  run: async (given, session) => {
    const { settings, signal, reporter } = session;
    const target = requireTarget(given);
    if (isInKubernetes(settings)) {
      await using namespace = await openNamespaceRecovery(settings, { onProgress: shownProgress(reporter), signal });
      return await stepInNamespace(namespace, given.id, target, session);
    }
    await using opened = await openRecoveryUses(settings, { onProgress: shownProgress(reporter), signal });
    const shown = shownSteps(reporter, PLAN_STEP);
    await using recovery = await openRecovery(opened.uses, given.id, shown.onEntry);
    await stepOn(recovery.context, target, askWhich(session));
    shown.finish();
    const status = await recoveryStatus(opened.uses.cluster, given.id);
    return {
      text: (screen) => standingText(status, [], opened.uses.user, screen),
      json: { id: given.id, state: status.state, plan: status.plan },
    };
  },
});
