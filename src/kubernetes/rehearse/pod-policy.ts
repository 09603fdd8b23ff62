/**
 * The NetworkPolicy of a Job of ours, of the Job's own name: there before the Job is made, and gone once no pod of it is left.
 *
 * Nobody connects to our pods. What they connect to, the archive or the API, a namespace that denies by default must allow: a
 * policy that allows is added to those that are there, and takes nothing away. It selects by the label of the recovery, which no
 * pod of the cluster or of an application has: one that it selected would be shut off.
 *
 * It does not belong to its Job, since it would go then while pods of that are still ending their work. One that is left, after a kill,
 * selects nobody.
 *
 * Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { Job, NetworkPolicy } from '../api/kubernetes-objects.ts';
import { ensureObject } from './ensure-object.ts';
import { labelsOf, RECOVERY_LABEL } from './rehearsal-names.ts';

/** The policy of a Job. */
export function policyRef(job: string): ObjectRef {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', name: job };
}

/** The recovery that a Job is of. A selector without it would select every pod. */
function recoveryOf({ metadata }: Job): string {
  const id = metadata?.labels?.[RECOVERY_LABEL];
  if (id === undefined) throw new TypeError(`Job ${metadata?.name} is of no recovery`);
  return id;
}

/** The policy, made of the Job alone. */
export function policyOf(job: Job): NetworkPolicy {
  const id = recoveryOf(job);
  const { name = '', ownerReferences } = job.metadata ?? {};
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, labels: labelsOf(id), ...(ownerReferences === undefined ? {} : { ownerReferences }) },
    spec: {
      podSelector: { matchLabels: { [RECOVERY_LABEL]: id } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [{}],
    },
  };
}

/** Makes it, unless it is there. @throws {Failure} `denied`, `refused`, `conflict` */
export async function ensurePolicy(api: KubernetesApi, job: Job): Promise<void> {
  await ensureObject(api, policyRef(job.metadata?.name ?? ''), policyOf(job), recoveryOf(job));
}

/**
 * The same for a Job whose pods nobody could connect to anyway. Where no policy may be made (a right that was taken away, a quota that is
 * used up) most namespaces let the pod out all the same, and the cluster may be down while it is waited for.
 *
 * @throws {Failure} `conflict`, `unavailable`
 */
export async function letOut(api: KubernetesApi, job: Job): Promise<void> {
  await ensurePolicy(api, job).catch(ignoreForbidden);
}

/** Makes such a Job, after {@link letOut}. @throws {Failure} what the API says of the Job. */
export async function createJob(api: KubernetesApi, job: Job): Promise<void> {
  await letOut(api, job);
  await api.create<Job>(job);
}

/** Removes the policy of a Job that has no pods any more. One that may not be removed selects nobody. @throws {Failure} `unavailable` */
export async function removePolicy(api: KubernetesApi, job: string): Promise<void> {
  await api.delete(policyRef(job)).catch(ignoreForbidden);
}

function ignoreForbidden(error: unknown): void {
  if (!isFailure(error, 'denied') && !isFailure(error, 'refused')) throw error;
}
