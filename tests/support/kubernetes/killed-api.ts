/**
 * An API that dies before one of its changes, as a process does that is killed there.
 *
 * @module
 */

import type { KubernetesApi } from '../../../src/kubernetes/api/kubernetes-api.ts';

/** What a call after the last one throws. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

const CHANGES = ['create', 'replace', 'patch', 'delete'] as const;

/**
 * As the API given, until its death; the change before which it dies is not made, and no later one.
 *
 * @param before so many changes are made; or the first of that kind is not. A change that met a conflict and was made again
 *   counts twice, so where it matters which step was reached, name the kind.
 */
export function dyingApi(
  api: KubernetesApi,
  before: number | (typeof CHANGES)[number],
): KubernetesApi & { readonly changes: () => number } {
  let made = 0;
  let isDead = false;
  const dying = { ...api, changes: () => made };
  for (const name of CHANGES) {
    const call: (...args: never[]) => Promise<unknown> = api[name];
    Object.defineProperty(dying, name, {
      value: async (...args: never[]) => {
        isDead ||= typeof before === 'number' ? made >= before : name === before;
        if (isDead) throw new Killed(`before change ${made + 1}, ${name}`);
        made += 1;
        return call(...args);
      },
    });
  }
  return dying;
}
