/**
 * A StatefulSet is made anew by removing it first. Whoever comes between the two finds it as it was saved: without it nothing would
 * tell where the archive is, and nobody could go on or go back.
 *
 * @module
 */

import { hasStepBegun, stateOf } from '../../recovery/journal.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { StatefulSet } from '../api/kubernetes-objects.ts';
import { listStoredRecoveries, type SwapEntry } from './journal-object.ts';
import { statefulSetRef } from './pods-gone.ts';
import { savedObject } from './save-objects.ts';

/** True while a recovery may have removed it: making it anew has begun, forth or back, and the recovery is not over. */
export function isMakingAnew(entries: readonly SwapEntry[]): boolean {
  const state = stateOf(entries);
  return (state === 'cuttingOver' || state === 'undoing') && hasStepBegun(entries, 'recreateStatefulSet');
}

/** It, of that name or of any; `undefined`: no recovery is about to make one anew. */
export async function removedStatefulSet(
  api: KubernetesApi,
  name: string | undefined,
): Promise<StatefulSet | undefined> {
  const found = (await listStoredRecoveries(api, name)).find(({ entries }) => isMakingAnew(entries));
  if (found === undefined) return undefined;
  const { recovery, swap } = found.plan;
  return savedObject<StatefulSet>(api, recovery.id, statefulSetRef(swap.statefulSet.name));
}
