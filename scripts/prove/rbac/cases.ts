/**
 * Which plan needs a right of the chart's account: pure.
 *
 * @module
 */

import { RECOVERY_WAYS, rightsOfReset, rightsOfWay, type RecoveryWay } from '../../../src/kubernetes/find/rights.ts';
import { workloadRights } from '../../../src/kubernetes/recover/rights.ts';
import { isSameRight, type Granted } from './chart-account.ts';

/** What Patroni keeps its state in. */
export type Store = 'ConfigMap' | 'Endpoints';

/** One right, and what cannot be planned without it. */
export interface RightCase {
  readonly right: Granted;
  /** Of the cluster that it is tried with. */
  readonly store: Store;
  readonly way: RecoveryWay | 'reset';
  /** What is scaled down besides, as `--scale-down` has it. */
  readonly workload?: string;
}

const STORES: readonly Store[] = ['ConfigMap', 'Endpoints'];

/** Kinds of applications that a Kubernetes has, and how `--scale-down` names one of them. */
const WORKLOADS = [
  { apiVersion: 'apps/v1', kind: 'Deployment', named: 'deployment/application' },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', named: 'replicaset/application' },
] as const;

/** OpenShift alone has them, and no server here knows their kind. */
const OPENSHIFTS_OWN = 'apps.openshift.io';

/** The way whose rights have it; a reset, if no way does. */
function neededWith(right: Granted, store: Store): RightCase | undefined {
  const way = RECOVERY_WAYS.find((one) => rightsOfWay(one, store).some((needed) => isSameRight(needed, right)));
  if (way !== undefined) return { right, store, way };
  return rightsOfReset(store).some((needed) => isSameRight(needed, right)) ? { right, store, way: 'reset' } : undefined;
}

/** How it is tried; `undefined` if nothing here needs it. */
export function caseOf(right: Granted): RightCase | undefined {
  const found = STORES.map((store) => neededWith(right, store)).find((one) => one !== undefined);
  if (found !== undefined) return found;
  const workload = WORKLOADS.find((one) => workloadRights(one).some((needed) => isSameRight(needed, right)));
  return workload === undefined ? undefined : { right, store: 'ConfigMap', way: 'in-volume', workload: workload.named };
}

/** True for a right that cannot be tried on a Kubernetes that is no OpenShift. */
export function isOpenShiftsOwn({ group }: Granted): boolean {
  return group === OPENSHIFTS_OWN;
}
