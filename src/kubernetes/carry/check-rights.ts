/**
 * The rights of whoever carries out a plan, asked for before anything is done: it may be another than the one who planned.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import { rightWords } from '../find/review-rights.ts';
import type { NamespacePlan } from '../recover/plan-value.ts';
import { missingRights, rightsOf } from '../recover/rights.ts';

/** @throws {Failure} `denied`, naming each right that is missing. */
export async function checkRightsOfPlan(api: KubernetesApi, { recovery, swap }: NamespacePlan): Promise<void> {
  const missing = await missingRights(api, rightsOf(swap.way, swap));
  if (missing.length === 0) return;
  throw new Failure('denied', {
    message: `cannot carry out recovery ${recovery.id} (${swap.way}) in namespace ${swap.namespace}: its ServiceAccount lacks rights`,
    facts: missing.map((right) => `${rightWords(right)}: to ${right.why}`),
    remedy: `Have the chart give them (recovery.enabled, recovery.persistentVolumes, recovery.workloads), or plan another way with --way.`,
  });
}
