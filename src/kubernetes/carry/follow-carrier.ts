/**
 * The lines of the Job that carries out a recovery, from the first on, over all of its pods, until it has ended. Whoever follows
 * changes nothing, and may stop at any time.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import { FinalTrouble } from '../rehearse/final-trouble.ts';
import { hasLog, isOver, lookAtJob, type JobSight } from '../rehearse/look-at-pod.ts';
import { CARRIER_CONTAINER } from './carrier-job.ts';

/** Who is told. */
export interface CarrierWatch {
  readonly onLine: (line: string) => void;
  /** Another pod goes on, the one before has ended. */
  readonly onNextPod: (pod: string) => void;
  /** Why nothing is heard, each reason once. */
  readonly onTrouble: (message: string) => void;
  readonly signal: AbortSignal;
}

/** What became of it. `gone`: somebody has removed the Job. */
export type CarrierEnd = 'complete' | 'failed' | 'gone';

const LOOK_MS = 500;
const FINAL_AFTER_MS = 60_000;
const LOST_FOR_MS = 600_000;

interface Followed {
  readonly api: KubernetesApi;
  readonly job: string;
  /** A claim that its pod does not use, and that is bound. */
  readonly claim: string;
  readonly watch: CarrierWatch;
}

/** Follows one pod to its end. Lines that were seen already are passed over. */
async function followPod({ api, watch }: Followed, pod: string, seen: Map<string, number>): Promise<void> {
  let line = 0;
  for await (const text of api.followLogs(pod, CARRIER_CONTAINER, watch.signal)) {
    line += 1;
    if (line <= (seen.get(pod) ?? 0)) continue;
    seen.set(pod, line);
    watch.onLine(text);
  }
}

function endOf({ job }: JobSight): CarrierEnd | undefined {
  if (job === undefined || job.metadata?.deletionTimestamp !== undefined) return 'gone';
  return isOver(job, 'Complete') ? 'complete' : isOver(job, 'Failed') ? 'failed' : undefined;
}

/** Tells each reason once in a row, and gives up on what does not pass by itself. */
class Troubles {
  readonly #tell: (message: string) => void;
  #told = '';
  readonly #seen = new FinalTrouble();
  #lostSinceMs: number | undefined;

  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  #tellOnce(message: string): void {
    if (message !== this.#told) this.#tell(message);
    this.#told = message;
  }

  /** @throws {Failure} `failed` once a pod cannot come up for a minute. */
  ofPod({ trouble }: JobSight): void {
    this.#lostSinceMs = undefined;
    if (trouble !== undefined) this.#tellOnce(trouble.message);
    const lasting = this.#seen.lasting(trouble, FINAL_AFTER_MS);
    if (lasting === undefined) return;
    const remedy = /serviceaccount/i.test(lasting.message)
      ? 'Have the chart make it (recovery.enabled), or name another with --service-account.'
      : lasting.remedy;
    throw new Failure('failed', { message: `cannot work in the cluster: ${lasting.message}`, remedy });
  }

  /** @throws what it was, if that is not an API that is away, or is away for too long. */
  ofApi(error: unknown): void {
    if (!isFailure(error, 'unavailable')) throw error;
    this.#lostSinceMs ??= performance.now();
    if (performance.now() - this.#lostSinceMs > LOST_FOR_MS) throw error;
    this.#tellOnce(`${error.message}; the work goes on in the cluster, and is looked for again`);
  }
}

/** Follows it. @throws {Failure} what keeps its pod from coming up; what the API says. */
export async function followCarrier(followed: Followed): Promise<CarrierEnd> {
  const { api, job, claim, watch } = followed;
  const seen = new Map<string, number>();
  const ended = new Set<string>();
  const troubles = new Troubles(watch.onTrouble);
  const nameOf = (pod: Pod): string => pod.metadata?.name ?? '';
  for (;;) {
    watch.signal.throwIfAborted();
    try {
      const sight = await lookAtJob(api, job, claim);
      const next = sight.pods.find((pod) => hasLog(pod) && !ended.has(nameOf(pod)));
      if (next !== undefined) {
        if (ended.size > 0 && !seen.has(nameOf(next))) watch.onNextPod(nameOf(next));
        await followPod(followed, nameOf(next), seen);
        ended.add(nameOf(next));
        continue;
      }
      const end = endOf(sight);
      if (end !== undefined) return end;
      troubles.ofPod(sight);
    } catch (error) {
      watch.signal.throwIfAborted();
      troubles.ofApi(error);
    }
    await sleep(LOOK_MS, undefined, { signal: watch.signal });
  }
}
