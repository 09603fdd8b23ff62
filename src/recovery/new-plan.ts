/**
 * Making a plan: looks at everything, decides, and leaves the plan where `run` finds it by its id.
 *
 * @module
 */

import type { AskWhich } from '../history/choose-removal.ts';
import type { AskedTarget } from './asked-target.ts';
import { gatherFacts } from './gather-facts.ts';
import { makePlan } from './plan.ts';
import { newRecoveryId, writePlan } from './plan-file.ts';
import type { Plan } from './plan-value.ts';
import type { RecoveryUses } from './uses.ts';

/**
 * A new plan for a target.
 *
 * `timeline`: whose line of history to follow; the live server's unless told. `ask`: see {@link resolveTarget}.
 *
 * @throws {Failure} `refused` with the nearest reachable target, or why the recovery would not be safe.
 */
export async function makeNewPlan(
  uses: RecoveryUses,
  target: AskedTarget,
  { timeline, ask }: { readonly timeline?: number | undefined; readonly ask?: AskWhich } = {},
): Promise<Plan> {
  const id = await newRecoveryId(uses.cluster);
  const facts = await gatherFacts(uses, {
    id,
    target,
    ...(timeline === undefined ? {} : { timeline }),
    ...(ask === undefined ? {} : { ask }),
  });
  const plan = makePlan(facts);
  await writePlan(uses.cluster, plan);
  return plan;
}
