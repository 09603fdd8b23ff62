/**
 * When the undo of a recovery in a namespace may be given up: as on a host, until the data from before has opened.
 *
 * @module
 */

import { checkNoUndoInTheWay, mayGiveUpUndo, type UndoLandmarks } from '../../recovery/give-up.ts';
import type { SwapEntry } from './journal-object.ts';
import type { NamespacePlan } from './plan-value.ts';
import type { SwapStep } from './step-names.ts';

/** What is asked of a plan. */
export interface GivingUpPlan {
  readonly recovery: Pick<NamespacePlan['recovery'], 'id'>;
  /** Only whether it is a clone. */
  readonly swap: { readonly clone?: unknown };
}

const MOVES = ['undoExchangeVolumes', 'undoRenameInVolume', 'undoRecreateStatefulSet'] as const;

/** A clone that was broken off is never started again: there is nothing to go on with before it has resumed Patroni. */
function landmarksOf({ swap }: GivingUpPlan): UndoLandmarks<SwapStep> {
  return { opens: swap.clone === undefined ? 'openLine' : 'backUp', reopens: 'undoReopen', moves: MOVES };
}

/** Whether a cutover may be asked for in the middle of an undo, which gives that up. */
export function mayStayRecovered(plan: GivingUpPlan, entries: readonly SwapEntry[]): boolean {
  return mayGiveUpUndo(entries, landmarksOf(plan));
}

/** Before a cutover is begun, or gone on with. @throws {Failure} `refused` while an undo can only be finished. */
export function checkMayCutOver(plan: GivingUpPlan, entries: readonly SwapEntry[]): void {
  checkNoUndoInTheWay(plan.recovery.id, entries, landmarksOf(plan));
}
