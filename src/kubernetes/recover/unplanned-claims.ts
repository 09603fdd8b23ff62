/**
 * Claims of members that came after the plan: somebody has scaled up meanwhile. They are in no exchange, so that a later scale-up
 * would start the history of before beside the recovered one.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { kubectlIn } from '../api/kubectl-line.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { ordinalOf } from './names.ts';
import { everyClaim, type SwapPlan } from './plan-value.ts';

type Planned = Pick<SwapPlan, 'way' | 'members' | 'leftOver' | 'claimTemplate'> & {
  readonly statefulSet: Pick<SwapPlan['statefulSet'], 'name' | 'replicas'>;
};

/** What would exchange the claims. */
export type Doing = 'cutover' | 'undo';

/** What is going on. */
export interface UnderWay {
  readonly doing: Doing;
  /** A member of the plan takes writes: what others have is a copy of that. */
  readonly isLed: boolean;
}

/**
 * Looks whether each claim that a member of the StatefulSet could have is in the plan. One made anew has claims of another name, and
 * those of before start no member of it.
 *
 * @throws {Failure} `refused`, naming them.
 */
export async function refuseUnplannedClaims(
  api: KubernetesApi,
  { recovery: { id }, swap }: { readonly recovery: { readonly id: string }; readonly swap: Planned },
  underWay: UnderWay,
): Promise<void> {
  if (swap.way === 'recreate') return;
  const planned = new Set(everyClaim(swap).map(({ ordinal }) => ordinal));
  const claims = await api.list<PersistentVolumeClaim>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  const found = claims.flatMap(({ metadata }) => {
    const ordinal = ordinalOf(metadata?.name ?? '', `${swap.claimTemplate}-${swap.statefulSet.name}`);
    return ordinal === undefined || planned.has(ordinal) ? [] : [metadata?.name ?? ''];
  });
  if (found.length === 0) return;
  const { name } = swap.statefulSet;
  throw new Failure('refused', {
    message: `cannot exchange the data of ${name}: ${found.join(', ')} came after recovery ${id} was planned`,
    remedy: `A later scale-up would start what is on there, beside the ${underWay.doing === 'undo' ? 'data from before' : 'recovered data'}. ${remedyOf(api, id, swap, found, underWay)}`,
  });
}

/** What is typed in the middle of an incident says which cluster it means. */
function remedyOf(
  { where }: KubernetesApi,
  id: string,
  { statefulSet: { name, replicas } }: Planned,
  claims: readonly string[],
  { doing, isLed }: UnderWay,
): string {
  const kubectl = kubectlIn(where);
  const scale = `${kubectl} scale statefulset/${name} --replicas=${Math.max(1, replicas)}`;
  const remove = `${kubectl} delete persistentvolumeclaim ${claims.join(' ')}`;
  const takeOut = `Take it out, and run this again (each is a copy of what leads):\n${scale}\n${remove}`;
  if (doing === 'cutover') {
    const planAgain = `ndo this one, and plan again with all claims:  walkback undo ${id}`;
    return isLed ? `${takeOut}\nOr u${planAgain}` : `Nobody leads, so the newest data may be on there. U${planAgain}`;
  }
  if (isLed) return takeOut;
  return `Nobody leads, so the newest data may be on there. Let a member lead that is in the plan, and run this again:  walkback undo ${id}`;
}
