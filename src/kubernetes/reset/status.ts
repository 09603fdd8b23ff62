/**
 * Resets of a StatefulSet, from their journals in the namespace. Needs no Lease and changes nothing.
 *
 * @module
 */

import { stateOf } from '../../recovery/journal.ts';
import type { RecoveryState } from '../../recovery/states.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import { listStoredResets, readReset, type ResetEntry, type StoredReset } from '../recover/journal-object.ts';
import { claimsThatAre, podsOf, type HeldClaim, type SwapStatus } from '../recover/status.ts';
import type { ResetPlan } from './plan-value.ts';
import { resetHeldNames } from './reset.ts';

/** One reset as it is now. */
export interface ResetStatus {
  readonly id: string;
  readonly plan: ResetPlan;
  readonly state: RecoveryState;
  readonly claims: readonly HeldClaim[];
  readonly pods: SwapStatus['pods'];
  readonly entries: readonly ResetEntry[];
}

async function statusOf(api: KubernetesApi, { plan, entries }: StoredReset): Promise<ResetStatus> {
  const [claims, pods] = await Promise.all([claimsThatAre(api, resetHeldNames(plan)), podsOf(api, plan)]);
  return { id: plan.recovery.id, plan, state: stateOf(entries), claims, pods, entries };
}

/** One reset. @throws {Failure} `usage` if there is none with this id. */
export async function resetStatus(api: KubernetesApi, id: string): Promise<ResetStatus> {
  return statusOf(api, await readReset(api, id));
}

/** All resets of a StatefulSet, newest plan first. */
export async function listResets(api: KubernetesApi, statefulSet: string): Promise<ResetStatus[]> {
  const stored = await listStoredResets(api, statefulSet);
  return Promise.all(stored.map(async (one) => statusOf(api, one)));
}

/** Nothing is to be done with it, and nothing is kept. */
export function isResetOver({ state, claims }: ResetStatus): boolean {
  return (state === 'planned' || state === 'released' || state === 'undone') && claims.length === 0;
}
