/**
 * The Job that carries out a recovery, as it is in the namespace: looked at, started, ended.
 *
 * Its NetworkPolicy is its own: that of the rehearsal goes in the middle of the cutover, which the Job's pod carries out.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Job, NetworkPolicy } from '../api/kubernetes-objects.ts';
import type { SwapUses } from '../recover/context.ts';
import { journalOwner } from '../recover/journal-object.ts';
import { liveShapeOf } from '../recover/live-shape.ts';
import { endJob } from '../rehearse/end-job.ts';
import { hasEnded, isOver, jobRef, podsOf } from '../rehearse/look-at-pod.ts';
import { createJob, policyRef } from '../rehearse/pod-policy.ts';
import { CARRIED_WORK, carrierJob, carrierName, WORK_ANNOTATION } from './carrier-job.ts';
import type { CarriedWork, CarrierRequest } from './carrier-job.ts';

/** One that is there. */
export interface Carrier {
  readonly job: string;
  readonly work: CarriedWork;
  readonly state: 'atWork' | 'complete' | 'failed';
}

/** The Job of a recovery; `undefined`: there is none, or it is going. */
export async function findCarrier(api: KubernetesApi, id: string): Promise<Carrier | undefined> {
  const name = carrierName(id);
  const job = await api.get<Job>(jobRef(name));
  const work = CARRIED_WORK.find((one) => one === job?.metadata?.annotations?.[WORK_ANNOTATION]);
  if (work === undefined || job?.metadata?.deletionTimestamp !== undefined) return undefined;
  return { job: name, work, state: isOver(job, 'Complete') ? 'complete' : isOver(job, 'Failed') ? 'failed' : 'atWork' };
}

/** Ends what works there: behind its step, as the journal says; then nobody does. */
export async function endCarrier(api: KubernetesApi, id: string, signal?: AbortSignal): Promise<void> {
  await endJob(api, carrierName(id), signal);
}

/** Starts one; an old one that has ended is removed first. @throws {Failure} `denied`, `refused` */
export async function startCarrier(uses: SwapUses, request: Omit<CarrierRequest, 'owner' | 'live'>): Promise<void> {
  const { api, signal } = uses;
  const { plan } = request;
  const { id } = plan.recovery;
  await endCarrier(api, id, signal);
  const live = await liveShapeOf({ uses, plan });
  await createJob(api, carrierJob({ ...request, live, owner: await journalOwner(api, id) }));
}

async function removePolicyIfEnded(api: KubernetesApi, id: string): Promise<void> {
  const job = carrierName(id);
  const uid = (await api.get<NetworkPolicy>(policyRef(job)))?.metadata?.uid;
  if (uid === undefined) return;
  const isAtWork = (await findCarrier(api, id))?.state === 'atWork';
  if (isAtWork || !(await podsOf(api, job)).every(hasEnded)) return;
  await api.delete(policyRef(job), { uid });
}

/**
 * Removes the policy of one that has ended. Its own pod cannot: it would shut itself off before its last word. One that is at work, or
 * that somebody starts meanwhile, keeps its own. What cannot be removed now selects nobody, and goes with the journal.
 */
export async function removePolicyOfEnded(api: KubernetesApi, id: string): Promise<void> {
  await removePolicyIfEnded(api, id).catch((error: unknown) => {
    if (!isFailure(error)) throw error;
  });
}
