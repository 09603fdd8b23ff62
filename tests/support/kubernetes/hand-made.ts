/**
 * StatefulSets of PostgreSQL as people write them by hand, for tests that only look at them: with Patroni, which keeps its state in
 * ConfigMaps or Endpoints, and without.
 *
 * @module
 */

import type { BedArchive } from './bed-archive.ts';
import type { Bed } from './bed.ts';
import type { TestNamespace } from './namespace.ts';

/** The key that is in the Secret of an archive, by which all of it is encrypted, and which nothing may ever show. */
export const HIDDEN_KEY = '6f9336717d51a9e6b42fcb66e28708ae77488fe185a95f6d4f446e44107c3894';

/** What is wanted. */
export interface HandMade {
  readonly name: string;
  readonly namespace: TestNamespace;
  readonly image: string;
  readonly archive: Pick<BedArchive, 'bucket' | 'emulator'> | undefined;
}

const RULE = { apiGroups: [''], verbs: ['create', 'get', 'list', 'patch', 'update', 'watch', 'delete'] };

function account(name: string): object[] {
  const api = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
    {
      apiVersion: `${api}/v1`,
      kind: 'Role',
      metadata: { name },
      rules: [{ ...RULE, resources: ['configmaps', 'endpoints', 'services', 'pods'] }],
    },
    {
      apiVersion: `${api}/v1`,
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { apiGroup: api, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name }],
    },
  ];
}

function literals(values: Readonly<Record<string, string>>): object[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

/** The archive's key in a Secret that is mounted, the rest in a ConfigMap that is taken whole: neither is in the pod specification. */
function archiveObjects({ name, archive }: HandMade): object[] {
  if (archive === undefined) return [];
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `${name}-bucket` },
      stringData: { 'archive.key': HIDDEN_KEY },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `${name}-archive` },
      data: {
        STORAGE_EMULATOR_HOST: archive.emulator,
        WALG_LIBSODIUM_KEY_PATH: '/etc/credentials/archive.key',
        WALG_LIBSODIUM_KEY_TRANSFORM: 'hex',
      },
    },
  ];
}

function statefulSet(
  { name, namespace, image, archive }: HandMade,
  labels: Readonly<Record<string, string>>,
  container: object,
): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, labels },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          terminationGracePeriodSeconds: 30,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: namespace.userId,
            fsGroup: namespace.userId,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              image,
              imagePullPolicy: 'Never',
              ports: [{ containerPort: 5432 }],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              ...(archive === undefined ? {} : { envFrom: [{ configMapRef: { name: `${name}-archive` } }] }),
              ...container,
            },
          ],
          volumes: [
            { name: 'run', emptyDir: { medium: 'Memory' } },
            { name: 'tmp', emptyDir: {} },
            archive === undefined
              ? { name: 'key', emptyDir: {} }
              : { name: 'key', secret: { secretName: `${name}-bucket` } },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '512Mi' } } },
        },
      ],
    },
  };
}

const OTHER_MOUNTS = [
  { name: 'run', mountPath: '/run' },
  { name: 'tmp', mountPath: '/tmp' },
  { name: 'key', mountPath: '/etc/credentials', readOnly: true },
];

/** With Patroni. Its probe is the one that kills restores, as the seed has it. */
export function patroniObjects(asked: HandMade, kind: 'ConfigMap' | 'Endpoints'): object[] {
  const { name, archive } = asked;
  const labels = { app: name, release: 'hand' };
  const field = (variable: string, fieldPath: string): object => ({
    name: variable,
    valueFrom: { fieldRef: { fieldPath } },
  });
  const password = (variable: string, key: string): object => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: `${name}-passwords`, key } },
  });
  const env = [
    ...literals({
      SCOPE: name,
      PGROOT: '/home/postgres/pgdata/pgroot',
      DCS_ENABLE_KUBERNETES_API: 'true',
      KUBERNETES_SCOPE_LABEL: 'app',
      KUBERNETES_LABELS: JSON.stringify(labels),
      ...(kind === 'ConfigMap' ? { KUBERNETES_USE_CONFIGMAPS: 'true' } : {}),
      ...(archive === undefined ? { USE_WALE: '' } : { USE_WALG: 'true', WAL_GS_BUCKET: archive.bucket }),
    }),
    field('POD_NAMESPACE', 'metadata.namespace'),
    field('POD_IP', 'status.podIP'),
    ...['SUPERUSER', 'ADMIN', 'STANDBY'].map((role) => password(`PGPASSWORD_${role}`, role.toLowerCase())),
  ];
  const container = {
    name: 'patroni',
    env,
    livenessProbe: { httpGet: { path: '/health', port: 8008 }, initialDelaySeconds: 120, failureThreshold: 90 },
    volumeMounts: [{ name: 'data', mountPath: '/home/postgres/pgdata' }, ...OTHER_MOUNTS],
  };
  const stringData = { superuser: 'tea-of-the-test', admin: 'cola-of-the-test', standby: 'pina-of-the-test' };
  return [
    ...account(name),
    ...archiveObjects(asked),
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${name}-passwords` }, stringData },
    ...(kind === 'Endpoints'
      ? [
          {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name, labels },
            spec: { ports: [{ port: 5432 }], clusterIP: 'None' },
          },
        ]
      : []),
    statefulSet(asked, labels, container),
  ];
}

/** Without: one container, PostgreSQL alone in it, in a directory that only the running server tells of. */
export function plainObjects(asked: HandMade): object[] {
  const { name, archive } = asked;
  // The user is of the namespace's range, and has no name until it is written where the image looks for one.
  const script = `set -e
mkdir -p /run/walkback
echo "postgres:x:$(id -u):$(id -g)::/tmp:/bin/sh" >/run/walkback/passwd
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
data=/var/lib/store/sixteen/main
test -s $data/PG_VERSION || "$bin/initdb" -D $data -U postgres >/dev/null
exec "$bin/postgres" -D $data -k /tmp`;
  const container = {
    name: 'postgresql',
    command: ['sh', '-c', script],
    env: literals({
      POSTGRES_DB: 'shop',
      ...(archive === undefined ? {} : { WALG_GS_PREFIX: `gs://${archive.bucket}/plain` }),
    }),
    volumeMounts: [{ name: 'data', mountPath: '/var/lib/store' }, ...OTHER_MOUNTS],
  };
  return [...account(name), ...archiveObjects(asked), statefulSet(asked, { app: name }, container)];
}

/** Makes them in their namespace. */
export async function applyHandMade(bed: Bed, { namespace }: HandMade, objects: readonly object[]): Promise<void> {
  await bed.apply(
    objects.map((one) => ({
      ...one,
      metadata: { ...Object(Reflect.get(one, 'metadata')), namespace: namespace.name },
    })),
  );
}
