/**
 * Lines of a journal as an operator sees them: many small steps are one thing to wait for.
 *
 * @module
 */

import type { Reporter } from './reporter.ts';

/** A line: of a step, or of something else that is not shown. */
type JournalLine<Step extends string> =
  | { readonly event: string; readonly step: Step; readonly undoes?: true }
  | { readonly event: string };

/** What steps of an undo that is given up are part of. */
const GIVE_UP = { name: 'give up', summary: 'the undo: the recovered data stays live' };

/** Shows the lines of a journal. */
export interface ShownJournal<Entry> {
  readonly onEntry: (entry: Entry) => void;
  /** The work is at its end: so is the step that is under way. */
  readonly finish: () => void;
  /** The work goes another way: the step that is under way does not come to its end. */
  readonly stop: (note: string) => void;
}

/**
 * Reports journal lines: a shown step begins with its first and is finished when another begins or the work ends.
 *
 * @param shown what each step is part of.
 * @param begun the shown step that is under way when the first line comes.
 */
export function shownJournal<Step extends string, Entry extends JournalLine<Step>>(
  reporter: Reporter,
  shown: Readonly<Record<Step, string>>,
  begun?: string,
): ShownJournal<Entry> {
  let current = begun;
  const moveTo = (next: string | undefined): void => {
    if (current === next) return;
    if (current !== undefined) reporter.finish(current);
    if (next !== undefined) reporter.begin(next, next === GIVE_UP.name ? GIVE_UP.summary : undefined);
    current = next;
  };
  return {
    onEntry: (entry) => {
      if (!('step' in entry)) return;
      if (entry.event === 'begin') moveTo(entry.undoes === true ? GIVE_UP.name : shown[entry.step]);
      if (entry.event === 'failed') {
        reporter.fail(current === GIVE_UP.name ? current : shown[entry.step], entry.step);
        current = undefined;
      }
    },
    finish: () => moveTo(undefined),
    stop: (note) => {
      if (current !== undefined) reporter.fail(current, note);
      current = undefined;
    },
  };
}
