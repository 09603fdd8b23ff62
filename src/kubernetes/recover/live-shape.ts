/**
 * The live cluster as pods of ours are made like it, at the moment in which one is made.
 *
 * @module
 */

import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { StatefulSet } from '../api/kubernetes-objects.ts';
import type { LiveShape } from '../rehearse/rehearsal.ts';
import type { SwapContext } from './context.ts';
import { shapeWithValues } from './planned-shape.ts';
import { podsUsing, statefulSetRef } from './pods-gone.ts';
import { savedObject } from './save-objects.ts';

/** A volume may be attached to one node alone: where its pod is now, and not where it was when it was planned. */
async function nodeOf(api: KubernetesApi, claim: string): Promise<string | undefined> {
  const users = await podsUsing(api, [claim]);
  return users.find(({ status }) => status?.phase === 'Running')?.spec?.nodeName;
}

/** The shape, with the values that the StatefulSet has now; while it is made anew, with those of before. */
export async function liveShapeOf({ uses, plan }: Pick<SwapContext, 'uses' | 'plan'>): Promise<LiveShape> {
  const ref = statefulSetRef(plan.swap.statefulSet.name);
  const found = await uses.api.get<StatefulSet>(ref);
  const shape = shapeWithValues(plan.swap.live, found ?? (await savedObject(uses.api, plan.recovery.id, ref)));
  const node = await nodeOf(uses.api, shape.claim.metadata?.name ?? '');
  return node === undefined ? shape : { ...shape, node };
}
