/**
 * As of a recovery (`src/kubernetes/recover/scaled-again.ts`): a StatefulSet that somebody has scaled up between two runs of a reset is
 * scaled down again before anything is moved.
 *
 * @module
 */

import { hasStepBegun, isStepDone } from '../../recovery/journal.ts';
import { scaleDownMembers } from '../recover/live-steps.ts';
import type { ResetContext } from './context.ts';
import type { ResetEntry } from '../recover/journal-object.ts';

/** What is typed. `takeBack`: an undo before the new cluster has been started. */
export type ResetGoingOn = 'run' | 'takeBack' | 'undo';

/** Whether it must be down for what comes next, and has been already. */
export function mustStayDown(entries: readonly ResetEntry[], going: ResetGoingOn): boolean {
  if (going === 'takeBack') return hasStepBegun(entries, 'keepVolumes');
  const [down, open] =
    going === 'run' ? (['resetScaleDown', 'startAnew'] as const) : (['undoResetScaleDown', 'undoResetOpen'] as const);
  return isStepDone(entries, down) && !hasStepBegun(entries, open);
}

/** Scales it down again where that must be. */
export async function scaleDownAgain(context: ResetContext, going: ResetGoingOn): Promise<void> {
  if (mustStayDown(context.journal.entries, going)) await scaleDownMembers(context);
}
