/**
 * Every right that a recovery in a namespace needs, by its way: the one table from which access is reviewed before anything is
 * done, from which the shipped Role is written, and by which that Role is tested.
 *
 * @module
 */

import type { Access, KubernetesApi } from '../api/kubernetes-api.ts';
import type { PatroniObjects, PlannedWorkload } from './plan-value.ts';
import type { Way } from './ways.ts';

/** One right, and what it is for. */
export interface Right extends Access {
  readonly why: string;
}

function rights(
  group: string,
  resource: string,
  verbs: readonly string[],
  why: string,
  isClusterWide = false,
): Right[] {
  return verbs.map((verb) => ({ verb, group, resource, why, ...(isClusterWide ? { isClusterWide } : {}) }));
}

const COMMON: readonly Right[] = [
  ...rights('apps', 'statefulsets', ['get', 'patch'], 'look at the StatefulSet, and leave a note on it'),
  ...rights('apps', 'statefulsets/scale', ['patch'], 'scale it to 0 and back'),
  ...rights('', 'pods', ['get', 'list'], 'find its pods, and wait until they are gone'),
  ...rights('', 'pods/exec', ['create'], 'stop PostgreSQL, take a backup'),
  ...rights('', 'pods/portforward', ['create'], 'ask PostgreSQL'),
  ...rights('', 'pods/log', ['get'], 'follow the rehearsal'),
  ...rights('', 'secrets', ['get'], "read the superuser's password and the archive's credentials"),
  ...rights('', 'configmaps', ['get', 'list', 'create', 'patch'], 'write the journal'),
  ...rights('', 'events', ['create', 'list'], 'tell what was done, and why a pod does not come up'),
  ...rights('', 'persistentvolumeclaims', ['get', 'create', 'delete'], "make the rehearsal's claim"),
  ...rights('batch', 'jobs', ['get', 'create', 'delete'], 'rehearse'),
  ...rights('networking.k8s.io', 'networkpolicies', ['get', 'create', 'delete'], 'keep the rehearsal out of reach'),
  ...rights('coordination.k8s.io', 'leases', ['get', 'create', 'update', 'delete'], 'be the only one at work'),
];

const OF_WAY: Record<Way, readonly Right[]> = {
  rebind: rights('', 'persistentvolumes', ['get', 'patch'], 'keep volumes and exchange them', true),
  'in-volume': [],
  recreate: rights(
    'apps',
    'statefulsets',
    ['create', 'delete'],
    'make the StatefulSet anew around the rehearsed claim',
  ),
  clone: rights('', 'persistentvolumes', ['get', 'patch'], 'keep volumes', true),
};

/** Scaling something of this kind: `Deployment` of `apps/v1`. */
function workloadRights({ apiVersion, kind }: Pick<PlannedWorkload, 'apiVersion' | 'kind'>): Right[] {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  const resource = `${kind.toLowerCase()}s`;
  return [
    ...rights(group, resource, ['get'], `scale ${kind}s that use the database`),
    ...rights(group, `${resource}/scale`, ['patch'], `scale ${kind}s that use the database`),
  ];
}

/** What else there is to be done. */
export interface RightsFor {
  readonly patroni: Pick<PatroniObjects, 'kind'> | null;
  readonly workloads: readonly Pick<PlannedWorkload, 'apiVersion' | 'kind'>[];
}

/** The rights that a way needs. */
export function rightsOf(way: Way, { patroni, workloads }: RightsFor): readonly Right[] {
  const store =
    patroni?.kind === 'Endpoints'
      ? rights('', 'endpoints', ['get', 'patch'], 'pause Patroni and clear its status')
      : [];
  return [...COMMON, ...OF_WAY[way], ...store, ...workloads.flatMap(workloadRights)];
}

/** `patch persistentvolumes`, `create pods/exec`. */
export function rightWords({ verb, group, resource }: Access): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}`;
}

/** Those of these that this user has not. */
export async function missingRights(api: KubernetesApi, wanted: readonly Right[]): Promise<readonly Right[]> {
  const allowed = await Promise.all(wanted.map(async (right) => api.isAllowed(right)));
  return wanted.filter((_, index) => allowed[index] !== true);
}
