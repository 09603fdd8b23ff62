/**
 * Makes an object of one recovery, once.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { KubernetesObject } from '../api/kubernetes-objects.ts';
import { RECOVERY_LABEL } from './rehearsal-names.ts';

/** True if its label says so. */
export function isOfRecovery({ metadata }: KubernetesObject, id: string): boolean {
  return metadata?.labels?.[RECOVERY_LABEL] === id;
}

/** Something else has the name of an object of ours. */
export function nameIsTaken(ref: ObjectRef, id: string): Failure {
  return new Failure('conflict', {
    message: `cannot work on recovery ${id}: there is a ${ref.kind} ${ref.name} already, of something else or about to go`,
    remedy: `Look at it: kubectl describe ${ref.kind.toLowerCase()} ${ref.name}; remove it if nobody needs it, then go on.`,
  });
}

/**
 * What is there is left, if it is of this recovery.
 *
 * @throws {Failure} `conflict` if something else has the name; `denied`, `refused` as the API says.
 */
export async function ensureObject<T extends KubernetesObject>(
  api: KubernetesApi,
  ref: ObjectRef,
  object: T,
  id: string,
): Promise<T> {
  const found = await api.get<T>(ref);
  if (found === undefined) return api.create(object);
  if (isOfRecovery(found, id) && found.metadata?.deletionTimestamp === undefined) return found;
  throw nameIsTaken(ref, id);
}
