/**
 * Watches a rehearsal: its log as it comes, and where that cannot be had, its pod again and again.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { VolumeStatus } from '../volume/volume-status.ts';
import { FinalTrouble } from './final-trouble.ts';
import { hasLog, isRunning, lookAtJob } from './look-at-pod.ts';
import type { RehearsalRef, RehearsalSight, RehearsalWatch } from './rehearsal.ts';
import { CONTAINER } from './rehearsal-names.ts';
import { statusOfLine, statusOfLog } from './status-of-log.ts';

const LOOK_MS = 1000;
const TAIL_LINES = 60;
/** An image that cannot be pulled, or a quota that refuses, may be a matter of seconds; then somebody has to act. */
const FINAL_AFTER_MS = 60_000;

/** As it is now. @throws {Failure} `failed` if its Job is not there. */
export async function lookAtRehearsal(api: KubernetesApi, ref: RehearsalRef): Promise<RehearsalSight> {
  const { job, pods, pod, trouble } = await lookAtJob(api, ref.job, ref.claim);
  if (job === undefined) throw gone(ref);
  const withLog = pods.findLast(hasLog);
  const name = withLog?.metadata?.name;
  const status = name === undefined ? undefined : await lastStatus(api, name);
  return { status, pod: pod?.metadata?.name, isRunning: isRunning(pod), trouble };
}

function gone(ref: RehearsalRef): Failure {
  return new Failure('failed', {
    message: `cannot go on with rehearsal ${ref.id}: its Job ${ref.job} is not there`,
    remedy: 'The same command again makes another, which goes on from what is on its volume.',
  });
}

/** The state in the log of the container, or of the one before it, where that has not said anything yet. */
async function lastStatus(api: KubernetesApi, pod: string): Promise<VolumeStatus | undefined> {
  const read = async (isPrevious: boolean): Promise<VolumeStatus | undefined> => {
    try {
      return statusOfLog(await api.logs(pod, CONTAINER.rehearsal, { tailLines: TAIL_LINES, isPrevious }));
    } catch (error) {
      // There is no log yet, or none any more.
      if (isFailure(error)) return undefined;
      throw error;
    }
  };
  return (await read(false)) ?? read(true);
}

/** Ends when the container has, or the log cannot be followed. */
async function* followed(
  api: KubernetesApi,
  pod: string,
  after: string,
  signal: AbortSignal,
): AsyncIterable<VolumeStatus> {
  try {
    for await (const line of api.followLogs(pod, CONTAINER.rehearsal, signal)) {
      const status = statusOfLine(line);
      if (status !== undefined && status.at > after) yield status;
    }
  } catch (error) {
    if (!isFailure(error)) throw error;
  }
}

/** Every sight of it, without an end. */
async function* sightsOf(api: KubernetesApi, ref: RehearsalRef, signal: AbortSignal): AsyncIterable<RehearsalSight> {
  for (;;) {
    signal.throwIfAborted();
    const sight = await lookAtRehearsal(api, ref);
    yield sight;
    if (sight.isRunning && sight.pod !== undefined) {
      for await (const status of followed(api, sight.pod, sight.status?.at ?? '', signal)) {
        yield { ...sight, status };
      }
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/**
 * Watches until something is seen.
 *
 * @param isSeen says so; throws what ends the waiting.
 * @throws {Failure} `failed` with what keeps its pod from coming up, once that does not pass by itself.
 */
export async function watchRehearsal(
  api: KubernetesApi,
  ref: RehearsalRef,
  { onSight, signal }: RehearsalWatch,
  isSeen: (status: VolumeStatus) => boolean,
): Promise<VolumeStatus> {
  const end = new AbortController();
  const both = signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]);
  const seen = new FinalTrouble();
  try {
    for await (const sight of sightsOf(api, ref, both)) {
      onSight?.(sight);
      const { status, trouble } = sight;
      if (status !== undefined && isSeen(status)) return status;
      const lasting = seen.lasting(trouble, FINAL_AFTER_MS);
      if (lasting !== undefined) {
        const { message, remedy } = lasting;
        throw new Failure('failed', { message: `cannot go on with rehearsal ${ref.id}: ${message}`, remedy });
      }
    }
  } finally {
    end.abort();
  }
  throw gone(ref);
}

/** What a pod says is wrong, as a failure here. */
export function failureOfStatus({ problem }: VolumeStatus, what: string): Failure {
  return new Failure('failed', {
    message: problem === null ? `cannot ${what}: its pod does not say why` : problem.message,
    remedy: problem?.remedy ?? 'Look at the log of its pod.',
    facts: problem?.facts ?? [],
  });
}
