/**
 * The values of the chart patroni: what each means and what it may be. The schema and the reference page are made of it.
 *
 * @module
 */

/** A JSON schema, as far as it is used here. */
export type Schema = Readonly<Record<string, unknown>>;

/** One value, by its path in values.yaml. */
export interface ValueRow {
  /** `walE.gcsBucket` */
  readonly path: string;
  readonly schema: Schema;
  /** A sentence or two. */
  readonly summary: string;
}

const text: Schema = { type: ['string', 'null'] };
const flag: Schema = { type: 'boolean' };
const list: Schema = { type: ['array', 'null'] };
const anything: Schema = { type: ['object', 'null'] };
const name: Schema = { type: ['string', 'null'], pattern: '^$|^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 253 };
const quantity: Schema = { type: ['string', 'integer', 'null'], pattern: '^$|^[0-9]+(\\.[0-9]+)?(m|[kMGTPE]i?)?$' };
const count = (least: number): Schema => ({ type: 'integer', minimum: least });

function probeRows(probe: string, what: string): readonly ValueRow[] {
  const rows: readonly (readonly [string, Schema, string])[] = [
    ['periodSeconds', count(1), `How often ${what} is asked for.`],
    ['timeoutSeconds', count(1), 'How long an answer may take.'],
    ['failureThreshold', count(1), 'After how many bad answers in a row it counts.'],
  ];
  return rows.map(([key, schema, summary]) => ({ path: `probes.${probe}.${key}`, schema, summary }));
}

/** The earlier chart reads Consul's `host`, and has `hosts` among its values. */
const HOSTS_OF_KEYS = { etcd: ['host'], zookeeper: ['hosts'], consul: ['host', 'hosts'] } as const;

const STORES_OF_KEYS = (['etcd', 'zookeeper', 'consul'] as const).flatMap((store): ValueRow[] => [
  {
    path: `${store}.enable`,
    schema: flag,
    summary: 'Keys outside of Kubernetes. `true` is refused: nobody would keep the label of a pod’s role.',
  },
  { path: `${store}.deployChart`, schema: flag, summary: 'Has no effect; charts that set it need not change.' },
  ...HOSTS_OF_KEYS[store].map((key) => ({ path: `${store}.${key}`, schema: text, summary: 'The same.' })),
]);

/** All of them, in the order of values.yaml. */
export const VALUE_ROWS: readonly ValueRow[] = [
  { path: 'nameOverride', schema: name, summary: 'Takes the place of the chart’s name in names.' },
  {
    path: 'fullnameOverride',
    schema: name,
    summary: 'Takes the place of the whole name: scope, StatefulSet, Services, Secret and label `app`.',
  },
  { path: 'replicaCount', schema: count(0), summary: 'How many members the cluster has.' },
  { path: 'image.repository', schema: { type: 'string', minLength: 1 }, summary: 'The image of deploy/docker.' },
  {
    path: 'image.tag',
    schema: { type: ['string', 'number', 'null'] },
    summary: 'Its tag; without one the chart’s appVersion.',
  },
  {
    path: 'image.digest',
    schema: { type: ['string', 'null'], pattern: '^$|^sha256:[0-9a-f]{64}$' },
    summary: 'Its digest; it counts before the tag, and cannot come to mean another image.',
  },
  {
    path: 'image.pullPolicy',
    schema: { enum: ['Always', 'IfNotPresent', 'Never'] },
    summary: 'When the image is pulled.',
  },
  { path: 'imagePullSecrets', schema: list, summary: 'Secrets by which it is pulled.' },
  {
    path: 'credentials.random',
    schema: flag,
    summary: '`true`: all passwords are made by chance, also those that are given here.',
  },
  ...['superuser', 'admin', 'standby'].map((role) => ({
    path: `credentials.${role}`,
    schema: text,
    summary: `The password of the role ${role === 'superuser' ? '`postgres`' : `\`${role}\``}. Empty: made by chance, once. A Secret that is there stays as it is.`,
  })),
  {
    path: 'credentials.existingSecret',
    schema: name,
    summary:
      'A Secret of yours with `password-superuser`, `password-admin` and `password-standby`. Needed where charts are rendered without a cluster to look at (Argo CD): passwords would be others each time.',
  },
  { path: 'kubernetes.dcs.enable', schema: flag, summary: 'Keys are in Kubernetes. `false` is refused.' },
  {
    path: 'kubernetes.configmaps.enable',
    schema: flag,
    summary: 'They are in ConfigMaps, not in Endpoints. OpenShift lets nobody write Endpoints.',
  },
  ...STORES_OF_KEYS,
  { path: 'etcd.discovery', schema: text, summary: 'The same.' },
  {
    path: 'env',
    schema: anything,
    summary:
      'Variables of the [container](container.md), in capitals or not, before the chart’s own. A value is a text, a number, or an object such as `valueFrom`.',
  },
  { path: 'walE.enable', schema: flag, summary: 'There is an archive, with backups and WAL.' },
  { path: 'walE.scheduleCronJob', schema: text, summary: 'When a backup is taken, as in crontab, in UTC.' },
  {
    path: 'walE.retainBackups',
    schema: count(1),
    summary: 'How many full backups stay, and of how many days every moment stays reachable.',
  },
  {
    path: 'walE.s3Bucket',
    schema: text,
    summary:
      'A bucket of S3. The address in it has namespace, scope and major: `spilo/NAMESPACE-FULLNAME/wal/MAJOR`, without `NAMESPACE-` in the namespace `default`.',
  },
  { path: 'walE.s3Endpoint', schema: text, summary: 'The server of S3, if it is not Amazon’s.' },
  { path: 'walE.s3Region', schema: text, summary: 'Its region.' },
  { path: 'walE.gcsBucket', schema: text, summary: 'A bucket of Google Cloud Storage.' },
  {
    path: 'walE.gcsBucketBackupLocation',
    schema: { type: 'string' },
    summary:
      'The folder in it. A new release writes to `LOCATION/NAMESPACE-FULLNAME`; one that is there goes on where it writes to, whatever this becomes.',
  },
  {
    path: 'walE.prefix',
    schema: { type: ['string', 'null'], pattern: '^$|^(s3|gs|azure|ssh|file)://' },
    summary:
      'The whole address of the archive. It counts before all others, also for a release that is there, of which it alone moves the archive: another bucket without it is refused.',
  },
  {
    path: 'walE.kubernetesSecret',
    schema: name,
    summary:
      'What reaches the bucket: a Secret with `credentials.json` (Google), `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AZURE_STORAGE_ACCOUNT` and a key or SAS token. It is mounted at /etc/credentials.',
  },
  {
    path: 'walE.backupThresholdMegabytes',
    schema: count(0),
    summary: 'A replica is made from the archive only if there is less WAL than this behind the newest backup.',
  },
  {
    path: 'walE.backupThresholdPercentage',
    schema: count(0),
    summary: 'The same, in percent of the cluster’s size.',
  },
  {
    path: 'bucket.provision.enabled',
    schema: flag,
    summary:
      'A Job before each installation and upgrade runs [`walkback bucket provision`](cli.md): it makes the bucket of `walE`, two accounts that can use this bucket only, and `walE.kubernetesSecret`. What is there stays.',
  },
  {
    path: 'bucket.provision.adminSecret',
    schema: name,
    summary: 'A Secret with what may make buckets and accounts: the same keys as `walE.kubernetesSecret`.',
  },
  {
    path: 'bucket.provision.adminKey',
    schema: { type: 'string', minLength: 1 },
    summary: 'The file in it that has Google’s credentials.',
  },
  { path: 'bucket.provision.arguments', schema: list, summary: 'More arguments: `--location`, `--project` …' },
  { path: 'bucket.provision.env', schema: anything, summary: 'More variables of the Job.' },
  {
    path: 'persistentVolume.enabled',
    schema: flag,
    summary: '`false`: data go when a pod goes. For trying things only.',
  },
  { path: 'persistentVolume.size', schema: quantity, summary: 'How large. It cannot be changed here afterwards.' },
  {
    path: 'persistentVolume.storageClass',
    schema: text,
    summary: 'The class; empty: the cluster’s default; `-`: none.',
  },
  { path: 'persistentVolume.subPath', schema: text, summary: 'A folder of the volume, in place of its root.' },
  { path: 'persistentVolume.mountPath', schema: { type: 'string', pattern: '^/' }, summary: 'Where it is mounted.' },
  { path: 'persistentVolume.annotations', schema: anything, summary: 'Annotations of the claims.' },
  { path: 'persistentVolume.accessModes', schema: { type: 'array', minItems: 1 }, summary: 'Access modes.' },
  {
    path: 'persistentVolume.claimTemplate',
    schema: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' },
    summary:
      'What claims’ names begin with. Another name only after a recovery that has recreated the StatefulSet, which says so.',
  },
  { path: 'resources', schema: anything, summary: 'Requests and limits of a member.' },
  { path: 'nodeSelector', schema: anything, summary: 'Labels of nodes.' },
  { path: 'tolerations', schema: list, summary: 'Tolerations.' },
  {
    path: 'affinityTemplate',
    schema: text,
    summary:
      'Affinity, as a template. Members stand on different nodes if they can. `patroni.name` in it, by which no pod is labelled, means the whole name, `patroni.fullname`.',
  },
  { path: 'affinity', schema: anything, summary: 'Affinity; it counts before the template.' },
  { path: 'topologySpreadConstraints', schema: list, summary: 'How members are spread.' },
  { path: 'schedulerName', schema: text, summary: 'Another scheduler.' },
  { path: 'priorityClassName', schema: text, summary: 'A priority class.' },
  { path: 'podAnnotations', schema: anything, summary: 'Annotations of the pods.' },
  { path: 'podLabels', schema: anything, summary: 'Labels of the pods, beside `app` and `release`.' },
  {
    path: 'podManagementPolicy',
    schema: { enum: ['', 'Parallel', 'OrderedReady', null] },
    summary: 'Whether pods start at once. Empty: as the StatefulSet that is there has it; `Parallel` for a new one.',
  },
  {
    path: 'terminationGracePeriodSeconds',
    schema: count(30),
    summary: 'How long a member may take to end, with its last WAL archived.',
  },
  {
    path: 'podSecurityContext',
    schema: anything,
    summary: 'Laid over `runAsNonRoot`, `fsGroup: 101` and seccomp `RuntimeDefault`; on OpenShift over nothing.',
  },
  { path: 'securityContext', schema: anything, summary: 'Of the container.' },
  {
    path: 'sharedMemory',
    schema: quantity,
    summary: 'The most that parallel queries share (/dev/shm). It is part of the container’s memory.',
  },
  {
    path: 'probes.port',
    schema: count(1024),
    summary: 'The port of probes and metrics; the one behind it is the agent’s.',
  },
  ...probeRows('startup', 'whether files are written and programs started'),
  ...probeRows('liveness', 'whether the supervisor answers; it looks at nothing else'),
  ...probeRows('readiness', 'whether the member may be offered to applications'),
  {
    path: 'podDisruptionBudget.enabled',
    schema: flag,
    summary: 'At most one member is taken down at a time when nodes are emptied.',
  },
  {
    path: 'networkPolicy.enabled',
    schema: flag,
    summary:
      'Nobody reaches the members but who is named below. The Job for the bucket and the pod of `helm test` are let out, and nobody in to them.',
  },
  {
    path: 'networkPolicy.clients',
    schema: list,
    summary: 'Who may speak to PostgreSQL, as NetworkPolicyPeers; empty: every pod of the namespace.',
  },
  { path: 'networkPolicy.monitoring', schema: list, summary: 'Who may read metrics beside the namespace’s pods.' },
  {
    path: 'networkPolicy.egress.enabled',
    schema: flag,
    summary:
      'Members, the Job for the bucket and the pod of `helm test` reach the members, the names’ server, and `to`, and nothing else.',
  },
  {
    path: 'networkPolicy.egress.to',
    schema: list,
    summary:
      'The API server and the archive, as NetworkPolicyPeers; empty: ports 443 and 6443 of everybody, and that of `walE.s3Endpoint`.',
  },
  { path: 'monitoring.podMonitor.enabled', schema: flag, summary: 'A PodMonitor of the Prometheus operator.' },
  { path: 'monitoring.podMonitor.labels', schema: anything, summary: 'Labels by which Prometheus finds it.' },
  { path: 'monitoring.podMonitor.interval', schema: text, summary: 'How often metrics are read.' },
  {
    path: 'monitoring.alerts.enabled',
    schema: flag,
    summary: 'A PrometheusRule: no leader, a member not ready, a backup too old, WAL that waits, a duty that fails.',
  },
  { path: 'monitoring.alerts.labels', schema: anything, summary: 'Labels by which Prometheus finds it.' },
  { path: 'monitoring.alerts.backupAgeHours', schema: count(1), summary: 'How old the newest backup may be.' },
  { path: 'monitoring.alerts.walWaitingMinutes', schema: count(1), summary: 'How long a file of WAL may wait.' },
  { path: 'rbac.create', schema: flag, summary: 'The members’ Role and RoleBinding are made.' },
  { path: 'serviceAccount.create', schema: flag, summary: 'Their account is made.' },
  { path: 'serviceAccount.name', schema: name, summary: 'Its name, if it is another than the release’s.' },
  {
    path: 'recovery.enabled',
    schema: flag,
    summary: 'An account FULLNAME-recovery with the rights of a recovery that runs inside the cluster.',
  },
  {
    path: 'recovery.persistentVolumes',
    schema: flag,
    summary:
      'Its rights on PersistentVolumes, of the whole cluster: for exchanging volumes. Who installs must have them.',
  },
  {
    path: 'recovery.workloads',
    schema: flag,
    summary: 'Its rights to scale Deployments and the like of the namespace, for --scale-down.',
  },
];
