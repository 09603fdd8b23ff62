/**
 * When an undo may be given up: somebody who cannot finish it, because the data from before does not open, must be able to have
 * the recovered data up again. As long as that data has not opened, and nothing has been moved, its steps are taken back.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { hasStepBegun, isStepDone, stateOf, type JournalEntry } from './journal.ts';
import type { StepName } from './step-names.ts';

/** The steps that tell. */
export interface UndoLandmarks<Name extends string> {
  /** The step of the cutover from which on an undo has steps of its own; before it an undo is itself a taking back. */
  readonly opens: Name;
  /** Once this step of the undo is done, the data from before have opened their timeline: finishing it is the way then. */
  readonly reopens: Name;
  /** The steps of the undo that move data; the first that has begun settles it. */
  readonly moves: readonly Name[];
}

/** Whether the undo that is under way may be given up. */
export function mayGiveUpUndo<Name extends string>(
  entries: readonly JournalEntry<Name>[],
  { opens, reopens, moves }: UndoLandmarks<Name>,
): boolean {
  const isSettled = isStepDone(entries, reopens) || moves.some((step) => hasStepBegun(entries, step));
  return stateOf(entries) === 'undoing' && hasStepBegun(entries, opens) && !isSettled;
}

/** Looked at before a cutover is gone on with. @throws {Failure} `refused` while an undo is under way that can only be finished. */
export function checkNoUndoInTheWay<Name extends string>(
  id: string,
  entries: readonly JournalEntry<Name>[],
  landmarks: UndoLandmarks<Name>,
): void {
  if (stateOf(entries) !== 'undoing' || mayGiveUpUndo(entries, landmarks)) return;
  throw new Failure('refused', {
    message: `cannot go on with recovery ${id}: its undo has begun, and can only be finished by now`,
    remedy: `Finish it:  walkback undo ${id}`,
  });
}

/**
 * What to type for the other of the two data, behind what goes on with `goOn`; empty where there is no other way any more.
 *
 * @param found whether an undo is being given up, and whether the one under way can be.
 */
export function otherWay(
  id: string,
  goOn: string,
  { isGivingUp, mayStay }: { readonly isGivingUp: boolean; readonly mayStay: boolean },
): string {
  if (goOn !== 'undo')
    return `\n${isGivingUp ? 'Or finish the undo' : 'To have it up again as it was'}:  walkback undo ${id}`;
  return mayStay ? `\nTo give the undo up, and have the recovered data up again:  walkback recover run ${id}` : '';
}

const LANDMARKS: UndoLandmarks<StepName> = {
  opens: 'putInPlace',
  reopens: 'undoPromote',
  moves: ['undoSetAside', 'undoPutBack'],
};

/** Whether a cutover may be asked for in the middle of an undo, which gives that up. */
export function mayStayRecovered(entries: readonly JournalEntry[]): boolean {
  return mayGiveUpUndo(entries, LANDMARKS);
}

/** Before a cutover is begun, or gone on with. @throws {Failure} `refused` as {@link checkNoUndoInTheWay}. */
export function checkMayCutOver(id: string, entries: readonly JournalEntry[]): void {
  checkNoUndoInTheWay(id, entries, LANDMARKS);
}
