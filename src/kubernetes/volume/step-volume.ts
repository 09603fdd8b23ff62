/**
 * Moves a standing rehearsal to a later target: stopped, given the target, and replayed from where it stood. (Telling a server
 * that is paused at a target to go on promotes it.)
 *
 * @module
 */

import { stopPrivateServer } from '../../instance/private-server.ts';
import { proveWal } from '../../recovery/prove-wal.ts';
import { writeKeptPlan } from './kept-plan.ts';
import type { VolumeContext } from './volume-context.ts';
import { checkStep, type VolumePlan } from './volume-plan.ts';

function isSameTarget(a: VolumePlan['target'], b: VolumePlan['target']): boolean {
  return a.lsn === b.lsn && a.inclusive === b.inclusive && a.timeline === b.timeline;
}

/**
 * Stops it, and writes down where it goes.
 *
 * @returns the plan as it is now; it stands there once it has replayed again.
 * @throws {Failure} `refused` if the target is not behind the old one; `corrupt` if the WAL up to it cannot be read. It goes
 *   on standing where it does.
 */
export async function stepOnVolume(context: VolumeContext, folder: string, next: VolumePlan): Promise<VolumePlan> {
  const { plan, places, uses, journal } = context;
  // Asked again by who was killed before it was answered.
  if (isSameTarget(plan.target, next.target)) return plan;
  checkStep(plan, next);
  await proveWal(uses, next);
  await stopPrivateServer(places.placeOf(plan.id, 'rehearsal'));
  // In this order: with the new plan and a replay that is done, it would be believed to stand where it does not.
  await journal.append({ event: 'undone', step: 'replay' });
  await writeKeptPlan(folder, next);
  return next;
}
