/**
 * Objects of a namespace as the seed's charts make them, for tests that need no server.
 *
 * @module
 */

import type { WhereWeAre } from '../../api/kubernetes-api.ts';
import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../../api/kubernetes-objects.ts';
import { containerEnvironment, type ReferencedObjects } from '../container-environment.ts';
import { databaseContainer, type Container } from '../database-container.ts';
import { describeCluster, type ClusterParts } from '../describe-cluster.ts';
import type { KubernetesCluster } from '../kubernetes-cluster.ts';
import { objectNames, patroniNames } from '../patroni-names.ts';

const NAME = 'cas-metabase-patroni';
const LABELS = { app: NAME, release: 'cas-metabase' };

export const WHERE: WhereWeAre = { context: 'prod', server: 'https://api.test:6443', namespace: 'shop', user: 'ann' };

export const NOTHING_REFERENCED: ReferencedObjects = {
  secrets: new Map([
    [NAME, { metadata: { name: NAME }, data: { 'password-superuser': Buffer.from('tea').toString('base64') } }],
  ]),
  configMaps: new Map(),
};

function seedContainer(env: readonly { name: string; value: string }[]): Container {
  const literal = (name: string, value: string) => ({ name, value });
  return {
    name: NAME,
    image: 'ghcr.io/bcgov/cas-postgres:latest',
    imagePullPolicy: 'Always',
    ports: [{ containerPort: 8008 }, { containerPort: 5432, name: 'postgresql' }],
    env: [
      { name: 'PGPASSWORD_SUPERUSER', valueFrom: { secretKeyRef: { name: NAME, key: 'password-superuser' } } },
      literal('DCS_ENABLE_KUBERNETES_API', 'true'),
      literal('KUBERNETES_LABELS', JSON.stringify(LABELS)),
      literal('KUBERNETES_SCOPE_LABEL', 'app'),
      literal('KUBERNETES_USE_CONFIGMAPS', 'true'),
      literal('SCOPE', NAME),
      literal('PGROOT', '/home/postgres/pgdata/pgroot'),
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      literal('USE_WALG', 'true'),
      literal('WAL_GS_BUCKET', 'shop-wal'),
      literal('WALE_GS_PREFIX', 'gs://shop-wal/wal'),
      literal('GOOGLE_APPLICATION_CREDENTIALS', '/etc/credentials/credentials.json'),
      ...env,
    ],
    livenessProbe: {
      httpGet: { path: '/health', port: 8008 },
      initialDelaySeconds: 120,
      timeoutSeconds: 30,
      failureThreshold: 10,
    },
    volumeMounts: [
      { name: 'storage-volume', mountPath: '/home/postgres/pgdata' },
      { name: 'wale', mountPath: '/etc/credentials', readOnly: true },
    ],
  };
}

/** The seed's StatefulSet, with its own probe. */
export function seedStatefulSet(env: readonly { name: string; value: string }[] = []): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: NAME, namespace: 'shop', uid: 'sts-1', labels: { ...LABELS, heritage: 'Helm' } },
    spec: {
      replicas: 2,
      serviceName: NAME,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          containers: [seedContainer(env)],
          volumes: [{ name: 'wale', secret: { secretName: 'gcp-shop-wal-service-account-key' } }],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'storage-volume' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'netapp-block-standard',
            resources: { requests: { storage: '1Gi' } },
          },
        },
      ],
    },
    status: { replicas: 2, readyReplicas: 2 },
  };
}

/** A member's pod, with what Patroni says of it. */
export function seedPod(ordinal: number, role: string, status: Readonly<Record<string, unknown>> = {}): Pod {
  return {
    metadata: {
      name: `${NAME}-${ordinal}`,
      namespace: 'shop',
      uid: `pod-${ordinal}`,
      labels: { ...LABELS, 'spilo-role': role },
      annotations: { status: JSON.stringify({ role, state: 'running', timeline: 3, ...status }) },
    },
    spec: { containers: [{ name: NAME, image: 'x' }], securityContext: { fsGroup: 1_000_680_000 }, nodeName: 'node-1' },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        {
          name: NAME,
          image: 'x',
          imageID: 'ghcr.io/bcgov/cas-postgres@sha256:abc',
          ready: true,
          restartCount: ordinal,
          state: { running: {} },
        },
      ],
    },
  };
}

/** A member's claim, bound to the volume `pv-N`. */
export function seedClaim(
  ordinal: number,
  given: { readonly size?: string; readonly isGoing?: boolean } = {},
): PersistentVolumeClaim {
  return {
    metadata: {
      name: `storage-volume-${NAME}-${ordinal}`,
      uid: `claim-${ordinal}`,
      ...(given.isGoing === true ? { deletionTimestamp: '2026-06-05T15:00:00Z' } : {}),
    },
    spec: { volumeName: `pv-${ordinal}`, storageClassName: 'netapp-block-standard', accessModes: ['ReadWriteOnce'] },
    status: { phase: 'Bound', capacity: { storage: given.size ?? '1Gi' }, accessModes: ['ReadWriteOnce'] },
  };
}

/** A volume of one node. */
export function seedVolume(ordinal: number, reclaimPolicy: string): PersistentVolume {
  return {
    metadata: { name: `pv-${ordinal}` },
    spec: {
      persistentVolumeReclaimPolicy: reclaimPolicy,
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node-1'] }] },
          ],
        },
      },
    },
  };
}

/** One of Patroni's ConfigMaps. */
export function patroniMap(name: string, annotations: Readonly<Record<string, string>>, labels = LABELS): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, uid: `uid-${name}`, labels: { ...labels }, annotations: { ...annotations } },
  };
}

/** A healthy cluster of two members, but for what `change` makes of it. */
export function seedParts(change: Partial<ClusterParts> & { readonly statefulSet?: StatefulSet } = {}): ClusterParts {
  const { statefulSet = seedStatefulSet(), ...others } = change;
  const container = databaseContainer(statefulSet);
  if (container === undefined) throw new TypeError('no container');
  const pods = [seedPod(0, 'master'), seedPod(1, 'replica')];
  const variables = containerEnvironment(container, NOTHING_REFERENCED, pods[0]);
  const names = patroniNames((name) => variables.get(name)?.secretValue);
  const called = names === undefined ? undefined : objectNames(names);
  return {
    where: WHERE,
    objects: {
      statefulSet,
      pods,
      claims: [seedClaim(0), seedClaim(1)],
      volumes: [seedVolume(0, 'Delete'), seedVolume(1, 'Retain')],
    },
    canReadVolumes: true,
    container,
    archiveContainer: container.name,
    variables,
    patroni:
      names === undefined || called === undefined
        ? undefined
        : {
            names,
            read: {
              config: patroniMap(called.config, { initialize: '7362115390412345678', config: '{"ttl":30}' }),
              leader: patroniMap(called.leader, { leader: `${NAME}-0`, optime: '1' }),
              failover: undefined,
              sync: undefined,
            },
          },
    running: undefined,
    namespaceObject: { metadata: { annotations: { 'openshift.io/sa.scc.uid-range': '1000680000/10000' } } },
    ...others,
  };
}

/** The same, described. */
export function seedCluster(change: Parameters<typeof seedParts>[0] = {}): KubernetesCluster {
  return describeCluster(seedParts(change));
}
