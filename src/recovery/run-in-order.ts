/**
 * Steps in order, from a journal: the first that is not done is gone on with, whatever ended the run before it. For every
 * journal whose lines say `begin`, `done` and `failed` of steps.
 *
 * @module
 */

import { messageOf } from '../base/failure.ts';
import type { StepFacts } from './journal.ts';

/** One step; may be done again after it was interrupted anywhere. */
export interface OrderedStep<Name extends string> {
  readonly name: Name;
  /** @param wasInterrupted an earlier run has begun it and did not come to its end. */
  readonly do: (wasInterrupted: boolean) => Promise<StepFacts>;
}

/** What a run says of its steps. */
export type StepLine<Name extends string> =
  | { readonly event: 'begin'; readonly step: Name }
  | { readonly event: 'done'; readonly step: Name; readonly facts: StepFacts }
  | { readonly event: 'failed'; readonly step: Name; readonly message: string };

/** Where it is written, and what is written there. */
export interface StepJournal<Name extends string> {
  isDone(name: Name): boolean;
  /** Begun and not taken back, whether or not it came to its end. */
  hasBegun(name: Name): boolean;
  /** On disk when it returns. */
  append(line: StepLine<Name>): Promise<void>;
}

/** Does every step that is not done yet; stops at the first that fails. @param signal looked at between steps. */
export async function runInOrder<Name extends string>(
  steps: readonly OrderedStep<Name>[],
  journal: StepJournal<Name>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { name, do: work } of steps) {
    if (journal.isDone(name)) continue;
    signal?.throwIfAborted();
    const wasInterrupted = journal.hasBegun(name);
    await journal.append({ event: 'begin', step: name });
    try {
      await journal.append({ event: 'done', step: name, facts: await work(wasInterrupted) });
    } catch (error) {
      // What went wrong is told, also when the journal cannot take it: a step that only began is gone on with all the same.
      await journal.append({ event: 'failed', step: name, message: messageOf(error) }).catch(() => {});
      throw error;
    }
  }
}
