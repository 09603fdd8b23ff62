/**
 * Waiting until no pod object uses a claim. That a StatefulSet has no replicas does not say so: its pods may be ending still,
 * and a pod that has ended (that of a Job) holds its claim as long as there is an object of it.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import { noProgress, STEP_UNDER_WAY, type OnProgress } from '../../base/progress.ts';
import { kubectlIn } from '../api/kubectl-line.ts';
import type { KubernetesApi, WhereWeAre } from '../api/kubernetes-api.ts';
import type { Pod, StatefulSet } from '../api/kubernetes-objects.ts';
import { forceDelete, isNodeAway, removeByHand } from '../api/node-away.ts';

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

/** How pods are waited for. */
export interface PodsWait {
  readonly timeoutMs: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** What keeps a pod, in words, as long as it is there. */
function waitWords(where: WhereWeAre, pod: Pod, nowMs: number): string {
  const { name = '' } = pod.metadata ?? {};
  const node = pod.spec?.nodeName;
  const words = `waits for pod ${name}${node === undefined ? '' : ` on node ${node}`} to be gone`;
  return isNodeAway(pod, nowMs) ? `${words}. ${removeByHand(where, [name])}` : words;
}

/**
 * Waits until pods are gone, and tells meanwhile which ones are waited for, where they are, and what to do about those whose node
 * seems to be away. With a `uid`, another pod of that name counts as gone.
 *
 * @throws {Failure} `unavailable` if one does not go in time.
 */
export async function untilPodsGone(
  api: KubernetesApi,
  pods: readonly { readonly name: string; readonly uid?: string | undefined }[],
  { timeoutMs, onProgress = noProgress, signal }: PodsWait,
): Promise<void> {
  const seen = new Map<string, Pod>();
  const tell = (): void => {
    const note = [...seen.values()].map((pod) => waitWords(api.where, pod, Date.now())).join('; ');
    const done = pods.length - seen.size;
    onProgress({ phase: STEP_UNDER_WAY, done, total: pods.length, unit: 'members', note });
  };
  const isGone = (name: string, uid: string | undefined, found: Pod | undefined): boolean => {
    const isThere = found !== undefined && (uid === undefined || found.metadata?.uid === uid);
    if (isThere) seen.set(name, found);
    else if (!seen.delete(name)) return true;
    tell();
    return !isThere;
  };
  const options = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
  await Promise.all(
    pods.map(async ({ name, uid }) => {
      const gone = api.until<Pod>(podRef(name), `pod ${name} to be gone`, (found) => isGone(name, uid, found), options);
      await gone.catch((error: unknown) => {
        const pod = seen.get(name);
        throw pod === undefined || !isFailure(error, 'unavailable') ? error : stillThere(api.where, pod, error);
      });
    }),
  );
}

function stillThere(where: WhereWeAre, pod: Pod, error: Failure): Failure {
  const { name = '' } = pod.metadata ?? {};
  const node = pod.spec?.nodeName;
  return new Failure('unavailable', {
    message: `${error.message}${node === undefined ? '' : ` on node ${node}`}`,
    remedy: `See what keeps it:  ${kubectlIn(where)} describe pod ${name}\nIts node may be away. Once it is proven that nothing runs there:  ${forceDelete(where, [name])}\nThen go on.`,
    facts: error.facts,
    cause: error,
  });
}

/** Waits until nothing uses them. @throws {Failure} `unavailable` if a pod does not go. */
export async function untilUnused(
  api: KubernetesApi,
  claims: readonly string[],
  timeoutMs: number,
  told: Omit<PodsWait, 'timeoutMs'> = {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const pods = await podsUsing(api, claims);
    if (pods.length === 0) return;
    const waited = pods.map(({ metadata }) => ({ name: metadata?.name ?? '', uid: metadata?.uid }));
    await untilPodsGone(api, waited, { ...told, timeoutMs: Math.max(1, deadline - Date.now()) });
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
