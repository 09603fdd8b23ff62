/**
 * Asks the program in a rehearsal's pod, by running it there once more; what it needs goes by standard input.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import type { VolumeAnswer, VolumeRequest } from '../volume/requests.ts';
import { isRunning, podsOf } from './look-at-pod.ts';
import type { RehearsalRef } from './rehearsal.ts';
import { ASK_ANNOTATION, CONTAINER } from './rehearsal-names.ts';

const TRIES = 20;
const PAUSE_MS = 3000;

/** The answer, and when it was asked by the clock of the pod. */
export type Asked = VolumeAnswer & { readonly askedAt: string };

function commandOf(pod: Pod, ref: RehearsalRef): readonly string[] {
  const command: unknown = JSON.parse(pod.metadata?.annotations?.[ASK_ANNOTATION] ?? 'null');
  if (Array.isArray(command) && command.length > 0) return command.map(String);
  throw new Failure('conflict', {
    message: `cannot ask rehearsal ${ref.id}: its pod does not say how`,
    remedy: 'It was started by another version of walkback: use that one, or throw it away.',
  });
}

function isAsked(value: unknown): value is Asked {
  return typeof value === 'object' && value !== null && 'kind' in value && 'askedAt' in value;
}

/** The running pod. @throws {Failure} `unavailable` if none runs. */
export async function runningPod(api: KubernetesApi, ref: RehearsalRef): Promise<Pod> {
  const pod = (await podsOf(api, ref.job)).findLast(isRunning);
  if (pod !== undefined) return pod;
  throw new Failure('unavailable', {
    message: `cannot ask rehearsal ${ref.id}: no pod of it runs`,
    remedy: `Look at it: kubectl describe job ${ref.job}`,
  });
}

async function askOnce(
  api: KubernetesApi,
  ref: RehearsalRef,
  request: VolumeRequest,
  signal?: AbortSignal,
): Promise<Asked> {
  const pod = await runningPod(api, ref);
  const name = pod.metadata?.name ?? '';
  const { exitCode, stdout, stderr } = await api.exec(name, CONTAINER.rehearsal, commandOf(pod, ref), {
    stdin: JSON.stringify(request),
    ...(signal === undefined ? {} : { signal }),
  });
  const answer: unknown = exitCode === 0 ? JSON.parse(stdout) : undefined;
  if (isAsked(answer)) return answer;
  // 137 and 143: the container has ended under it.
  throw new Failure(exitCode === 137 || exitCode === 143 ? 'unavailable' : 'failed', {
    message: `cannot ask rehearsal ${ref.id}: the program in pod ${name} has ended with ${exitCode}`,
    remedy: 'Ask again; if it stays so, look at the log of the pod.',
    facts: stderr.split('\n').slice(-6),
  });
}

/**
 * Asks, again while the pod is being replaced: the same id is the same request.
 *
 * @throws {Failure} what the rehearsal answers, and `unavailable` if none can be asked.
 */
export async function askRehearsal(
  api: KubernetesApi,
  ref: RehearsalRef,
  request: VolumeRequest,
  signal?: AbortSignal,
): Promise<Asked> {
  for (let tries = 1; ; tries += 1) {
    signal?.throwIfAborted();
    try {
      const asked = await askOnce(api, ref, request, signal);
      if (asked.kind !== 'failed') return asked;
      const { failure, ...details } = asked;
      throw new Failure(failure === 'bug' ? 'failed' : failure, details);
    } catch (error) {
      if (tries >= TRIES || !isFailure(error, 'unavailable')) throw error;
      await sleep(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}
