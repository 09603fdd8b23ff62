/**
 * The line of history that a plan's target is on, as the plan tells it.
 *
 * @module
 */

import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { plannedLsn, type ReplayPlan } from './recovery-context.ts';

/** The line of history up to the target's timeline. */
export function lineOfPlan(plan: ReplayPlan): TimelineHistory {
  const { timeline } = plan.target;
  const ancestors = plan.replay.line
    .filter((part) => part.timeline !== timeline)
    .map((part) => ({ timeline: part.timeline, switchLsn: plannedLsn(part.endLsn), reason: 'as planned' }));
  return { timeline, ancestors };
}
