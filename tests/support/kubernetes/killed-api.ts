/**
 * An API that dies before its n-th call, as a process does that is killed there.
 *
 * @module
 */

import type { KubernetesApi } from '../../../src/kubernetes/api/kubernetes-api.ts';

/** What a call after the last one throws. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

const CHANGES = ['create', 'replace', 'patch', 'delete'] as const;

/** As the API given, until it has made `allowed` changes; the next one is not made. */
export function dyingApi(api: KubernetesApi, allowed: number): KubernetesApi & { readonly changes: () => number } {
  let made = 0;
  const dying = { ...api, changes: () => made };
  for (const name of CHANGES) {
    const call: (...args: never[]) => Promise<unknown> = api[name];
    Object.defineProperty(dying, name, {
      value: async (...args: never[]) => {
        if (made >= allowed) throw new Killed(`before change ${made + 1}, ${name}`);
        made += 1;
        return call(...args);
      },
    });
  }
  return dying;
}
