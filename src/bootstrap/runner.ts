/**
 * Runs the steps of a bootstrap from its journal: the first that is not done is gone on with, whatever ended the run before.
 *
 * @module
 */

import { runInOrder, type OrderedStep } from '../recovery/run-in-order.ts';
import {
  hasStepBegun,
  isStepDone,
  type BootstrapJournal,
  type BootstrapStep,
  type NewBootstrapEntry,
} from './journal.ts';

/** One step of a bootstrap. */
export type Step = OrderedStep<BootstrapStep>;

/** Does every step that is not done yet; stops at the first that fails. */
export async function runSteps(
  steps: readonly Step[],
  journal: BootstrapJournal,
  signal: AbortSignal | undefined,
): Promise<void> {
  const written = {
    isDone: (name: BootstrapStep) => isStepDone(journal.entries, name),
    hasBegun: (name: BootstrapStep) => hasStepBegun(journal.entries, name),
    append: (line: NewBootstrapEntry) => journal.append(line),
  };
  await runInOrder(steps, written, signal);
}
