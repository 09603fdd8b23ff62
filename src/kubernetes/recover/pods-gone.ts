/**
 * Waiting until no pod object uses a claim. That a StatefulSet has no replicas does not say so: its pods may be ending still,
 * and a pod that has ended (that of a Job) holds its claim as long as there is an object of it.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Pod, StatefulSet } from '../api/kubernetes-objects.ts';

/** The ref of a pod. */
export const podRef = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', name }) as const;
/** The ref of a StatefulSet. */
export const statefulSetRef = (name: string) => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', name }) as const;

/** Pods of the namespace that mount one of these claims. */
export async function podsUsing(api: KubernetesApi, claims: readonly string[]): Promise<Pod[]> {
  const wanted = new Set(claims);
  const pods = await api.list<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  return pods.filter((pod) =>
    pod.spec?.volumes?.some(({ persistentVolumeClaim: claim }) => claim !== undefined && wanted.has(claim.claimName)),
  );
}

/** Waits until nothing uses them. @throws {Failure} `unavailable` if a pod does not go. */
export async function untilUnused(api: KubernetesApi, claims: readonly string[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const pods = await podsUsing(api, claims);
    if (pods.length === 0) return;
    for (const pod of pods) {
      const { name = '', uid } = pod.metadata ?? {};
      const leftMs = Math.max(1, deadline - Date.now());
      await api.until<Pod>(podRef(name), `pod ${name} to be gone`, (found) => found?.metadata?.uid !== uid, {
        timeoutMs: leftMs,
      });
    }
  }
}

/** @throws {Failure} `conflict` if somebody has scaled it up meanwhile: nothing may be taken from under a pod. */
export async function checkStillDown(
  api: KubernetesApi,
  statefulSet: string,
  claims: readonly string[],
): Promise<void> {
  const [found, pods] = await Promise.all([api.get<StatefulSet>(statefulSetRef(statefulSet)), podsUsing(api, claims)]);
  const replicas = found?.spec?.replicas ?? 0;
  if (replicas === 0 && pods.length === 0) return;
  throw scaledUp(
    statefulSet,
    replicas,
    pods.map(({ metadata }) => metadata?.name ?? '?'),
  );
}

/** Somebody else scales it. */
export function scaledUp(statefulSet: string, replicas: number, pods: readonly string[]): Failure {
  const there = pods.length === 0 ? '' : `, and ${pods.join(', ')} is there`;
  return new Failure('conflict', {
    message: `cannot exchange the volumes of ${statefulSet}: somebody has scaled it to ${replicas} meanwhile${there}`,
    remedy:
      'Find out who does (an autoscaler, GitOps, another hand), stop that, and go on: it is scaled down again then.',
  });
}
