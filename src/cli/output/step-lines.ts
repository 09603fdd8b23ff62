/**
 * The steps of a journal, a line each, as a status shows them.
 *
 * @module
 */

import type { JournalEntry } from '../../recovery/journal.ts';
import { readClock } from './format.ts';
import type { Screen } from './screen.ts';

/** When each step was last heard of, what came of it, and what it failed with. */
export function stepLines(entries: readonly JournalEntry<string>[], screen: Screen): string[] {
  const names = [...new Set(entries.flatMap((entry) => ('step' in entry ? [entry.step] : [])))];
  return names.map((name) => {
    const last = entries.findLast((entry) => 'step' in entry && entry.step === name);
    const at = last === undefined ? '' : readClock(BigInt(Date.parse(last.at)) * 1000n, screen.zone, 0).time;
    const begun = last?.event === 'begin' && last.undoes === true ? 'BEING TAKEN BACK' : 'BEGUN';
    const words = { begin: begun, done: 'done', failed: 'FAILED', undone: 'taken back', state: '' };
    const word = words[last?.event ?? 'state'];
    return `  ${at}  ${name}  ${word}${last?.event === 'failed' ? `: ${last.message}` : ''}`;
  });
}
