/**
 * The live cluster as pods of ours are made like it, at the moment in which one is made.
 *
 * @module
 */

import type { StatefulSet } from '../api/kubernetes-objects.ts';
import type { LiveShape } from '../rehearse/rehearsal.ts';
import type { SwapContext } from './context.ts';
import { shapeWithValues } from './planned-shape.ts';
import { statefulSetRef } from './pods-gone.ts';
import { savedObject } from './save-objects.ts';

/** The shape, with the values that the StatefulSet has now; while it is made anew, with those of before. */
export async function liveShapeOf({ uses, plan }: Pick<SwapContext, 'uses' | 'plan'>): Promise<LiveShape> {
  const ref = statefulSetRef(plan.swap.statefulSet.name);
  const found = await uses.api.get<StatefulSet>(ref);
  return shapeWithValues(plan.swap.live, found ?? (await savedObject(uses.api, plan.recovery.id, ref)));
}
