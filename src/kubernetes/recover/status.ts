/**
 * Recoveries of a StatefulSet, from their journals in the namespace. Needs no Lease and changes nothing.
 *
 * @module
 */

import { stateOf } from '../../recovery/journal.ts';
import type { RecoveryState } from '../../recovery/states.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim, StatefulSet } from '../api/kubernetes-objects.ts';
import { claimRef } from './exchange-claim.ts';
import { listStoredRecoveries, readRecovery, type StoredRecovery, type SwapEntry } from './journal-object.ts';
import { claimMadeAnew, keptClaim } from './names.ts';
import { everyClaim, type NamespacePlan, type WorkPlan } from './plan-value.ts';
import { podsUsing, statefulSetRef } from './pods-gone.ts';
import type { SwapStep } from './step-names.ts';

/** A claim that a recovery has given a volume to. */
export interface HeldClaim {
  readonly name: string;
  readonly holds:
    | 'data from before'
    | 'recovered data, replaced by the undo'
    | 'the new cluster, replaced by the undo'
    | 'rehearsal';
  readonly size: string;
  readonly volume: string;
  readonly phase: string;
}

/** One recovery as it is now. */
export interface SwapStatus {
  readonly id: string;
  readonly plan: NamespacePlan;
  readonly state: RecoveryState;
  /** Its release was broken off, and has left something. */
  readonly isReleaseUnfinished: boolean;
  /** The step that was begun last and has not ended well; `undefined` when none is open. */
  readonly openStep: { readonly step: SwapStep; readonly failure: string | undefined } | undefined;
  readonly claims: readonly HeldClaim[];
  /** What the cluster is at: wanted, present and ready pods; `undefined` if the StatefulSet is not there. */
  readonly pods: { readonly wanted: number; readonly present: readonly string[]; readonly ready: number } | undefined;
  readonly entries: readonly SwapEntry[];
}

/** A release is in the journal when it begins, and once more when nothing is left; folders in a volume are seen from nowhere else. */
function isReleaseUnfinished(entries: readonly SwapEntry[]): boolean {
  return entries.filter((entry) => entry.event === 'state' && entry.state === 'released').length === 1;
}

function openStepOf(entries: readonly SwapEntry[]): SwapStatus['openStep'] {
  const last = entries.findLast((entry) => entry.event !== 'state');
  if (last?.event === 'begin') return { step: last.step, failure: undefined };
  return last?.event === 'failed' ? { step: last.step, failure: last.message } : undefined;
}

/** A claim that may hold data. */
type NamedClaim = Pick<HeldClaim, 'name' | 'holds'> & {
  /** Where another claim may have had its name since. */
  readonly uid?: string;
};

/** Claims by which a recovery keeps data, by their names, whether or not they are there. */
export function heldNames({ recovery, swap }: NamespacePlan, entries: readonly SwapEntry[]): NamedClaim[] {
  const { id } = recovery;
  const rehearsal = { name: swap.rehearsalClaim, holds: 'rehearsal' } as const;
  if (swap.way === 'in-volume') return [];
  if (swap.way === 'recreate') {
    const before = everyClaim(swap).map(
      ({ claim, claimUid }) => ({ name: claim, uid: claimUid, holds: 'data from before' }) as const,
    );
    const after = everyClaim(swap).map(
      ({ ordinal }) =>
        ({
          name: claimMadeAnew(swap.rehearsalClaim, ordinal),
          holds: 'recovered data, replaced by the undo',
        }) as const,
    );
    // A release that was broken off goes on with what it had begun with.
    const state = entries.findLast((entry) => entry.event === 'state' && entry.state !== 'released');
    const wasIn = state?.event === 'state' ? state.state : undefined;
    if (wasIn === 'recovered') return before;
    return wasIn === 'undone' ? after : [rehearsal];
  }
  return [
    ...everyClaim(swap).map(
      ({ ordinal }) => ({ name: keptClaim(id, 'kept', ordinal), holds: 'data from before' }) as const,
    ),
    ...everyClaim(swap).map(
      ({ ordinal }) =>
        ({ name: keptClaim(id, 'replaced', ordinal), holds: 'recovered data, replaced by the undo' }) as const,
    ),
    rehearsal,
  ];
}

/** Those of a recovery that are there. */
export async function heldClaims(
  api: KubernetesApi,
  plan: NamespacePlan,
  entries: readonly SwapEntry[],
): Promise<HeldClaim[]> {
  return claimsThatAre(api, heldNames(plan, entries));
}

/** Those of these that are there. */
export async function claimsThatAre(api: KubernetesApi, names: readonly NamedClaim[]): Promise<HeldClaim[]> {
  const found = await Promise.all(
    names.map(async ({ name, uid, holds }): Promise<HeldClaim[]> => {
      const claim = await api.get<PersistentVolumeClaim>(claimRef(name));
      if (claim === undefined || (uid !== undefined && claim.metadata?.uid !== uid)) return [];
      const size = claim.status?.capacity?.['storage'] ?? claim.spec?.resources?.requests?.['storage'] ?? '?';
      return [{ name, holds, size, volume: claim.spec?.volumeName ?? '', phase: claim.status?.phase ?? '?' }];
    }),
  );
  return found.flat();
}

/** What the cluster is at. */
export async function podsOf(api: KubernetesApi, plan: WorkPlan): Promise<SwapStatus['pods']> {
  const found = await api.get<StatefulSet>(statefulSetRef(plan.swap.statefulSet.name));
  if (found === undefined) return undefined;
  const present = await podsUsing(
    api,
    everyClaim(plan.swap).map(({ claim }) => claim),
  );
  return {
    wanted: found.spec?.replicas ?? 0,
    present: present.map(({ metadata }) => metadata?.name ?? '?'),
    ready: found.status?.readyReplicas ?? 0,
  };
}

async function statusOf(api: KubernetesApi, { plan, entries }: StoredRecovery): Promise<SwapStatus> {
  const state = stateOf(entries);
  const [claims, pods] = await Promise.all([heldClaims(api, plan, entries), podsOf(api, plan)]);
  return {
    id: plan.recovery.id,
    plan,
    state,
    isReleaseUnfinished: isReleaseUnfinished(entries),
    openStep: openStepOf(entries),
    claims,
    pods,
    entries,
  };
}

/** One recovery. @throws {Failure} `usage` if there is none with this id. */
export async function swapStatus(api: KubernetesApi, id: string): Promise<SwapStatus> {
  return statusOf(api, await readRecovery(api, id));
}

/** All recoveries of a StatefulSet, newest plan first. */
export async function listSwaps(api: KubernetesApi, statefulSet: string): Promise<SwapStatus[]> {
  const stored = await listStoredRecoveries(api, statefulSet);
  return Promise.all(stored.map(async (one) => statusOf(api, one)));
}
