/**
 * Pods whose node does not answer. It is seen of the pods themselves, as whoever works in a namespace may seldom read nodes.
 *
 * Source: Kubernetes, `pkg/controller/util/node/controller_utils.go` (`MarkPodsNotReady`, `SetPodTerminationReason`).
 *
 * @module
 */

import { kubectlIn } from './kubectl-line.ts';
import type { WhereWeAre } from './kubernetes-api.ts';
import type { Pod } from './kubernetes-objects.ts';

/** Clocks differ, and a kubelet has other things to do. */
const LATE_MS = 60_000;

/**
 * True if its kubelet seems to be away: a pod is marked as not ready behind the back of its containers, or is still there long
 * after it should have ended (a deletion's time holds what the pod was given to end).
 *
 * @param nowMs since the Unix epoch.
 */
export function isNodeAway({ metadata, spec, status }: Pod, nowMs: number): boolean {
  if (status?.reason === 'NodeLost') return true;
  const endsAt = metadata?.deletionTimestamp;
  if (endsAt !== undefined && nowMs - Date.parse(endsAt) > LATE_MS) return true;
  const containers = status?.containerStatuses ?? [];
  const isReady = status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'False';
  const isGated = (spec?.readinessGates ?? []).length > 0;
  return !isReady && !isGated && containers.length > 0 && containers.every(({ ready }) => ready);
}

/** What removes pods that their node does not end; to be typed only once it is proven that nothing runs there. */
export function forceDelete(where: WhereWeAre, pods: readonly string[]): string {
  return `${kubectlIn(where)} delete pod ${pods.join(' ')} --force --grace-period=0`;
}

/** The same with the words before it. */
export function removeByHand(where: WhereWeAre, pods: readonly string[]): string {
  return `Its node may be away. Once it is proven that nothing runs there:  ${forceDelete(where, pods)}`;
}
