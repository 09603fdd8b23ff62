/**
 * The rights of one recovery: those of its way, and those to scale what it scales besides.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import { RIGHTS_OF_EVERY_WAY, rightsOfWay, type RecoveryWay, type Right } from '../find/rights.ts';
import type { PatroniObjects, PlannedWorkload } from './plan-value.ts';

/** Scaling something of this kind: `Deployment` of `apps/v1`. */
export function workloadRights({ apiVersion, kind }: Pick<PlannedWorkload, 'apiVersion' | 'kind'>): Right[] {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  const plural = `${kind.toLowerCase()}s`;
  const why = `scale ${kind}s that use the database`;
  return [
    { verb: 'get', group, resource: plural, why },
    { verb: 'patch', group, resource: `${plural}/scale`, why },
  ];
}

/** What else there is to be done. */
export interface RightsFor {
  readonly patroni: Pick<PatroniObjects, 'kind'> | null;
  readonly workloads: readonly Pick<PlannedWorkload, 'apiVersion' | 'kind'>[];
}

/** The rights that a recovery by a way needs. */
export function rightsOf(way: RecoveryWay, { patroni, workloads }: RightsFor): readonly Right[] {
  return [...rightsOfWay(way, patroni?.kind), ...workloads.flatMap(workloadRights)];
}

/** What a way needs beside what {@link checkRightsOfEveryWay} has looked at. */
export function furtherRightsOf(way: RecoveryWay, given: RightsFor): readonly Right[] {
  return rightsOf(way, given).filter((right) => !RIGHTS_OF_EVERY_WAY.includes(right));
}

/** Those of these that this user has not. */
export async function missingRights(api: KubernetesApi, wanted: readonly Right[]): Promise<readonly Right[]> {
  const allowed = await Promise.all(wanted.map(async (right) => api.isAllowed(right)));
  return wanted.filter((_, index) => allowed[index] !== true);
}

/**
 * Before anything is asked of the cluster: what is missing is told whole, and not by the first thing that fails for want of it.
 *
 * @throws {Failure} `denied`, naming each right that is missing.
 */
export async function checkRightsOfEveryWay(api: KubernetesApi, name: string): Promise<void> {
  const missing = await missingRights(api, RIGHTS_OF_EVERY_WAY);
  if (missing.length === 0) return;
  const { namespace, user } = api.where;
  throw new Failure('denied', {
    message: `cannot plan a recovery of ${namespace}/${name}: ${user} lacks rights that every way needs`,
    facts: missing.map(({ verb, resource, why }) => `${verb} ${resource}: to ${why}`),
    remedy: `Ask for them in namespace ${namespace}; the chart's recovery account has all of them.`,
  });
}
