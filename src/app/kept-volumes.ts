/**
 * Volumes that recoveries and resets of a StatefulSet keep until they are released.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import type { KubernetesApi } from '../kubernetes/api/kubernetes-api.ts';
import { listSwaps, type HeldClaim } from '../kubernetes/recover/status.ts';
import { listResets } from '../kubernetes/reset/status.ts';

/** One of them. */
export interface KeptVolume extends HeldClaim {
  /** Of the recovery or reset that keeps it: what `walkback release` takes. */
  readonly id: string;
}

/** All of them; `null` if this user may not look, or a journal cannot be read. */
export async function keptVolumes(api: KubernetesApi, statefulSet: string): Promise<readonly KeptVolume[] | null> {
  try {
    const [recoveries, resets] = await Promise.all([listSwaps(api, statefulSet), listResets(api, statefulSet)]);
    return [...recoveries, ...resets].flatMap(({ id, claims }) => claims.map((claim) => ({ id, ...claim })));
  } catch (error) {
    if (isFailure(error, 'denied') || isFailure(error, 'corrupt')) return null;
    throw error;
  }
}
