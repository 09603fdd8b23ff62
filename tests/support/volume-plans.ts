/**
 * Plans of rehearsals on volumes, from plans of the server that tests recover.
 *
 * @module
 */

import { volumePlanText, type VolumePlan } from '../../src/kubernetes/volume/volume-plan.ts';
import type { Plan } from '../../src/recovery/plan-value.ts';

/** The part of a recovery's plan that a pod is told. */
export function volumePlanFrom(plan: Plan, roles: VolumePlan['roles'] = []): VolumePlan {
  const { systemIdentifier, archivedTimelines } = plan.preconditions;
  const { id, majorVersion, target, replay, required, walLevel, space, backup } = plan;
  const whole: VolumePlan = {
    id,
    majorVersion,
    target,
    replay,
    required,
    walLevel,
    space,
    backup,
    systemIdentifier,
    archivedTimelines,
    user: 'postgres',
    roles,
  };
  return JSON.parse(volumePlanText(whole));
}
