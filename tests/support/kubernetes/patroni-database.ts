/**
 * A cluster that Patroni runs in a namespace, in the seed's shape: a StatefulSet of the project's image, Patroni's state in
 * ConfigMaps, a volume each, its WAL and backups in a bucket of a server beside the bed.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import { openKubernetesApi } from '../../../src/kubernetes/api/open.ts';
import type { KubernetesApi } from '../../../src/kubernetes/api/kubernetes-api.ts';
import { startGcsServer, type GcsTestServer } from '../gcs-server.ts';
import { bedImageName } from './bed-image.ts';
import { HOST_ADDRESS, type Bed } from './bed.ts';
import type { TestNamespace } from './namespace.ts';
import { connectToPod } from './pod-client.ts';

/** What is wanted of it. */
export interface DatabaseOptions {
  readonly replicas: number;
  /** Of each claim; `512Mi` unless told. */
  readonly size?: string;
  readonly prefix?: string;
  /** Where Patroni keeps its state; ConfigMaps unless told. */
  readonly keeps?: 'ConfigMap' | 'Endpoints';
  /** Variables of its container besides, written into its specification as they are. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The most that each member may use, such as `1Gi`; all of the machine unless told. */
  readonly memory?: string;
}

/** A database that runs. Disposing removes its namespace and its object store. */
export interface PatroniDatabase extends AsyncDisposable {
  readonly bed: Bed;
  readonly namespace: TestNamespace;
  /** Of an administrator. */
  readonly api: KubernetesApi;
  readonly name: string;
  readonly store: GcsTestServer;
  readonly bucket: string;
  readonly password: string;
  /** What walkback in a terminal is told to reach the archive with. */
  readonly environment: Readonly<Record<string, string>>;
  /** The pod that leads, once one does. */
  untilLeader(timeoutMs?: number): Promise<string>;
  /** A client of a pod's server; ends its forwarded port with it. */
  connect(pod: string, database?: string): Promise<pg.Client>;
}

const NAME = 'shop';

const RULES = [
  {
    apiGroups: [''],
    resources: ['configmaps'],
    verbs: ['create', 'get', 'list', 'patch', 'update', 'watch', 'delete'],
  },
  { apiGroups: [''], resources: ['endpoints'], verbs: ['create', 'get', 'list', 'patch', 'update', 'watch', 'delete'] },
  { apiGroups: [''], resources: ['services'], verbs: ['create'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'patch', 'update', 'watch'] },
];

function account(): object[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: NAME }, rules: RULES },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME }],
    },
  ];
}

const LABELS = { app: NAME, release: 'test' };

function fromSecret(name: string, key: string): object {
  return { name, valueFrom: { secretKeyRef: { name: NAME, key } } };
}

function environment(
  store: GcsTestServer,
  bucket: string,
  { keeps = 'ConfigMap' }: Pick<DatabaseOptions, 'keeps'>,
): object[] {
  const field = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const plain = {
    SCOPE: NAME,
    PGROOT: '/home/postgres/pgdata/pgroot',
    DCS_ENABLE_KUBERNETES_API: 'true',
    KUBERNETES_SCOPE_LABEL: 'app',
    KUBERNETES_LABELS: JSON.stringify(LABELS),
    ...(keeps === 'ConfigMap' ? { KUBERNETES_USE_CONFIGMAPS: 'true' } : {}),
    USE_WALG: 'true',
    WALE_GS_PREFIX: `gs://${bucket}/${NAME}`,
    STORAGE_EMULATOR_HOST: new URL(store.endpoint).host,
    BACKUP_SCHEDULE: '0 1 1 1 *',
    SPILO_CONFIGURATION: JSON.stringify({
      bootstrap: {
        dcs: {
          ttl: 60,
          loop_wait: 4,
          retry_timeout: 20,
          postgresql: { parameters: { track_commit_timestamp: 'on', max_prepared_transactions: 20 } },
        },
      },
    }),
  };
  return [
    ...Object.entries(plain).map(([name, value]) => ({ name, value })),
    field('POD_NAMESPACE', 'metadata.namespace'),
    field('POD_IP', 'status.podIP'),
    fromSecret('PGPASSWORD_SUPERUSER', 'password-superuser'),
    fromSecret('PGPASSWORD_ADMIN', 'password-admin'),
    fromSecret('PGPASSWORD_STANDBY', 'password-standby'),
  ];
}

function container(image: string, env: object[], memory: string | undefined): object {
  const probe = (path: string, periodSeconds: number): object => ({
    httpGet: { path, port: 8009 },
    periodSeconds,
    failureThreshold: 60,
  });
  return {
    name: 'patroni',
    image,
    imagePullPolicy: 'Never',
    env,
    ...(memory === undefined ? {} : { resources: { limits: { memory } } }),
    ports: [{ containerPort: 5432 }, { containerPort: 8008 }, { containerPort: 8009 }],
    readinessProbe: probe('/readiness', 2),
    livenessProbe: probe('/liveness', 10),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'storage-volume', mountPath: '/home/postgres/pgdata' },
      { name: 'run', mountPath: '/run' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

function statefulSet(
  image: string,
  userId: number,
  env: object[],
  { replicas, size = '512Mi', memory }: DatabaseOptions,
): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: NAME, labels: LABELS },
    spec: {
      replicas,
      serviceName: NAME,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          serviceAccountName: NAME,
          terminationGracePeriodSeconds: 60,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: userId,
            fsGroup: userId,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [container(image, env, memory)],
          volumes: [
            { name: 'run', emptyDir: { medium: 'Memory' } },
            { name: 'tmp', emptyDir: {} },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'storage-volume', labels: LABELS },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } },
        },
      ],
    },
  };
}

/** Without a selector: Patroni writes its Endpoints. */
function leaderService(): object {
  const spec = { ports: [{ port: 5432 }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: NAME, labels: LABELS }, spec };
}

function secret(name: string, values: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: values };
}

async function untilLeader(api: KubernetesApi, kind: 'ConfigMap' | 'Endpoints', timeoutMs: number): Promise<string> {
  const name = kind === 'ConfigMap' ? `${NAME}-leader` : NAME;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const object = await api.get({ apiVersion: 'v1', kind, name });
    const leader = object?.metadata?.annotations?.['leader'];
    const pod = leader === undefined ? undefined : await api.get({ apiVersion: 'v1', kind: 'Pod', name: leader });
    const status = pod?.metadata?.annotations?.['status'] ?? '';
    if (leader !== undefined && /"role": ?"(primary|master)"/.test(status)) return leader;
    if (Date.now() > deadline) throw new Error(`${NAME} has no leader: ${status}`);
    await sleep(500);
  }
}

/** Starts one, and waits until it has a leader. */
export async function startPatroniDatabase(bed: Bed, options: DatabaseOptions): Promise<PatroniDatabase> {
  const image = await bedImageName(bed);
  const store = await startGcsServer({ address: HOST_ADDRESS });
  if (store === undefined) throw new Error('there is no object store to be had here');
  const { bucket } = await store.newBucket();
  const namespace = await bed.namespace(options.prefix ?? 'k3-db');
  const password = 'tea';
  const { keeps = 'ConfigMap' } = options;
  const objects = [
    ...account(),
    secret(NAME, { 'password-superuser': password, 'password-admin': 'cola', 'password-standby': 'pinacolada' }),
    statefulSet(
      image,
      namespace.userId,
      [
        ...environment(store, bucket, options),
        ...Object.entries(options.variables ?? {}).map(([name, value]) => ({ name, value })),
      ],
      options,
    ),
    ...(keeps === 'Endpoints' ? [leaderService()] : []),
  ];
  await bed.apply(
    objects.map((one) => ({ ...one, metadata: { ...Reflect.get(one, 'metadata'), namespace: namespace.name } })),
  );
  const api = await openKubernetesApi({ files: bed.kubeconfig, namespace: namespace.name });
  await untilLeader(api, keeps, 600_000);
  return {
    bed,
    namespace,
    api,
    name: NAME,
    store,
    bucket,
    password,
    environment: {
      KUBECONFIG: bed.kubeconfig,
      WALKBACK_CLUSTER_KIND: 'kubernetes',
      WALKBACK_NAMESPACE: namespace.name,
      WALKBACK_STATEFULSET: NAME,
    },
    untilLeader: (timeoutMs = 120_000) => untilLeader(api, keeps, timeoutMs),
    connect: (pod, database) => connectToPod(api, pod, { password, database }),
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await namespace[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
