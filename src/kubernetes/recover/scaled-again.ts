/**
 * Whoever goes on between two runs may find the StatefulSet scaled up: by an autoscaler, GitOps, a Helm upgrade, another hand. It is
 * scaled down again before anything is moved; its Patroni is paused, so its pods have started no server.
 *
 * @module
 */

import { hasStepBegun, isStepDone } from '../../recovery/journal.ts';
import type { SwapContext } from './context.ts';
import type { SwapEntry } from './journal-object.ts';
import { scaleDownMembers } from './live-steps.ts';
import type { SwapStep } from './step-names.ts';

const MOVING: readonly SwapStep[] = ['exchangeVolumes', 'renameInVolume', 'removeReplicaClaims', 'recreateStatefulSet'];

/** What is typed. `takeBack`: an undo before the new line has opened. */
export type GoingOn = 'cutOver' | 'takeBack' | 'undo';

/** Whether it must be down for what comes next, and has been already. */
export function mustStayDown(entries: readonly SwapEntry[], going: GoingOn): boolean {
  if (going === 'takeBack') return MOVING.some((step) => hasStepBegun(entries, step));
  const [down, open] =
    going === 'cutOver' ? (['scaleDown', 'openLine'] as const) : (['undoScaleDown', 'undoOpenLine'] as const);
  return isStepDone(entries, down) && !hasStepBegun(entries, open);
}

/** Scales it down again where that must be. */
export async function scaleDownAgain(context: SwapContext, going: GoingOn): Promise<void> {
  if (mustStayDown(context.journal.entries, going)) await scaleDownMembers(context);
}
