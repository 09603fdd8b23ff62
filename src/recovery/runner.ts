/**
 * Runs steps in order, from the journal: the first that is not done is gone on with, whatever ended the run before it.
 *
 * @module
 */

import { runInOrder } from './run-in-order.ts';
import { messageOf } from '../base/failure.ts';
import { hasStepBegun, isStepDone, type Journal, type NewJournalEntry, type StepFacts } from './journal.ts';
import type { StepName } from './step-names.ts';

/**
 * One step. `do` may be called again after it was interrupted anywhere, and then finishes; so may `undo`.
 */
export interface Step<Context> {
  /** Makes the change; returns facts for later steps and reports. */
  readonly do: (context: Context) => Promise<StepFacts>;
  /** Takes the change back; called in reverse order for steps that have begun. */
  readonly undo: (context: Context) => Promise<void>;
  /** True if what is there shows that the change has been made; `false` when only `do` can tell. */
  readonly isDone: (context: Context) => Promise<boolean>;
}

/** One run over some steps; `Name` as in {@link Journal}. */
export interface Run<Context, Name extends string = StepName> {
  readonly steps: Record<Name, Step<Context>>;
  readonly order: readonly Name[];
  readonly journal: Journal<Name>;
  readonly context: Context;
  /** Looked at between steps. */
  readonly signal?: AbortSignal | undefined;
}

/** Does every step that is not done yet. Stops at the first that fails; running it again goes on there. */
export async function runSteps<Context, Name extends string>({
  steps,
  order,
  journal,
  context,
  signal,
}: Run<Context, Name>): Promise<void> {
  const ordered = order.map((name) => ({
    name,
    do: async (wasInterrupted: boolean) => {
      const isMade = wasInterrupted && (await steps[name].isDone(context));
      return isMade ? {} : steps[name].do(context);
    },
  }));
  const written = {
    isDone: (name: Name) => isStepDone(journal.entries, name),
    hasBegun: (name: Name) => hasStepBegun(journal.entries, name),
    append: (line: NewJournalEntry<Name>) => journal.append(line),
  };
  await runInOrder(ordered, written, signal);
}

/**
 * As {@link undoSteps}, of steps that may be asked for again: from before it is taken back a step is not done any more, so whatever
 * ends this, both ways are open. Running it again goes on there.
 */
export async function takeStepsBack<Context, Name extends string>(run: Run<Context, Name>): Promise<void> {
  for (const name of run.order.toReversed()) {
    if (!hasStepBegun(run.journal.entries, name)) continue;
    run.signal?.throwIfAborted();
    await run.journal.append({ event: 'begin', step: name, undoes: true });
    try {
      await run.steps[name].undo(run.context);
    } catch (error) {
      await run.journal.append({ event: 'failed', step: name, message: messageOf(error) }).catch(() => {});
      throw error;
    }
    await run.journal.append({ event: 'undone', step: name });
  }
}

/** Takes back every step of `order` that has begun, last first. */
export async function undoSteps<Context, Name extends string>(run: Run<Context, Name>): Promise<void> {
  for (const name of run.order.toReversed()) {
    if (!hasStepBegun(run.journal.entries, name)) continue;
    await run.steps[name].undo(run.context);
    await run.journal.append({ event: 'undone', step: name });
  }
}
