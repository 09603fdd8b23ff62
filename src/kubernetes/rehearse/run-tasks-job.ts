/**
 * Runs a short Job on a claim that no server uses, and brings what it has answered.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure, type FailureKind } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Job, Pod } from '../api/kubernetes-objects.ts';
import type { VolumeTaskResult } from '../volume/volume-tasks.ts';
import { endJob } from './end-job.ts';
import { FinalTrouble } from './final-trouble.ts';
import { hasLog, isOver, jobRef, lookAtJob, type JobSight } from './look-at-pod.ts';
import { createJob, letOut } from './pod-policy.ts';
import type { RehearsalWatch, VolumeTasksRequest } from './rehearsal.ts';
import { CONTAINER, objectName } from './rehearsal-names.ts';
import { tasksJob } from './rehearsal-objects.ts';
import { failureOfLog, resultsOfLog, type LoggedFailure } from './status-of-log.ts';

const LOOK_MS = 300;
const FINAL_AFTER_MS = 60_000;

const KINDS: readonly FailureKind[] = [
  'usage',
  'refused',
  'notInArchive',
  'corrupt',
  'denied',
  'unavailable',
  'conflict',
];

async function logOf(api: KubernetesApi, pod: Pod | undefined): Promise<string> {
  const name = pod?.metadata?.name;
  if (pod === undefined || name === undefined || !hasLog(pod)) return '';
  return api.logs(name, CONTAINER.volume).catch((error: unknown) => {
    if (isFailure(error)) return '';
    throw error;
  });
}

/** One that has failed is made anew; one that is at work, or done, is the work that was asked for. */
async function startJob(api: KubernetesApi, request: VolumeTasksRequest, signal?: AbortSignal): Promise<void> {
  const name = objectName(request.name);
  const found = await api.get<Job>(jobRef(name));
  const isUsable = found !== undefined && found.metadata?.deletionTimestamp === undefined && !isOver(found, 'Failed');
  const job = tasksJob(request);
  if (isUsable) return letOut(api, job);
  await endJob(api, name, signal);
  await createJob(api, job);
}

function failureOf(name: string, logged: LoggedFailure | undefined, job: Job | undefined): Failure {
  const kind = KINDS.find((one) => one === logged?.kind) ?? 'failed';
  const conditions = job?.status?.conditions ?? [];
  return new Failure(kind, {
    message: logged?.message ?? `cannot work on the volume: Job ${name} has failed and says nothing`,
    remedy: logged?.remedy ?? `Look at its pods: kubectl describe job ${name}`,
    facts: logged?.facts ?? conditions.map(({ reason = '', message = '' }) => `${reason}: ${message}`),
  });
}

/** Waits until it is over. @throws {Failure} what keeps its pod from coming up. */
async function untilOver(
  api: KubernetesApi,
  name: string,
  claim: string,
  { onSight, signal }: RehearsalWatch,
): Promise<JobSight> {
  const seen = new FinalTrouble();
  for (;;) {
    signal?.throwIfAborted();
    const sight = await lookAtJob(api, name, claim);
    if (isOver(sight.job, 'Complete') || isOver(sight.job, 'Failed')) return sight;
    const { trouble, pod } = sight;
    onSight?.({ status: undefined, pod: pod?.metadata?.name, isRunning: false, trouble });
    const lasting = seen.lasting(trouble, FINAL_AFTER_MS);
    if (lasting !== undefined) {
      const { message, remedy } = lasting;
      throw new Failure('failed', { message: `cannot work on the volume: ${message}`, remedy });
    }
    await sleep(LOOK_MS, undefined, signal === undefined ? {} : { signal });
  }
}

/**
 * Runs it, and removes it once its answers are here.
 *
 * @throws {Failure} what a task says; or what keeps its pod from coming up, and the Job is removed then too: it would do its work
 *   later, when somebody has gone on in another way. One that could not be removed is ended by whoever goes on.
 */
export async function runTasksJob(
  api: KubernetesApi,
  request: VolumeTasksRequest,
  watch: RehearsalWatch,
): Promise<readonly VolumeTaskResult[]> {
  const name = objectName(request.name);
  const claim = tasksJob(request).spec?.template.spec?.volumes?.[0]?.persistentVolumeClaim?.claimName ?? '';
  await startJob(api, request, watch.signal);
  const { job, pods } = await untilOver(api, name, claim, watch).catch(async (error: unknown) => {
    if (isFailure(error, 'failed')) await endJob(api, name, watch.signal).catch(() => {});
    throw error;
  });
  const isDone = isOver(job, 'Complete');
  const pod = isDone ? pods.findLast(({ status }) => status?.phase === 'Succeeded') : pods.findLast(hasLog);
  const log = await logOf(api, pod);
  const results = resultsOfLog(log);
  // Where its log is lost, as with its node, the work is done again: each piece says then that it was done already.
  if (isDone && results.length < request.tasks.length) {
    await endJob(api, name, watch.signal);
    return runTasksJob(api, request, watch);
  }
  await endJob(api, name, watch.signal);
  if (!isDone) throw failureOf(name, failureOfLog(log), job);
  return results;
}
