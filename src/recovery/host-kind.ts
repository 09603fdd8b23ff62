/**
 * The kind of cluster that a plan is carried out on from its own host.
 *
 * @module
 */

import type { ClusterKind } from '../cluster/cluster.ts';
import { Failure } from '../base/failure.ts';
import type { Plan } from './plan-value.ts';

/** @throws {Failure} `usage` for a plan that is carried out in a namespace. */
export function hostKindOf({ id, cluster }: Pick<Plan, 'id' | 'cluster'>): ClusterKind {
  if (cluster.kind !== 'kubernetes') return cluster.kind;
  throw new Failure('usage', {
    message: `cannot carry out plan ${id} on this host: it is of a cluster in Kubernetes`,
    remedy: 'Set cluster-kind to kubernetes, and run it again.',
  });
}
