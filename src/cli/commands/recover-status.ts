/**
 * `walkback recover status`: the recoveries of this server, or one of them step by step.
 *
 * @module
 */

import { openNamespaceRecovery } from '../../app/open-namespace-recovery.ts';
import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import { isInKubernetes } from '../../config/load-settings.ts';
import { listRecoveries, recoveryStatus } from '../../recovery/status.ts';
import { Failure } from '../../base/failure.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';
import { listedRecoveries, recoveriesText } from '../output/recoveries-text.ts';
import { statusInNamespace } from '../namespace/keep.ts';
import { recoveryText } from '../output/recovery-status-text.ts';

/** The command. */
export const recoverStatus = defineCommand({
  path: ['recover', 'status'],
  summary: 'Show the recoveries of this server, or one of them step by step',
  settings: ['archive', 'writing', 'server', 'recovery', 'kubernetes'],
  description: 'Those that were thrown away or released are over, and listed with --all alone.',
  operands: { id: { placeholder: 'ID', summary: 'one recovery', isOptional: true } },
  options: { all: flag('List those that are over too') },
  examples: [
    { line: 'walkback recover status', does: 'those with something to do, or that keep data' },
    { line: 'walkback recover status 7f3a', does: 'what is done, what is half done, and what to type' },
  ],
  run: async ({ id, all }, { settings, signal }) => {
    if (id !== undefined && all) {
      throw new Failure('usage', {
        message: `cannot use --all together with ${id}: it lists all recoveries`,
        remedy: 'Leave one of them out.',
      });
    }
    if (isInKubernetes(settings)) {
      await using namespace = await openNamespaceRecovery(settings, { onProgress: () => {}, signal });
      return await statusInNamespace(namespace, id, all);
    }
    await using opened = await openRecoveryUses(settings, { onProgress: () => {}, signal });
    const { cluster, user } = opened.uses;
    if (id === undefined) {
      const found = await listRecoveries(cluster);
      const listed = listedRecoveries(found, all);
      const recoveries = listed.shown.map(({ id: one, state, plan, places }) => ({
        id: one,
        state,
        target: plan.target,
        places,
      }));
      return {
        text: (screen) => recoveriesText(listed, screen),
        json: { recoveries, hiddenCount: listed.hiddenCount },
      };
    }
    const status = await recoveryStatus(cluster, id);
    return { text: (screen) => recoveryText(status, user, screen), json: status };
  },
});
