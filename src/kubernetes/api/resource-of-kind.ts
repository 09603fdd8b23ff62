/**
 * Where objects of a kind are in the API: the table of those that a recovery meets, and the server's own for the rest.
 *
 * @module
 */

/** A kind's place in the paths of the API. */
export interface Resource {
  /** `persistentvolumeclaims`. */
  readonly plural: string;
  readonly isNamespaced: boolean;
}

const NAMESPACED: Readonly<Record<string, string>> = {
  'v1/ConfigMap': 'configmaps',
  'v1/Endpoints': 'endpoints',
  'v1/Event': 'events',
  'v1/LimitRange': 'limitranges',
  'v1/PersistentVolumeClaim': 'persistentvolumeclaims',
  'v1/Pod': 'pods',
  'v1/ResourceQuota': 'resourcequotas',
  'v1/Secret': 'secrets',
  'v1/Service': 'services',
  'v1/ServiceAccount': 'serviceaccounts',
  'apps/v1/ControllerRevision': 'controllerrevisions',
  'apps/v1/Deployment': 'deployments',
  'apps/v1/ReplicaSet': 'replicasets',
  'apps/v1/StatefulSet': 'statefulsets',
  'batch/v1/CronJob': 'cronjobs',
  'batch/v1/Job': 'jobs',
  'coordination.k8s.io/v1/Lease': 'leases',
  'networking.k8s.io/v1/NetworkPolicy': 'networkpolicies',
  'policy/v1/PodDisruptionBudget': 'poddisruptionbudgets',
  'rbac.authorization.k8s.io/v1/Role': 'roles',
  'rbac.authorization.k8s.io/v1/RoleBinding': 'rolebindings',
};

const CLUSTER_WIDE: Readonly<Record<string, string>> = {
  'v1/Namespace': 'namespaces',
  'v1/Node': 'nodes',
  'v1/PersistentVolume': 'persistentvolumes',
  'storage.k8s.io/v1/StorageClass': 'storageclasses',
  'authorization.k8s.io/v1/SelfSubjectAccessReview': 'selfsubjectaccessreviews',
};

/** From the table; `undefined`: the server is asked. */
export function knownResource(apiVersion: string, kind: string): Resource | undefined {
  const id = `${apiVersion}/${kind}`;
  const namespaced = NAMESPACED[id];
  if (namespaced !== undefined) return { plural: namespaced, isNamespaced: true };
  const clusterWide = CLUSTER_WIDE[id];
  return clusterWide === undefined ? undefined : { plural: clusterWide, isNamespaced: false };
}

/** `/api/v1` or `/apis/apps/v1`. */
export function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The answer of a group's own page, searched for a kind. */
export function resourceIn(list: unknown, kind: string): Resource | undefined {
  const resources: unknown = typeof list === 'object' && list !== null ? Reflect.get(list, 'resources') : undefined;
  for (const resource of Array.isArray(resources) ? resources : []) {
    const { name, kind: found, namespaced } = resource as { name?: unknown; kind?: unknown; namespaced?: unknown };
    if (found === kind && typeof name === 'string' && !name.includes('/')) {
      return { plural: name, isNamespaced: namespaced === true };
    }
  }
  return undefined;
}
