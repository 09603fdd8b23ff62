/**
 * Which ways of a recovery this user has the rights for: the server is asked, for each verb.
 *
 * @module
 */

import type { Access, KubernetesApi } from '../api/kubernetes-api.ts';
import type { KubernetesCluster } from './kubernetes-cluster.ts';
import { RECOVERY_WAYS, rightsOfWay, type RecoveryWay, type Right } from './rights.ts';

/** One way, with what is missing for it. */
export interface WayRights {
  readonly way: RecoveryWay;
  readonly missing: readonly Right[];
}

/** `patch persistentvolumes`, `create jobs.batch`. */
export function rightWords({ verb, group, resource }: Access): string {
  const [plural = '', ...sub] = resource.split('/');
  return `${verb} ${[`${plural}${group === '' ? '' : `.${group}`}`, ...sub].join('/')}`;
}

/** Reviews them; each right is asked for once. */
export async function reviewRights(api: KubernetesApi, cluster: KubernetesCluster): Promise<readonly WayRights[]> {
  const asked = new Map<string, Promise<boolean>>();
  const isAllowed = async (right: Right): Promise<boolean> => {
    const words = `${rightWords(right)} ${right.isClusterWide === true}`;
    const answer = asked.get(words) ?? api.isAllowed(right);
    asked.set(words, answer);
    return answer;
  };
  return Promise.all(
    RECOVERY_WAYS.map(async (way) => {
      const wanted = rightsOfWay(way, cluster.patroni?.kind);
      const allowed = await Promise.all(wanted.map(isAllowed));
      return { way, missing: wanted.filter((_right, index) => allowed[index] !== true) };
    }),
  );
}
