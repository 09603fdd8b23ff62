/**
 * Moves a standing rehearsal to a later target: stopped, given the target, started. (Telling a server that is paused at a
 * target to go on promotes it.)
 *
 * @module
 */

import type { AskWhich } from '../history/choose-removal.ts';
import { stopPrivateServer } from '../instance/private-server.ts';
import type { AskedTarget } from './asked-target.ts';
import { gatherFacts } from './gather-facts.ts';
import { makeSteppedPlan, steppedTimeline } from './stepped-plan.ts';
import { writePlan } from './plan-file.ts';
import type { Plan } from './plan-value.ts';
import { during } from './recover.ts';
import type { RecoveryContext } from './recovery-context.ts';
import { runSteps } from './runner.ts';
import { REHEARSE_STEPS } from './step-names.ts';
import { STEPS } from './steps.ts';

/**
 * Steps the rehearsal on.
 *
 * @returns the plan as it is now: same id, same restored data, later target.
 * @throws {Failure} `refused` if the new target is not behind the old one, or on another line of history.
 */
export async function stepOn(context: RecoveryContext, target: AskedTarget, ask?: AskWhich): Promise<Plan> {
  const { uses, plan, journal } = context;
  const facts = await gatherFacts(uses, {
    id: plan.id,
    target,
    timeline: steppedTimeline(plan.target),
    // What it was restored from, and nothing nearer: all that it will replay must have been looked at.
    backupName: plan.backup.name,
    ...(ask === undefined ? {} : { ask }),
  });
  const stepped = makeSteppedPlan(plan, facts);
  await during(context, 'step', async () => {
    await stopPrivateServer(uses.cluster.placeOf(plan.id, 'rehearsal'));
    // In this order: with the new plan and a replay that is done, it would be believed to stand where it does not.
    await journal.append({ event: 'undone', step: 'replay' });
    await writePlan(uses.cluster, stepped);
    const next: RecoveryContext = { ...context, plan: stepped };
    await runSteps({ steps: STEPS, order: REHEARSE_STEPS, journal, context: next, signal: uses.signal });
  });
  return stepped;
}
