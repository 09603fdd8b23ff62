/**
 * Removes a Job, and waits until none of its pods is there any more: also one that has completed keeps its claim from going. Then its
 * policy goes: until there pods that end may have something to write.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../base/failure.ts';
import type { KubernetesApi, WhereWeAre } from '../api/kubernetes-api.ts';
import type { Job } from '../api/kubernetes-objects.ts';
import { forceDelete } from '../api/node-away.ts';
import { jobRef, podsOf } from './look-at-pod.ts';
import { removePolicy } from './pod-policy.ts';

/** Its server is stopped first, and a pod has two minutes for that; nodes that are away take longer. */
const GONE_MS = 300_000;
const POLL_MS = 300;

/**
 * @param isFromBefore an earlier run may have removed it just now, and been ended before it looked for its pods.
 * @throws {Failure} `unavailable` if a pod does not go in time.
 */
export async function endJob(
  api: KubernetesApi,
  name: string,
  signal?: AbortSignal,
  isFromBefore = false,
): Promise<void> {
  const job = await api.get<Job>(jobRef(name));
  const uid = job?.metadata?.uid;
  if (job !== undefined) {
    await api.delete(jobRef(name), { propagation: 'Background', ...(uid === undefined ? {} : { uid }) });
    await api.until<Job>(jobRef(name), `Job ${name} to be gone`, (found) => found?.metadata?.uid !== uid, {
      timeoutMs: GONE_MS,
      ...(signal === undefined ? {} : { signal }),
    });
  }
  const endsAtMs = performance.now() + GONE_MS;
  // One that had no pod yet may have been about to get it: that is there a moment after its Job is gone.
  let looks = isFromBefore || (job !== undefined && (job.status?.active ?? 0) === 0) ? 3 : 1;
  for (;;) {
    signal?.throwIfAborted();
    const pods = await podsOf(api, name);
    if (pods.length === 0) looks -= 1;
    if (looks <= 0) break;
    if (performance.now() > endsAtMs)
      throw stillThere(
        api.where,
        pods.map(({ metadata }) => metadata?.name ?? ''),
      );
    await sleep(POLL_MS);
  }
  await removePolicy(api, name);
}

function stillThere(where: WhereWeAre, names: readonly string[]): Failure {
  return new Failure('unavailable', {
    message: `cannot go on: ${names.join(', ')} should have ended, and still uses the volume`,
    remedy: `Its node may be away. Once it is proven that nothing runs there:  ${forceDelete(where, names)}\nThen go on.`,
  });
}
