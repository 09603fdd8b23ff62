/**
 * A cluster of the project's image in a namespace of the bed, as few objects as it can be: a StatefulSet that Patroni runs with
 * ConfigMaps as its store, archiving to a server of S3 on the machine's end of the bed's link.
 *
 * @module
 */

import type { LiveShape } from '../../../src/kubernetes/rehearse/rehearsal.ts';
import type { PersistentVolumeClaim, StatefulSet, Pod } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import type { KubernetesApi } from '../../../src/kubernetes/api/kubernetes-api.ts';
import type { S3Location } from '../../../src/storage/s3/s3-location.ts';
import type { TestNamespace } from './namespace.ts';

/** Its name, and Patroni's scope. */
const NAME = 'shop';
/** Of the superuser, as its Secret has it. */
export const SUPERUSER_PASSWORD = 'tea-of-now';

/** One that runs. */
export interface ShopCluster {
  /** Runs SQL in its first pod, as the superuser over the socket; the lines it printed. */
  sql(statement: string): Promise<string>;
  /** Runs a program in its first pod. */
  exec(...words: readonly string[]): Promise<string>;
  /** Scales it, and waits until that many are ready, or none is there any more. */
  scale(replicas: number): Promise<void>;
  /** What a pod beside it is made like. */
  live(api: KubernetesApi): Promise<LiveShape>;
}

const fromSecret = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: NAME, key } } });

function environment({ bucket, prefix, endpoint }: S3Location): object[] {
  return [
    { name: 'SCOPE', value: NAME },
    { name: 'DCS_ENABLE_KUBERNETES_API', value: 'true' },
    { name: 'KUBERNETES_USE_CONFIGMAPS', value: 'true' },
    { name: 'KUBERNETES_SCOPE_LABEL', value: 'app' },
    { name: 'KUBERNETES_LABELS', value: JSON.stringify({ app: NAME, release: NAME }) },
    { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    fromSecret('PGPASSWORD_SUPERUSER', 'superuser'),
    fromSecret('PGPASSWORD_ADMIN', 'admin'),
    fromSecret('PGPASSWORD_STANDBY', 'standby'),
    { name: 'USE_WALG', value: 'true' },
    { name: 'WALG_S3_PREFIX', value: `s3://${bucket}/${prefix}` },
    { name: 'AWS_ENDPOINT', value: endpoint },
    { name: 'AWS_REGION', value: 'us-east-1' },
    { name: 'AWS_S3_FORCE_PATH_STYLE', value: 'true' },
    fromSecret('AWS_ACCESS_KEY_ID', 'key'),
    fromSecret('AWS_SECRET_ACCESS_KEY', 'secret'),
  ];
}

function statefulSet(image: string, userId: number, archive: S3Location): object {
  const labels = { app: NAME, release: NAME };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: NAME, labels },
    spec: {
      serviceName: NAME,
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: NAME,
          terminationGracePeriodSeconds: 120,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: userId,
            runAsGroup: 0,
            fsGroup: userId,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'patroni',
              image,
              imagePullPolicy: 'Never',
              env: environment(archive),
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              readinessProbe: { httpGet: { path: '/readiness', port: 8009 }, periodSeconds: 2 },
              volumeMounts: [
                { name: 'storage-volume', mountPath: '/home/postgres/pgdata' },
                { name: 'run', mountPath: '/run' },
                { name: 'tmp', mountPath: '/tmp' },
                { name: 'shared-memory', mountPath: '/dev/shm' },
              ],
            },
          ],
          volumes: [
            { name: 'run', emptyDir: { medium: 'Memory' } },
            { name: 'tmp', emptyDir: {} },
            { name: 'shared-memory', emptyDir: { medium: 'Memory' } },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'storage-volume', labels },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  };
}

function objectsOf(image: string, userId: number, archive: S3Location): object[] {
  const metadata = { name: NAME };
  const { credentials } = archive;
  const verbs = ['create', 'get', 'list', 'patch', 'update', 'watch', 'delete', 'deletecollection'];
  const keys = 'accessKeyId' in (credentials ?? {}) ? { ...credentials } : {};
  const { accessKeyId = '', secretAccessKey = '' } = keys as { accessKeyId?: string; secretAccessKey?: string };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: {
        superuser: SUPERUSER_PASSWORD,
        admin: 'cola',
        standby: 'pinacolada',
        key: accessKeyId,
        secret: secretAccessKey,
      },
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps', 'endpoints', 'services', 'pods'], verbs }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME }],
    },
    statefulSet(image, userId, archive),
  ];
}

/** Makes it in a namespace, and waits until its first member leads. */
export async function startShopCluster(
  namespace: TestNamespace,
  image: string,
  archive: S3Location,
): Promise<ShopCluster> {
  const objects = objectsOf(image, namespace.userId, archive);
  const text = objects.map((one) => JSON.stringify(one)).join('\n---\n');
  await namespace.kubectl(['apply', '--server-side', '--filename', '-'], text);
  const exec = (...words: readonly string[]) => namespace.kubectl(['exec', `${NAME}-0`, '--', ...words]);
  const cluster: ShopCluster = {
    exec,
    sql: (statement) => exec('psql', '-qtAX', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-c', statement),
    scale: async (replicas) => {
      await namespace.kubectl(['scale', 'statefulset', NAME, `--replicas=${replicas}`]);
      const until = replicas === 0 ? ['--for=delete', `pod/${NAME}-0`] : ['--for=condition=Ready', `pod/${NAME}-0`];
      if (replicas > 0) await namespace.kubectl(['rollout', 'status', `statefulset/${NAME}`, '--timeout=600s']);
      await namespace.kubectl(['wait', ...until, '--timeout=600s']);
    },
    live: async (api) => {
      const [set, claim, pod] = await Promise.all([
        api.get<StatefulSet>({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: NAME }),
        api.get<PersistentVolumeClaim>({
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          name: `storage-volume-${NAME}-0`,
        }),
        api.get<Pod>({ apiVersion: 'v1', kind: 'Pod', name: `${NAME}-0` }),
      ]);
      const podSpec = pod?.spec ?? set?.spec?.template.spec;
      if (podSpec === undefined || claim === undefined) throw new Error('there is no such cluster');
      return {
        statefulSet: NAME,
        podSpec,
        container: 'patroni',
        archiveContainer: 'patroni',
        claim,
        volume: 'storage-volume',
        dataDirectory: '/home/postgres/pgdata/pgroot/data',
        ...(podSpec.nodeName === undefined ? {} : { node: podSpec.nodeName }),
      };
    },
  };
  await cluster.scale(1);
  return cluster;
}
