/**
 * What commands take besides, for a cluster in a namespace.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { isInKubernetes, type Settings } from '../../config/load-settings.ts';
import type { PlannedWorkload } from '../../kubernetes/recover/plan-value.ts';
import { RECOVERY_WAYS } from '../../kubernetes/find/rights.ts';
import { choice, flag, repeated, text } from '../options.ts';

/** For the `options` of a command that plans. */
export const NAMESPACE_OPTIONS = {
  way: choice('In Kubernetes: how the rehearsal becomes live; the best that is open unless told', RECOVERY_WAYS),
  scaleDown: repeated(
    text('In Kubernetes: what uses the database, scaled to 0 meanwhile, as deployment/NAME', 'KIND/NAME'),
  ),
} as const;

/** For the `options` of a command whose work a Job can do. */
export const IN_CLUSTER_OPTION = {
  inCluster: flag('In Kubernetes: a Job of the namespace does the work, and this terminal only watches'),
} as const;

const KINDS: Readonly<Record<string, { readonly apiVersion: string; readonly kind: string }>> = {
  deployment: { apiVersion: 'apps/v1', kind: 'Deployment' },
  deploy: { apiVersion: 'apps/v1', kind: 'Deployment' },
  statefulset: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  sts: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  replicaset: { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  deploymentconfig: { apiVersion: 'apps.openshift.io/v1', kind: 'DeploymentConfig' },
  dc: { apiVersion: 'apps.openshift.io/v1', kind: 'DeploymentConfig' },
};

/** A workload as `kubectl` and `oc` name it. @throws {Failure} `usage` for one that cannot be scaled. */
export function parseWorkload(given: string): Omit<PlannedWorkload, 'replicas'> {
  const [kind = '', name = ''] = given.split('/');
  const found = KINDS[kind.toLowerCase().replace(/s$/, '')] ?? KINDS[kind.toLowerCase()];
  if (found !== undefined && name !== '') return { ...found, name };
  throw new Failure('usage', {
    message: `cannot scale ${JSON.stringify(given)} down: it is not KIND/NAME of a deployment, statefulset, replicaset or deploymentconfig`,
    remedy: 'Write it as kubectl does:  --scale-down deployment/shop',
  });
}

/** @throws {Failure} `usage` where there is no namespace in which a Job could work. */
export function needsNamespace(settings: Settings): void {
  if (isInKubernetes(settings)) return;
  throw new Failure('usage', {
    message: 'cannot use --in-cluster: the cluster is not named as one of Kubernetes',
    remedy: 'Name its StatefulSet (--statefulset), or leave --in-cluster out.',
  });
}
