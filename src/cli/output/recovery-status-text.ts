/**
 * Where a recovery stands: its state in words, its steps, and what to type next.
 *
 * @module
 */

import { mayStayRecovered } from '../../recovery/give-up.ts';
import { factsOf, isStepDone, type StepFacts } from '../../recovery/journal.ts';
import type { RecoveryStatus } from '../../recovery/status.ts';
import type { RecoveryState } from '../../recovery/states.ts';
import { shortTime, zoneLine } from './format.ts';
import { dataWarnings } from './data-warnings.ts';
import { foundInRehearsal, lookAround, toType } from './recovery-text.ts';
import type { Screen, State } from './screen.ts';
import { wrap } from './wrap.ts';

/** Where a recovery stands, in words. */
export const STATE_WORDS: Readonly<Record<RecoveryState, string>> = {
  planned: 'planned, nothing changed',
  rehearsing: 'rehearsal not at its target yet',
  standing: 'rehearsal stands at its target',
  cuttingOver: 'CUTOVER NOT FINISHED',
  recovered: 'recovered, data from before is kept',
  undoing: 'UNDO NOT FINISHED',
  undone: 'undone, recovered data is kept',
  discarded: 'thrown away',
  released: 'released',
};

const STATE_COLOURS: Record<RecoveryState, State> = {
  planned: 'quiet',
  rehearsing: 'attention',
  standing: 'good',
  cuttingOver: 'loss',
  recovered: 'good',
  undoing: 'loss',
  undone: 'good',
  discarded: 'quiet',
  released: 'quiet',
};

const STEP_WIDTH = 20;

/** What is asked before an undo is given up. */
export const GIVES_UP =
  'Give the undo up?  The recovered data stays live, or is started again; the data from before stays kept.';

/** What to type to give an undo up, while that is possible. */
export function stayLines(id: string, isPossible: boolean): string[] {
  return isPossible
    ? toType('Or give the undo up, and stay with the recovered data', `walkback recover run ${id}`)
    : [];
}

function nextLines({ id, state, places, entries }: RecoveryStatus): string[] {
  switch (state) {
    case 'cuttingOver':
      return [...toType('Finish it', `walkback recover run ${id}`), ...toType('Go back', `walkback undo ${id}`)];
    case 'undoing':
      return [...toType('Finish it', `walkback undo ${id}`), ...stayLines(id, mayStayRecovered(entries))];
    case 'recovered':
      return [...toType('Go back', `walkback undo ${id}`), ...toType('Remove what is kept', `walkback release ${id}`)];
    case 'undone':
      return toType('Remove what is kept', `walkback release ${id}`);
    case 'planned':
    case 'rehearsing':
      return [
        ...toType('Go on', `walkback recover run ${id}`),
        ...toType('Throw it away', `walkback rehearse --discard ${id}`),
      ];
    case 'released':
      return places.length === 0 ? [] : toType('Finish it', `walkback release ${id}`);
    case 'discarded':
      return places.length === 0 ? [] : toType('Finish it', `walkback rehearse --discard ${id}`);
    case 'standing':
      return [];
  }
}

/** Applications that cannot write look for the reason here. */
function heldLines({ state, entries }: RecoveryStatus, screen: Screen): string[] {
  const isOver = state !== 'cuttingOver' && state !== 'undoing';
  const isLetGo = isStepDone(entries, state === 'undoing' ? 'undoLetWritesGo' : 'letWritesGo');
  if (isOver || isLetGo || !isStepDone(entries, 'holdWrites') || factsOf(entries, 'holdWrites')?.['held'] !== true)
    return [];
  const words = 'Writes are held: sessions begin read-only until this is finished or taken back.';
  return wrap(words, screen.columns - 2).map((line) => `  ${screen.paint(line, 'attention')}`);
}

const HAS_REHEARSED_DATA: ReadonlySet<RecoveryState> = new Set(['standing', 'cuttingOver', 'recovered']);

/** What was found of the rehearsed data, while they are to become the live ones, or are. @param found by the steps that made them. */
export function foundLines(state: RecoveryState, found: StepFacts, screen: Screen): string[] {
  if (!HAS_REHEARSED_DATA.has(state)) return [];
  return dataWarnings(found, screen).flatMap((text) => wrap(text, screen.columns - 2).map((line) => `  ${line}`));
}

/** One recovery with its steps; its rehearsal is looked at as the server's user `user`. */
export function recoveryText(status: RecoveryStatus, user: string, screen: Screen): string {
  const { id, plan, state, openStep, entries } = status;
  const steps = entries.flatMap((entry) => {
    if (entry.event !== 'done' && entry.event !== 'undone' && entry.event !== 'failed') return [];
    const mark = entry.event === 'done' ? screen.paint('done', 'good') : screen.paint(entry.event, 'attention');
    const at = shortTime(BigInt(Date.parse(entry.at)) * 1000n, screen);
    const why = entry.event === 'failed' ? wrap(entry.message, screen.columns - 6).map((line) => `      ${line}`) : [];
    return [`  ${at}  ${entry.step.padEnd(STEP_WIDTH)}${mark}`, ...why];
  });
  const open =
    openStep === undefined
      ? []
      : [`  in the middle of ${openStep.step}${openStep.failure === undefined ? '' : ' (failed)'}`];
  const lines = [
    `Recovery ${id} of ${plan.cluster.name} to ${plan.target.asked}`,
    `${screen.paint(STATE_WORDS[state], STATE_COLOURS[state])}, ${zoneLine(screen)}`,
    ...steps,
    ...open,
    ...heldLines(status, screen),
    ...foundLines(state, foundInRehearsal(entries), screen),
    '',
    ...(state === 'standing' ? lookAround(status, user) : nextLines(status)),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
