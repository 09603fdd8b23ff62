/**
 * Timelines that have appeared in the archive since a plan was made.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Plan } from './plan-value.ts';
import { archivedTimelines } from './timeline-numbers.ts';

/** A plan, and the archive that it was made on. */
interface Planned {
  readonly uses: { readonly store: ObjectStore };
  readonly plan: Pick<Plan, 'id' | 'preconditions'>;
}

/**
 * A history file that was not there when the plan was made is a failover or another recovery: the line of history that
 * was proven may no longer be the right one.
 *
 * @throws {Failure} `refused`
 */
export async function checkNoNewTimeline({ uses, plan }: Planned): Promise<void> {
  const known = new Set(plan.preconditions.archivedTimelines);
  const fresh = (await archivedTimelines(uses.store)).filter((timeline) => !known.has(timeline));
  if (fresh.length === 0) return;
  throw new Failure('refused', {
    message: `cannot cut over to recovery ${plan.id}: timeline ${fresh.join(', ')} has appeared in ${uses.store.address} since it was planned`,
    remedy:
      'A failover or another recovery has happened. See "walkback window", then plan again:  walkback recover plan',
  });
}
