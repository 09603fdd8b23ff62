/**
 * The steps that write the pod template of a *clone*, while no pod is there: its variables, and what was there before.
 *
 * @module
 */

import { Failure } from '../../../base/failure.ts';
import type { StepFacts } from '../../../recovery/journal.ts';
import type { StatefulSet } from '../../api/kubernetes-objects.ts';
import { claimsInPlay, type SwapContext } from '../context.ts';
import type { PlannedClone } from '../plan-value.ts';
import { checkStillDown, statefulSetRef } from '../pods-gone.ts';
import { savedObject } from '../save-objects.ts';
import { clonePatch, differingVariable, savedPatch } from './clone-template.ts';

/** The clone of the plan. @throws {TypeError} if the plan's way is another. */
export function cloneOf({ plan }: SwapContext): PlannedClone {
  const { clone } = plan.swap;
  if (clone === undefined) throw new TypeError('only plans of the way clone have a clone');
  return clone;
}

/** The StatefulSet as it was before anything was changed. */
export async function savedStatefulSet({ uses, plan }: SwapContext): Promise<StatefulSet> {
  return savedObject<StatefulSet>(uses.api, plan.recovery.id, statefulSetRef(plan.swap.statefulSet.name));
}

/** Changes the StatefulSet, and returns it as it is then. */
export async function patchStatefulSet({ uses, plan }: SwapContext, body: object): Promise<StatefulSet | undefined> {
  const ref = statefulSetRef(plan.swap.statefulSet.name);
  await uses.api.patch(ref, { type: 'merge', body });
  return uses.api.get<StatefulSet>(ref);
}

/** Sets the variables, and reads them back: one that is not as it should be means a new, empty database. */
export async function setVariables(context: SwapContext): Promise<StepFacts> {
  const { statefulSet } = context.plan.swap;
  const clone = cloneOf(context);
  await checkStillDown(context.uses.api, statefulSet.name, claimsInPlay(context));
  const found = await patchStatefulSet(context, clonePatch(await savedStatefulSet(context), clone));
  const wrong = differingVariable(found, clone);
  if (wrong === undefined) return { archive: clone.archive.to, targetTime: clone.variables['CLONE_TARGET_TIME'] ?? '' };
  throw new Failure('conflict', {
    message: `cannot clone ${statefulSet.name}: its variable ${wrong} is not as it was set`,
    remedy: `Find out who changes the StatefulSet (GitOps, a Helm upgrade), stop that, and go on; or take it back:  walkback undo ${context.plan.recovery.id}`,
  });
}

/** Variables, probes and update strategy as they were. */
export async function putTemplateBack(context: SwapContext): Promise<StepFacts> {
  await checkStillDown(context.uses.api, context.plan.swap.statefulSet.name, claimsInPlay(context));
  await patchStatefulSet(context, savedPatch(await savedStatefulSet(context)));
  return {};
}
