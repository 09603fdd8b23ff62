/**
 * The list of recoveries. Those that are over are left out unless asked for: an operator looks for what is to be done.
 *
 * @module
 */

import type { RecoveryStatus } from '../../recovery/status.ts';
import { formatCount, shortTime, zoneLine } from './format.ts';
import { STATE_WORDS } from './recovery-status-text.ts';
import { toType } from './recovery-text.ts';
import type { Screen } from './screen.ts';

/** What to list, and how many are left out. */
export interface ListedRecoveries {
  readonly shown: readonly RecoveryStatus[];
  readonly hiddenCount: number;
}

/** Thrown away, or released; one that left data behind is not. */
function isOver({ state, places }: RecoveryStatus): boolean {
  return (state === 'discarded' || state === 'released') && places.length === 0;
}

/** All of them, or those that are not over. */
export function listedRecoveries(found: readonly RecoveryStatus[], all: boolean): ListedRecoveries {
  const shown = all ? found : found.filter((recovery) => !isOver(recovery));
  return { shown, hiddenCount: found.length - shown.length };
}

/** Two lines a recovery: where it stands, and where it goes. */
export function recoveriesText({ shown, hiddenCount }: ListedRecoveries, screen: Screen): string {
  const rows = shown.flatMap(({ id, plan, state }) => {
    const at = shortTime(BigInt(Date.parse(plan.createdAt)) * 1000n, screen);
    return [`${id}  ${at}  ${STATE_WORDS[state]}`, `      to ${plan.target.asked}`];
  });
  const none =
    hiddenCount === 0 ? 'No recoveries of this server.' : 'No recoveries of this server but some that are over.';
  const head = shown.length === 0 ? none : zoneLine(screen);
  const hidden =
    hiddenCount === 0
      ? []
      : toType(`Not shown: ${formatCount(hiddenCount)} thrown away or released`, 'walkback recover status --all');
  return `${[head, ...rows, ...hidden].join('\n')}\n`;
}
