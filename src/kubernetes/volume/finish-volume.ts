/**
 * From a rehearsal that stands, or a finish that was interrupted, to data that a cluster starts on; and the proof.
 *
 * @module
 */

import { factOf, hasStepBegun } from '../../bootstrap/journal.ts';
import { runSteps } from '../../bootstrap/runner.ts';
import { closeDoors } from './close-doors.ts';
import { checkNoNewTimeline, finishSteps } from './finish-steps.ts';
import { withoutListening, type VolumeContext } from './volume-context.ts';
import type { FinishedVolume } from './volume-status.ts';

/**
 * Finishes.
 *
 * @throws {Failure} `refused`, before anything was begun, if a timeline has appeared; and whatever a step says.
 */
export async function finishOnVolume(context: VolumeContext): Promise<FinishedVolume> {
  const { journal, places, plan, volume, uses } = context;
  const closed = withoutListening(context);
  if (!hasStepBegun(journal.entries, 'reserveTimeline')) {
    await checkNoNewTimeline(context);
    if (volume.listens) await closeDoors(closed);
  }
  await runSteps(finishSteps(closed), journal, uses.signal);
  const { entries } = journal;
  return {
    timeline: Number(factOf(entries, 'promote', 'timeline')),
    reason: factOf(entries, 'promote', 'reason'),
    switchLsn: factOf(entries, 'promote', 'switchLsn'),
    changedRoles: factOf(entries, 'setPasswords', 'changed')
      .split(', ')
      .filter((name) => name !== ''),
    dataDirectory: volume.place === 'newClaim' ? places.dataDirectory : places.placeOf(plan.id, 'rehearsal'),
  };
}
