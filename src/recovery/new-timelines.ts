/**
 * Timelines that have appeared in the archive since a plan was made.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { RecoveryContext } from './recovery-context.ts';
import { archivedTimelines } from './timeline-numbers.ts';

/**
 * A history file that was not there when the plan was made is a failover or another recovery: the line of history that
 * was proven may no longer be the right one.
 *
 * @throws {Failure} `refused`
 */
export async function checkNoNewTimeline({ uses, plan }: RecoveryContext): Promise<void> {
  const known = new Set(plan.preconditions.archivedTimelines);
  const fresh = (await archivedTimelines(uses.store)).filter((timeline) => !known.has(timeline));
  if (fresh.length === 0) return;
  throw new Failure('refused', {
    message: `cannot cut over to recovery ${plan.id}: timeline ${fresh.join(', ')} has appeared in ${uses.store.address} since it was planned`,
    remedy:
      'A failover or another recovery has happened. See "walkback window", then plan again:  walkback recover plan',
  });
}
