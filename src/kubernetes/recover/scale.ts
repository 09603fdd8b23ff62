/**
 * Scaling, of the database and of what uses it.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { KubernetesObject, StatefulSet } from '../api/kubernetes-objects.ts';
import { statefulSetRef } from './pods-gone.ts';
import { refuseScaledDelete } from './scaled-delete.ts';

/** A workload, as far as it is scaled. */
interface Scaled extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
}

/** How many replicas it is to have; `undefined` if it is gone. */
export async function replicasOf(api: KubernetesApi, ref: ObjectRef): Promise<number | undefined> {
  const found = await api.get<Scaled>(ref);
  return found === undefined ? undefined : (found.spec?.replicas ?? 0);
}

/**
 * Scales it. Returns false if it has that many already, or is gone. A request that was held up scales nothing that has changed since:
 * it is looked again then.
 *
 * @param check throws where what was found must not be scaled.
 */
export async function scaleTo<T extends Scaled>(
  api: KubernetesApi,
  ref: ObjectRef,
  replicas: number,
  check?: (found: T) => void,
): Promise<boolean> {
  for (;;) {
    const found = await api.get<T>(ref);
    if (found === undefined || (found.spec?.replicas ?? 0) === replicas) return false;
    check?.(found);
    const resourceVersion = found.metadata?.resourceVersion;
    try {
      await api.patch(
        ref,
        { type: 'merge', body: { metadata: { resourceVersion }, spec: { replicas } } },
        { subresource: 'scale' },
      );
      return true;
    } catch (error) {
      // Controllers write to it as well.
      if (!isFailure(error, 'conflict')) throw error;
    }
  }
}

/** Scales a StatefulSet to 0. @throws {Failure} `refused` if its volumes would go with that, whoever has changed it so meanwhile. */
export async function scaleToNone(api: KubernetesApi, name: string): Promise<void> {
  await scaleTo<StatefulSet>(api, statefulSetRef(name), 0, (found) => refuseScaledDelete(api.where, found));
}
