/**
 * The rights that a recovery in a namespace needs, by its way.
 *
 * @module
 */

import type { Access } from '../api/kubernetes-api.ts';

/** How the recovered data comes into the live cluster's place. */
export type RecoveryWay = 'rebind' | 'in-volume' | 'recreate' | 'clone';

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
  // A WebSocket begins with a GET, which servers judge as that; since Kubernetes 1.35 they judge it as a create too.
  ...rights('', 'pods/exec', ['get', 'create'], 'stop PostgreSQL, take a backup'),
  ...rights('', 'pods/portforward', ['get', 'create'], 'ask PostgreSQL'),
  ...rights('', 'pods/log', ['get'], 'follow the rehearsal'),
  ...rights(
    '',
    'secrets',
    ['get', 'create'],
    "read the superuser's password and the archive's credentials, and save objects before they are changed",
  ),
  ...rights('', 'configmaps', ['get', 'list', 'create', 'patch'], 'write the journal'),
  ...rights('', 'events', ['create', 'list'], 'tell what was done, and why a pod does not come up'),
  ...rights('', 'persistentvolumeclaims', ['get', 'create', 'delete'], "make the rehearsal's claim"),
  ...rights('', 'persistentvolumeclaims', ['list'], 'find claims that an earlier scale-down has left behind'),
  ...rights('batch', 'jobs', ['get', 'create', 'delete'], 'rehearse'),
  ...rights(
    'networking.k8s.io',
    'networkpolicies',
    ['get', 'create', 'delete'],
    'let its Jobs out, and nobody in to them',
  ),
  ...rights('coordination.k8s.io', 'leases', ['get', 'create', 'update', 'delete'], 'be the only one at work'),
];

const OF_WAY: Readonly<Record<RecoveryWay, readonly Right[]>> = {
  rebind: rights('', 'persistentvolumes', ['get', 'patch'], 'keep volumes and exchange them', true),
  'in-volume': [],
  recreate: rights(
    'apps',
    'statefulsets',
    ['create', 'delete'],
    'make the StatefulSet anew around the rehearsed claim',
  ),
  clone: rights('', 'persistentvolumes', ['get', 'patch'], 'keep volumes and exchange them', true),
};

/** Patroni's own record of the cluster is removed before a clone, and is there again after an undo. */
function ofClone(store: 'ConfigMap' | 'Endpoints' | undefined): Right[] {
  const why = "clear Patroni's record of the cluster for a clone";
  return store === 'Endpoints'
    ? rights('', 'endpoints', ['create', 'delete'], why)
    : rights('', 'configmaps', ['delete'], why);
}

/** What of {@link COMMON} a rehearsal alone needs. */
const OF_REHEARSAL: ReadonlySet<string> = new Set(['jobs', 'networkpolicies', 'pods/log']);

/** The rights that a reset needs. @param store what Patroni keeps its state in. */
export function rightsOfReset(store: 'ConfigMap' | 'Endpoints' | undefined): readonly Right[] {
  const forget = "remove Patroni's state, and put it back";
  return [
    ...COMMON.filter(({ resource }) => !OF_REHEARSAL.has(resource)),
    ...OF_WAY.rebind,
    ...rights('batch', 'jobs', ['list', 'delete'], 'remove Jobs that have ended'),
    ...(store === 'ConfigMap' ? rights('', 'configmaps', ['delete'], forget) : []),
    ...(store === 'Endpoints' ? rights('', 'endpoints', ['get', 'create', 'patch', 'delete'], forget) : []),
  ];
}

/** The rights that every way needs. */
export const RIGHTS_OF_EVERY_WAY = COMMON;

/** The ways, the one that is tried first first. */
export const RECOVERY_WAYS: readonly RecoveryWay[] = ['rebind', 'in-volume', 'recreate', 'clone'];

/** The rights that a way needs. @param store what Patroni keeps its state in. */
export function rightsOfWay(way: RecoveryWay, store: 'ConfigMap' | 'Endpoints' | undefined): readonly Right[] {
  const ofStore =
    store === 'Endpoints' ? rights('', 'endpoints', ['get', 'patch'], 'pause Patroni and clear its status') : [];
  return [...COMMON, ...OF_WAY[way], ...ofStore, ...(way === 'clone' ? ofClone(store) : [])];
}
