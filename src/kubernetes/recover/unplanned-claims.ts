/**
 * Claims of members that came after the plan: somebody has scaled up meanwhile. They are in no exchange, so that a later scale-up
 * would start the history of before beside the recovered one.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { ordinalOf } from './names.ts';
import { everyClaim, type SwapPlan } from './plan-value.ts';

type Planned = Pick<SwapPlan, 'way' | 'members' | 'leftOver' | 'claimTemplate'> & {
  readonly statefulSet: Pick<SwapPlan['statefulSet'], 'name' | 'replicas'>;
};

/**
 * Looks whether each claim that a member of the StatefulSet could have is in the plan. One made anew has claims of another name, and
 * those of before start no member of it.
 *
 * @param isLed a member of the plan takes writes: what others have is a copy of that.
 * @throws {Failure} `refused`, naming them.
 */
export async function refuseUnplannedClaims(
  api: KubernetesApi,
  { recovery, swap }: { readonly recovery: { readonly id: string }; readonly swap: Planned },
  isLed: boolean,
): Promise<void> {
  if (swap.way === 'recreate') return;
  const planned = new Set(everyClaim(swap).map(({ ordinal }) => ordinal));
  const claims = await api.list<PersistentVolumeClaim>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  const found = claims.flatMap(({ metadata }) => {
    const ordinal = ordinalOf(metadata?.name ?? '', `${swap.claimTemplate}-${swap.statefulSet.name}`);
    return ordinal === undefined || planned.has(ordinal) ? [] : [metadata?.name ?? ''];
  });
  if (found.length === 0) return;
  const { name, replicas } = swap.statefulSet;
  const takeOut = `Take it out, and run this again (each is a copy of what leads):\nkubectl scale statefulset/${name} --replicas=${replicas}\nkubectl delete persistentvolumeclaim ${found.join(' ')}\nOr undo this one, and plan again with all claims:`;
  const again = 'Nobody leads, so the newest data may be on there. Undo this one, and plan again with all claims:';
  throw new Failure('refused', {
    message: `cannot exchange the data of ${name}: ${found.join(', ')} came after recovery ${recovery.id} was planned`,
    remedy: `A later scale-up would start what is on there, beside the recovered data. ${isLed ? takeOut : again}  walkback undo ${recovery.id}`,
  });
}
