/**
 * Whether a container runs.
 *
 * @module
 */

import type { Pod } from './kubernetes-objects.ts';

/** True if the container will write nothing more: it ended, or its pod is gone or ended. */
export function hasEnded(pod: Pod | undefined, container: string): boolean {
  if (pod === undefined || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return true;
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return all.find(({ name }) => name === container)?.state?.terminated !== undefined;
}
