/**
 * A rehearsal as an operator sees it; stopped by a signal, it is cleaned away.
 *
 * @module
 */

import type { ClusterKind } from '../cluster/cluster.ts';
import { hasStepBegun, isStepDone, stateOf, type JournalEntry } from '../recovery/journal.ts';
import { discard, rehearse } from '../recovery/recover.ts';
import type { RecoveryContext } from '../recovery/recovery-context.ts';
import { removeRehearsal } from '../recovery/rehearse-steps.ts';
import { transition } from '../recovery/states.ts';
import { CUTOVER_STEPS } from '../recovery/step-names.ts';
import type { PlannedStep } from './output/reporter.ts';
import { SHOWN_CUTOVER, SHOWN_REHEARSAL, stepsToCome, type ShownSteps } from './recovery-steps.ts';
import type { Session } from './session.ts';

/** One that stands already is not restored again. */
const STANDS: PlannedStep = { name: 'replay', summary: 'the rehearsal stands' };

/** What a run has before it, by where it is. */
export function stepsBefore(
  entries: readonly JournalEntry[],
  given: { readonly checks: number; readonly cutsOver: boolean; readonly kind: ClusterKind },
): readonly PlannedStep[] {
  const state = stateOf(entries);
  if (state === 'cuttingOver' || state === 'undoing')
    return stepsToCome(SHOWN_CUTOVER[given.kind], entries, CUTOVER_STEPS[given.kind]);
  const checks = given.checks === 0 ? [] : [{ name: 'check', summary: `${given.checks} in the rehearsal` }];
  const rehearsal = state === 'standing' ? [STANDS] : SHOWN_REHEARSAL;
  return [...rehearsal, ...checks, ...(given.cutsOver ? SHOWN_CUTOVER[given.kind] : [])];
}

/** Half a restore is of no use, and the room it takes may be what the running server is short of. */
async function freeRoom(context: RecoveryContext, { reporter }: Session): Promise<void> {
  const { entries } = context.journal;
  if (!hasStepBegun(entries, 'restore') || isStepDone(entries, 'restore')) return;
  await removeRehearsal(context);
  reporter.note('What had been restored is removed again.');
}

/** Makes a rehearsal stand. @throws what aborted the session, once nothing is left of the rehearsal. */
export async function runRehearsal(context: RecoveryContext, shown: ShownSteps, session: Session): Promise<void> {
  const { reporter, signal } = session;
  const { plan, journal } = context;
  const state = stateOf(journal.entries);
  transition(plan.id, state, 'rehearse');
  const stood = state === 'standing';
  if (stood) reporter.begin(STANDS.name);
  try {
    await rehearse(context);
  } catch (error) {
    if (stood) throw error;
    if (!signal.aborted) {
      await freeRoom(context, session);
      throw error;
    }
    shown.stop('stopped');
    reporter.begin('clean up', 'the rehearsal is removed');
    await discard(context);
    reporter.finish('clean up', 'the rehearsal is removed, the running cluster untouched');
    signal.throwIfAborted();
  }
  if (stood) reporter.finish(STANDS.name, 'the rehearsal stands');
  shown.finish();
}
