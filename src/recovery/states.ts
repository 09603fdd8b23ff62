/**
 * The states of a recovery and what each event means in each: the table of `SPEC.md`, complete by type.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** All states. */
export const RECOVERY_STATES = [
  'planned',
  'rehearsing',
  'standing',
  'cuttingOver',
  'recovered',
  'undoing',
  'undone',
  'discarded',
  'released',
] as const;

/** Where a recovery stands. */
export type RecoveryState = (typeof RECOVERY_STATES)[number];

/** What an operator asks of a recovery. */
export type RecoveryEvent = 'rehearse' | 'step' | 'check' | 'cutOver' | 'undo' | 'discard' | 'release';

/** The state during the work and the state after it; or why it is refused. */
export type Transition =
  | { readonly during: RecoveryState; readonly after: RecoveryState }
  | { readonly refused: string; readonly instead: string };

const goes = (during: RecoveryState, after: RecoveryState): Transition => ({ during, after });
const no = (refused: string, instead: string): Transition => ({ refused, instead });

const REHEARSE_FIRST = 'rehearse it first:  walkback rehearse ID';
const IS_OVER = 'make a new plan:  walkback recover plan';
const GO_ON_OR_UNDO = 'finish it with "walkback recover run ID", or go back with "walkback undo ID"';
const UNDO_IT = 'go back with "walkback undo ID"';
const FINISH_UNDO = 'finish the undo:  walkback undo ID';

/** Every state answers every event. An interrupted piece of work is asked for again by the same event. */
export const TRANSITIONS: Record<RecoveryState, Record<RecoveryEvent, Transition>> = {
  planned: {
    rehearse: goes('rehearsing', 'standing'),
    step: no('it has not been rehearsed', REHEARSE_FIRST),
    check: no('it has not been rehearsed', REHEARSE_FIRST),
    cutOver: no('it has not been rehearsed', REHEARSE_FIRST),
    undo: no('nothing has been changed', REHEARSE_FIRST),
    discard: goes('planned', 'discarded'),
    release: no('nothing is kept', 'throw the plan away:  walkback rehearse --discard ID'),
  },
  rehearsing: {
    rehearse: goes('rehearsing', 'standing'),
    step: no('the rehearsal has not reached its target', REHEARSE_FIRST),
    check: no('the rehearsal has not reached its target', REHEARSE_FIRST),
    cutOver: no('the rehearsal has not reached its target', REHEARSE_FIRST),
    undo: goes('rehearsing', 'discarded'),
    discard: goes('rehearsing', 'discarded'),
    release: no('nothing is kept', 'throw the rehearsal away:  walkback rehearse --discard ID'),
  },
  standing: {
    rehearse: goes('standing', 'standing'),
    step: goes('rehearsing', 'standing'),
    check: goes('standing', 'standing'),
    cutOver: goes('cuttingOver', 'recovered'),
    undo: goes('standing', 'discarded'),
    discard: goes('standing', 'discarded'),
    release: no('nothing is kept', 'throw the rehearsal away:  walkback rehearse --discard ID'),
  },
  cuttingOver: {
    rehearse: no('its cutover has begun', GO_ON_OR_UNDO),
    step: no('its cutover has begun', GO_ON_OR_UNDO),
    check: no('its cutover has begun', GO_ON_OR_UNDO),
    cutOver: goes('cuttingOver', 'recovered'),
    undo: goes('undoing', 'undone'),
    discard: no('its cutover has begun', GO_ON_OR_UNDO),
    release: no('its cutover has begun', GO_ON_OR_UNDO),
  },
  recovered: {
    rehearse: no('it is done', IS_OVER),
    step: no('it is done', IS_OVER),
    check: no('it is done', IS_OVER),
    cutOver: no('it is done', IS_OVER),
    undo: goes('undoing', 'undone'),
    discard: no('it is done, and the data from before is kept', UNDO_IT),
    // Before anything is removed: half of what was kept is never put back.
    release: goes('released', 'released'),
  },
  undoing: {
    rehearse: no('its undo has begun', FINISH_UNDO),
    step: no('its undo has begun', FINISH_UNDO),
    check: no('its undo has begun', FINISH_UNDO),
    // The undo is given up, until the kept data have opened: `give-up.ts`.
    cutOver: goes('cuttingOver', 'recovered'),
    undo: goes('undoing', 'undone'),
    discard: no('its undo has begun', FINISH_UNDO),
    release: no('its undo has begun', FINISH_UNDO),
  },
  undone: {
    rehearse: no('it has been undone', IS_OVER),
    step: no('it has been undone', IS_OVER),
    check: no('it has been undone', IS_OVER),
    cutOver: no('it has been undone', IS_OVER),
    undo: no('it has been undone', IS_OVER),
    discard: no('it has been undone', 'remove what it left:  walkback release ID'),
    release: goes('released', 'released'),
  },
  discarded: {
    rehearse: no('it has been thrown away', IS_OVER),
    step: no('it has been thrown away', IS_OVER),
    check: no('it has been thrown away', IS_OVER),
    cutOver: no('it has been thrown away', IS_OVER),
    undo: no('it has been thrown away', IS_OVER),
    discard: goes('discarded', 'discarded'),
    release: no('it has been thrown away', IS_OVER),
  },
  released: {
    rehearse: no('it is over', IS_OVER),
    step: no('it is over', IS_OVER),
    check: no('it is over', IS_OVER),
    cutOver: no('it is over', IS_OVER),
    undo: no(
      'the data from before has been released, or was begun to be',
      'see what is left:  walkback recover status ID',
    ),
    discard: no('it is over', IS_OVER),
    release: goes('released', 'released'),
  },
};

const IS_STATE: ReadonlySet<unknown> = new Set(RECOVERY_STATES);

/** True if this text, from a journal, names a state. */
export function isRecoveryState(value: unknown): value is RecoveryState {
  return IS_STATE.has(value);
}

/**
 * What an event leads to.
 *
 * @throws {Failure} `refused` if it may not happen in this state, with what to type instead.
 */
export function transition(
  id: string,
  state: RecoveryState,
  event: RecoveryEvent,
): { during: RecoveryState; after: RecoveryState } {
  const found = TRANSITIONS[state][event];
  if ('during' in found) return found;
  const instead = found.instead.replaceAll(/\bID\b/g, id);
  throw new Failure('refused', {
    message: `cannot ${WORDS[event]} recovery ${id}: ${found.refused}`,
    remedy: `${instead.charAt(0).toUpperCase()}${instead.slice(1)}`,
  });
}

const WORDS: Record<RecoveryEvent, string> = {
  rehearse: 'rehearse',
  step: 'step on',
  check: 'check',
  cutOver: 'cut over to',
  undo: 'undo',
  discard: 'throw away',
  release: 'release',
};
