/**
 * Objects of a cluster called `shop`, for tests of what is done with them.
 *
 * @module
 */

import type { StatefulSet } from '../../api/kubernetes-objects.ts';
import { live } from '../../carry/testing/namespace-plan.ts';
import type { PatroniObjects } from '../plan-value.ts';

/** Where its Patroni has its keys. The scope is called otherwise than the StatefulSet. */
export const patroniObjects: PatroniObjects = {
  scope: 'shop-scope',
  labels: {},
  kind: 'ConfigMap',
  config: 'shop-config',
  leader: 'shop-leader',
  failover: 'shop-failover',
  sync: 'shop-sync',
};

/** Its StatefulSet. */
export function statefulSetWith(replicas: number): StatefulSet {
  return {
    metadata: { name: 'shop', uid: 'u-1' },
    spec: { replicas, serviceName: 'shop', selector: {}, template: { spec: live.podSpec } },
  };
}
