/**
 * A PostgreSQL without Patroni in a namespace: a StatefulSet of one container, as bitnami's chart and many hand-made ones are. Its
 * archive_command reaches a bucket of a server beside the bed.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import { openKubernetesApi } from '../../../src/kubernetes/api/open.ts';
import type { Pod } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import { startGcsServer } from '../gcs-server.ts';
import { HOST_ADDRESS, type Bed } from './bed.ts';
import type { PatroniDatabase } from './patroni-database.ts';
import { connectToPod } from './pod-client.ts';

/** What is wanted. */
export interface PlainOptions {
  readonly image: string;
  /** The program of the image that archives. */
  readonly archiver: 'walkback' | 'wal-g';
  readonly prefix?: string;
  /** `variable`: of the superuser alone. `files`: as bitnami's chart has them, beside an application's user that is no superuser. */
  readonly passwords?: 'variable' | 'files';
}

/** One that runs. Disposing removes its namespace and its object store. */
export type PlainDatabase = Pick<
  PatroniDatabase,
  'bed' | 'namespace' | 'api' | 'name' | 'environment' | 'connect' | 'untilLeader' | keyof AsyncDisposable
>;

const NAME = 'plain';
const DATA = '/bitnami/postgresql/data';
const PASSWORD_FOLDER = '/opt/bitnami/postgresql/secrets';

/** By their keys in the Secret: of `postgres`, and of the application's user. No word of ours contains one. */
export const PLAIN_PASSWORDS = { 'postgres-password': 'tea-for-two', password: 'cola-for-one' } as const;

/** What the shell in the container takes for the password of `postgres`. */
const PASSWORD = '${POSTGRESQL_PASSWORD:-$(cat "$POSTGRES_POSTGRES_PASSWORD_FILE")}';

/** The user is of the namespace's range, and has no name until it is written where the image looks for one. */
const SCRIPT = `set -e
mkdir -p /run/walkback
echo "postgres:x:$(id -u):$(id -g)::/tmp:/bin/sh" >/run/walkback/passwd
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
if ! [ -s ${DATA}/PG_VERSION ]; then
  echo "${PASSWORD}" >/tmp/password
  "$bin/initdb" -D ${DATA} -U postgres -A scram-sha-256 --pwfile /tmp/password >/dev/null
  echo 'host all all all scram-sha-256' >>${DATA}/pg_hba.conf
  if [ -n "\${POSTGRES_USER:-}" ]; then
    echo "create role $POSTGRES_USER login createdb password '$(cat "$POSTGRES_PASSWORD_FILE")'" |
      "$bin/postgres" --single -D ${DATA} postgres >/dev/null
  fi
fi
# As the entrypoints of such images do: a kubelet gives the group its rights at every mount, which PostgreSQL refuses.
chmod 700 ${DATA}
exec "$bin/postgres" -D ${DATA} -k /tmp -c listen_addresses='*' -c archive_mode=on -c archive_command="$ARCHIVE_COMMAND"`;

interface Login {
  readonly env: readonly object[];
  readonly mounts: readonly object[];
  readonly volumes: readonly object[];
}

/** How the container is told its users and passwords. */
function loginOf(passwords: PlainOptions['passwords'] = 'variable'): Login {
  if (passwords === 'variable') {
    const valueFrom = { secretKeyRef: { name: NAME, key: 'postgres-password' } };
    return { env: [{ name: 'POSTGRESQL_PASSWORD', valueFrom }], mounts: [], volumes: [] };
  }
  return {
    env: [
      { name: 'POSTGRES_USER', value: 'shop' },
      { name: 'POSTGRES_PASSWORD_FILE', value: `${PASSWORD_FOLDER}/password` },
      { name: 'POSTGRES_POSTGRES_PASSWORD_FILE', value: `${PASSWORD_FOLDER}/postgres-password` },
    ],
    mounts: [{ name: 'postgresql-password', mountPath: `${PASSWORD_FOLDER}/` }],
    volumes: [{ name: 'postgresql-password', secret: { secretName: NAME } }],
  };
}

function variablesOf({ archiver }: PlainOptions, archive: Record<string, string>): object[] {
  const literals = {
    ...archive,
    ARCHIVE_COMMAND: archiver === 'walkback' ? 'walkback wal push %p' : 'wal-g wal-push %p',
    // The image is a member of Patroni's otherwise, and finds its variables in a directory that its entrypoint writes.
    WALKBACK_ENV_DIR: '',
    PGDATA: DATA,
  };
  return Object.entries(literals).map(([name, value]) => ({ name, value }));
}

function statefulSet(options: PlainOptions, userId: number, archive: Record<string, string>): object {
  const login = loginOf(options.passwords);
  const labels = { app: NAME };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: NAME, labels },
    spec: {
      replicas: 1,
      serviceName: NAME,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 600,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: userId,
            fsGroup: userId,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'postgresql',
              image: options.image,
              imagePullPolicy: 'Never',
              command: ['sh', '-c', SCRIPT],
              env: [...variablesOf(options, archive), ...login.env],
              ports: [{ containerPort: 5432 }],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              volumeMounts: [
                { name: 'data', mountPath: '/bitnami/postgresql' },
                { name: 'run', mountPath: '/run' },
                { name: 'tmp', mountPath: '/tmp' },
                ...login.mounts,
              ],
            },
          ],
          volumes: [{ name: 'run', emptyDir: { medium: 'Memory' } }, { name: 'tmp', emptyDir: {} }, ...login.volumes],
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

/** Starts one, waits until it answers, and takes its first backup. */
export async function startPlainDatabase(bed: Bed, options: PlainOptions): Promise<PlainDatabase> {
  const store = await startGcsServer({ address: HOST_ADDRESS });
  if (store === undefined) throw new Error('there is no object store to be had here');
  const { bucket } = await store.newBucket();
  const namespace = await bed.namespace(options.prefix ?? 'plain');
  const archive = { WALG_GS_PREFIX: `gs://${bucket}/plain`, STORAGE_EMULATOR_HOST: new URL(store.endpoint).host };
  const objects = [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: NAME }, stringData: PLAIN_PASSWORDS },
    statefulSet(options, namespace.userId, archive),
  ];
  await bed.apply(
    objects.map((one) => ({ ...one, metadata: { ...Reflect.get(one, 'metadata'), namespace: namespace.name } })),
  );
  const api = await openKubernetesApi({ files: bed.kubeconfig, namespace: namespace.name });
  const connect = (pod: string, database?: string): Promise<pg.Client> =>
    connectToPod(api, pod, { password: PLAIN_PASSWORDS['postgres-password'], database });
  const untilLeader = async (timeoutMs = 120_000): Promise<string> => {
    const pod = `${NAME}-0`;
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = await api.get<Pod>({ apiVersion: 'v1', kind: 'Pod', name: pod });
      const client = found?.status?.phase === 'Running' ? await connect(pod).catch(() => undefined) : undefined;
      await client?.end();
      if (client !== undefined) return pod;
      if (Date.now() > deadline) throw new Error(`${pod} does not answer`);
      await sleep(500);
    }
  };
  await untilLeader(300_000);
  const reach = `PGHOST=/tmp PGUSER=postgres PGPASSWORD="${PASSWORD}"`;
  const take = options.archiver === 'walkback' ? 'walkback backup take' : `wal-g backup-push ${DATA}`;
  await namespace.kubectl(['exec', `${NAME}-0`, '--', 'sh', '-c', `${reach} ${take}`]);
  return {
    bed,
    namespace,
    api,
    name: NAME,
    environment: {
      KUBECONFIG: bed.kubeconfig,
      WALKBACK_CLUSTER_KIND: 'kubernetes',
      WALKBACK_NAMESPACE: namespace.name,
      WALKBACK_STATEFULSET: NAME,
    },
    connect,
    untilLeader,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await namespace[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
