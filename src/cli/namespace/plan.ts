/**
 * `walkback recover plan` and the planning of others, for a cluster in a namespace.
 *
 * @module
 */

import type { OpenNamespace } from '../../app/open-namespace-recovery.ts';
import { Failure } from '../../base/failure.ts';
import { replicasOf } from '../../kubernetes/recover/scale.ts';
import { makeNamespacePlan } from '../../kubernetes/recover/new-plan.ts';
import type { NamespacePlan, PlannedWorkload } from '../../kubernetes/recover/plan-value.ts';
import type { RecoveryWay } from '../../kubernetes/find/rights.ts';
import type { AskedTarget } from '../../recovery/asked-target.ts';
import { askWhich } from '../ask-which.ts';
import { targetNotes } from '../output/plan-text.ts';
import { shownPlanning } from '../recovery-steps.ts';
import type { Session } from '../session.ts';
import { parseWorkload } from './given.ts';

/** What a plan is made of. */
export interface PlanningOptions {
  readonly target: AskedTarget;
  readonly timeline: number | undefined;
  readonly way?: RecoveryWay | undefined;
  readonly scaleDown?: readonly string[];
}

async function workloadsOf({ uses }: OpenNamespace, given: readonly string[]): Promise<PlannedWorkload[]> {
  const found: PlannedWorkload[] = [];
  for (const one of given.map(parseWorkload)) {
    const replicas = await replicasOf(uses.api, one);
    if (replicas === undefined) {
      throw new Failure('usage', {
        message: `cannot find ${one.kind} ${one.name} in namespace ${uses.api.where.namespace}`,
        remedy: 'Correct --scale-down.',
      });
    }
    found.push({ ...one, replicas });
  }
  return found;
}

/** Makes a plan, and shows how far that is. */
export async function planInNamespace(
  opened: OpenNamespace,
  given: PlanningOptions,
  session: Session,
): Promise<NamespacePlan> {
  const request = {
    target: given.target,
    timeline: given.timeline,
    ask: askWhich(session),
    way: given.way,
    workloads: await workloadsOf(opened, given.scaleDown ?? []),
  };
  return shownPlanning(session.reporter, makeNamespacePlan(opened.uses, await opened.subject(), request));
}

/** As {@link planInNamespace}, for a run that goes straight on: both sides of the moment are noted. */
export async function planAndNote(
  opened: OpenNamespace,
  given: PlanningOptions,
  session: Session,
): Promise<NamespacePlan> {
  const plan = await planInNamespace(opened, given, session);
  for (const line of targetNotes(plan.recovery, session.screen)) session.reporter.note(line);
  return plan;
}
