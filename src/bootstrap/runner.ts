/**
 * Runs the steps of a bootstrap from its journal: the first that is not done is gone on with, whatever ended the run before.
 *
 * @module
 */

import { messageOf } from '../base/failure.ts';
import type { StepFacts } from '../recovery/journal.ts';
import { hasStepBegun, isStepDone, type BootstrapJournal, type BootstrapStep } from './journal.ts';

/** One step; may be done again after it was interrupted anywhere. */
export interface Step {
  readonly name: BootstrapStep;
  /** @param wasInterrupted an earlier run has begun it and did not come to its end. */
  readonly do: (wasInterrupted: boolean) => Promise<StepFacts>;
}

/** Does every step that is not done yet; stops at the first that fails. */
export async function runSteps(
  steps: readonly Step[],
  journal: BootstrapJournal,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const step of steps) {
    if (isStepDone(journal.entries, step.name)) continue;
    signal?.throwIfAborted();
    const wasInterrupted = hasStepBegun(journal.entries, step.name);
    await journal.append({ event: 'begin', step: step.name });
    try {
      await journal.append({ event: 'done', step: step.name, facts: await step.do(wasInterrupted) });
    } catch (error) {
      await journal.append({ event: 'failed', step: step.name, message: messageOf(error) }).catch(() => {});
      throw error;
    }
  }
}
