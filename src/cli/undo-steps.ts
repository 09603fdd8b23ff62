/**
 * An undo as an operator sees it.
 *
 * @module
 */

import { hostKindOf } from '../recovery/host-kind.ts';
import { stateOf, type JournalEntry } from '../recovery/journal.ts';
import { hasLineOpened, undo } from '../recovery/recover.ts';
import type { RecoveryContext } from '../recovery/recovery-context.ts';
import { recoveryStatus, type RecoveryStatus } from '../recovery/status.ts';
import { UNDO_STEPS } from '../recovery/step-names.ts';
import { runSwap, swapped } from './held-work.ts';
import type { PlannedStep } from './output/reporter.ts';
import { SHOWN_UNDO, stepsToCome, type ShownSteps } from './recovery-steps.ts';
import type { Session } from './session.ts';

const TAKE_BACK: PlannedStep = { name: 'take back', summary: 'what the cutover has done, last step first' };
const THROW_AWAY: PlannedStep = { name: 'throw away', summary: 'the rehearsal' };

/** An undo before the new line has opened has no steps of its own in the journal: one line stands for it. */
function wholeUndo(entries: readonly JournalEntry[]): PlannedStep | undefined {
  const state = stateOf(entries);
  if (state === 'rehearsing' || state === 'standing') return THROW_AWAY;
  return hasLineOpened(entries) ? undefined : TAKE_BACK;
}

/** Undoes a recovery, whatever of it was done. */
export async function runUndo(context: RecoveryContext, shown: ShownSteps, session: Session): Promise<RecoveryStatus> {
  const { plan, uses, journal } = context;
  const { reporter } = session;
  const whole = wholeUndo(journal.entries);
  const kind = hostKindOf(plan);
  const steps = whole === undefined ? stepsToCome(SHOWN_UNDO[kind], journal.entries, UNDO_STEPS[kind]) : [whole];
  reporter.plan(`${plan.cluster.name} back to the data from before recovery ${plan.id}`, steps);
  if (whole !== undefined) reporter.begin(whole.name);
  await runSwap({ of: swapped(context), name: 'undo', run: (signal) => undo(context, signal) }, session);
  if (whole !== undefined) reporter.finish(whole.name);
  shown.finish();
  return recoveryStatus(uses.cluster, plan.id);
}
