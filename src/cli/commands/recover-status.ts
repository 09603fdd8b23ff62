/**
 * `walkback recover status`: the recoveries of this server, or one of them step by step.
 *
 * @module
 */

import { openRecoveryUses } from '../../app/open-recovery-uses.ts';
import { listRecoveries, recoveryStatus } from '../../recovery/status.ts';
import { defineCommand } from '../command.ts';
import { recoveriesText, recoveryText } from '../output/recovery-text.ts';

/** The command. */
export const recoverStatus = defineCommand({
  path: ['recover', 'status'],
  summary: 'Show the recoveries of this server, or one of them step by step',
  settings: ['archive', 'writing', 'server', 'recovery'],
  operands: { id: { placeholder: 'ID', summary: 'one recovery', isOptional: true } },
  examples: [{ line: 'walkback recover status 7f3a', does: 'what is done, what is half done, and what to type' }],
  run: async ({ id }, { settings, signal }) => {
    await using opened = await openRecoveryUses(settings, { onProgress: () => {}, signal });
    const { cluster, user } = opened.uses;
    if (id === undefined) {
      const found = await listRecoveries(cluster);
      const json = found.map(({ id: one, state, plan, places }) => ({ id: one, state, target: plan.target, places }));
      return { text: (screen) => recoveriesText(found, screen), json: { recoveries: json } };
    }
    const status = await recoveryStatus(cluster, id);
    return { text: (screen) => recoveryText(status, user, screen), json: status };
  },
});
