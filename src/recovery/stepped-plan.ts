/**
 * The plan of a rehearsal that goes on to a later target: pure.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { PlanFacts } from './facts.ts';
import { makePlan } from './plan.ts';
import type { Plan } from './plan-value.ts';
import { parseLsn } from '../postgres/lsn.ts';

/**
 * The timeline whose line of history a later target is looked for on: the plan's own. Where the target lies before a fork, its
 * timeline goes on with what that fork has left behind, and numbers transactions that the line numbers too.
 */
export function steppedTimeline({ timeline, lineTimeline }: Plan['target']): number {
  return lineTimeline ?? timeline;
}

/** True if replay that stands at `earlier` can go on to `later`. */
export function isBehind(later: Plan['target'], earlier: Plan['target']): boolean {
  const [to, from] = [parseLsn(later.lsn), parseLsn(earlier.lsn)];
  if (to === undefined || from === undefined || later.timeline !== earlier.timeline) return false;
  return to > from || (to === from && later.inclusive && !earlier.inclusive);
}

/**
 * The plan with its new target. What was restored stays: backup, place and warnings are those of the old plan, room is
 * not needed again.
 *
 * @throws {Failure} `refused` if the target is not behind the old one, or the way there is not safe.
 */
export function makeSteppedPlan(plan: Plan, facts: PlanFacts): Plan {
  const roomy = { ...facts, cluster: { ...facts.cluster, freeBytes: 1n << 62n } };
  const next = makePlan(roomy);
  if (!isBehind(next.target, plan.target)) {
    throw new Failure('refused', {
      message: `cannot step recovery ${plan.id} to ${next.target.asked}: it stands at ${plan.target.lsn}, and replay only goes forward on timeline ${plan.target.timeline}`,
      remedy: 'For an earlier moment, or another timeline, make a new plan:  walkback recover plan',
    });
  }
  return {
    ...next,
    backup: plan.backup,
    space: plan.space,
    preconditions: plan.preconditions,
    replay: { ...next.replay, fromLsn: plan.replay.fromLsn },
  };
}
