/**
 * Why a member's pod does not come up, in plain words: what its status says, and the events of it, of its claims and of its
 * StatefulSet, which alone knows why there is no pod.
 *
 * @module
 */

import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Event, PersistentVolumeClaim, Pod } from '../api/kubernetes-objects.ts';
import { claimRef, eventsOf } from '../rehearse/look-at-pod.ts';
import { podTrouble } from '../rehearse/pod-trouble.ts';
import type { PodTrouble } from '../rehearse/rehearsal.ts';
import { podRef } from './pods-gone.ts';

/** What was looked at. Events that may not be read are none. */
export interface MemberSight {
  readonly name: string;
  readonly pod: Pod | undefined;
  /** Those that it mounts, as far as they are there. */
  readonly claims: readonly PersistentVolumeClaim[];
  readonly events: readonly Event[];
  /** Since the Unix epoch. */
  readonly nowMs: number;
}

/** A controller that is refused tries again after at most a thousand seconds. */
const LAST_REFUSAL_MS = 1_200_000;

function toldAtMs({ series, lastTimestamp, eventTime, metadata }: Event): number {
  return Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '');
}

function statefulSetOf(pod: string): string {
  return pod.replace(/-\d+$/, '');
}

/** There is no pod: the StatefulSet may not make one. */
function refusal({ name, events, nowMs }: MemberSight): PodTrouble | undefined {
  const refused = events
    .filter(({ involvedObject, reason }) => involvedObject.kind === 'StatefulSet' && reason === 'FailedCreate')
    .filter(({ message = '' }) => message.includes(`${name} `))
    .filter((event) => nowMs - toldAtMs(event) < LAST_REFUSAL_MS)
    .toSorted((a, b) => toldAtMs(a) - toldAtMs(b))
    .at(-1)?.message;
  if (refused === undefined) return undefined;
  const remedy = /exceeded quota/.test(refused)
    ? 'Free what the quota counts, or have it raised.'
    : /violates PodSecurity|security context constraint/.test(refused)
      ? 'Ask who administers the namespace: it does not allow the pods of the cluster as they are.'
      : 'Correct what it says.';
  return {
    message: `pod ${name} cannot be made: ${refused}`,
    remedy: `${remedy} The StatefulSet tries again by itself, more and more seldom.`,
    isFinal: true,
  };
}

function isUp({ status }: Pod): boolean {
  const containers = status?.containerStatuses ?? [];
  return containers.length > 0 && containers.every(({ state }) => state?.running !== undefined);
}

/** `undefined`: it comes up, or runs. */
export function troubleOfMember(sight: MemberSight): PodTrouble | undefined {
  const { pod, claims, events } = sight;
  if (pod === undefined) return refusal(sight);
  if (isUp(pod)) return undefined;
  // A pod that had the same name has left events as well.
  const uids = new Set([pod, ...claims].map(({ metadata }) => metadata?.uid));
  const claim = claims.find(({ status }) => status?.phase === 'Pending') ?? claims[0];
  return podTrouble({
    job: undefined,
    pod,
    claim,
    events: events.filter(({ involvedObject }) => uids.has(involvedObject.uid)),
  });
}

/** Looks at one, by the name of its pod. */
export async function lookAtMember(api: KubernetesApi, name: string): Promise<PodTrouble | undefined> {
  const pod = await api.get<Pod>(podRef(name));
  if (pod !== undefined && isUp(pod)) return undefined;
  const mounted = (pod?.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : [claim.claimName],
  );
  const claims = await Promise.all(mounted.map((claim) => api.get<PersistentVolumeClaim>(claimRef(claim))));
  return troubleOfMember({
    name,
    pod,
    claims: claims.filter((claim) => claim !== undefined),
    events: await eventsOf(api, [name, statefulSetOf(name), ...mounted]),
    nowMs: Date.now(),
  });
}

/** For so long a member's pod that cannot come up is waited for: its image may be pushed, a quota raised meanwhile. */
export const GIVEN_UP_MS = 180_000;

/** Events are lists: they are not asked for at every look. */
const LOOK_MS = 5000;

/** As {@link lookAtMember}, and for some seconds what was seen last. It says nothing where nothing can be asked. */
export function memberWatch(api: KubernetesApi, name: string): () => Promise<PodTrouble | undefined> {
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let trouble: PodTrouble | undefined;
  return async () => {
    if (performance.now() - lookedAtMs < LOOK_MS) return trouble;
    lookedAtMs = performance.now();
    trouble = await lookAtMember(api, name).catch(() => undefined);
    return trouble;
  };
}
