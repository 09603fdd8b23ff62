/**
 * Looks at the pods of a Job: the one that counts, what its log says, and why there is none.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { Event, Job, PersistentVolumeClaim, Pod } from '../api/kubernetes-objects.ts';
import { podTrouble } from './pod-trouble.ts';
import type { PodTrouble } from './rehearsal.ts';

/** What is seen of a Job. */
export interface JobSight {
  readonly job: Job | undefined;
  /** Every pod of it, the newest last. */
  readonly pods: readonly Pod[];
  /** The newest. */
  readonly pod: Pod | undefined;
  readonly trouble: PodTrouble | undefined;
}

/** A Job. */
export function jobRef(name: string): ObjectRef {
  return { apiVersion: 'batch/v1', kind: 'Job', name };
}

/** A claim. */
export function claimRef(name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name };
}

/** True once it has ended so. */
export function isOver(job: Job | undefined, type: 'Complete' | 'Failed'): boolean {
  const conditions = job?.status?.conditions ?? [];
  return conditions.some((one) => one.type === type && one.status === 'True');
}

/** Its pods, oldest first. Those of the label that every version has. */
export async function podsOf(api: KubernetesApi, job: string): Promise<Pod[]> {
  const pods = await api.list<Pod>({ apiVersion: 'v1', kind: 'Pod' }, { labels: `job-name=${job}` });
  const at = ({ metadata }: Pod): string => metadata?.creationTimestamp ?? '';
  return pods.toSorted((a, b) => (at(a) < at(b) ? -1 : 1));
}

/** Events say more than a status does, and may be read by fewer people. */
export async function eventsOf(api: KubernetesApi, names: readonly string[]): Promise<Event[]> {
  try {
    const found = await Promise.all(
      names.map((name) =>
        api.list<Event>({ apiVersion: 'v1', kind: 'Event' }, { fields: `involvedObject.name=${name}` }),
      ),
    );
    return found.flat();
  } catch (error) {
    if (isFailure(error, 'denied')) return [];
    throw error;
  }
}

/** True once its container has written something that can be read. */
export function hasLog({ status }: Pod): boolean {
  const statuses = status?.containerStatuses ?? [];
  return statuses.some(({ state, lastState }) =>
    [state?.running, state?.terminated, lastState?.terminated].some((one) => one !== undefined),
  );
}

/** True once no container of it runs any more, or will. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** True while the container runs: something can be run in it. */
export function isRunning(pod: Pod | undefined): boolean {
  return pod?.status?.containerStatuses?.some(({ state }) => state?.running !== undefined) === true;
}

/** Looks. */
export async function lookAtJob(api: KubernetesApi, name: string, claim: string): Promise<JobSight> {
  const [job, pods] = await Promise.all([api.get<Job>(jobRef(name)), podsOf(api, name)]);
  const pod = pods.at(-1);
  if (isRunning(pod)) return { job, pods, pod, trouble: undefined };
  const names = [name, claim, ...(pod?.metadata?.name === undefined ? [] : [pod.metadata.name])];
  const [events, found] = await Promise.all([eventsOf(api, names), api.get<PersistentVolumeClaim>(claimRef(claim))]);
  return { job, pods, pod, trouble: podTrouble({ job, pod, claim: found, events }) };
}
