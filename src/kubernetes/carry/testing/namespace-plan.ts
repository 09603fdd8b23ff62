/**
 * A plan of a recovery in a namespace, for tests of what is made of plans.
 *
 * @module
 */

import { plannedShape } from '../../recover/planned-shape.ts';
import type { NamespacePlan, SwapPlan } from '../../recover/plan-value.ts';
import type { LiveShape, PodSpec } from '../../rehearse/rehearsal.ts';
import { volumePlan } from '../../rehearse/testing/volume-plan.ts';

const { user: _user, roles, systemIdentifier, archivedTimelines, ...replayed } = volumePlan;

const podSpec: PodSpec = {
  serviceAccountName: 'shop',
  securityContext: { fsGroup: 1_000_680_000 },
  imagePullSecrets: [{ name: 'pull' }],
  containers: [
    {
      name: 'patroni',
      image: 'registry/shop:1',
      imagePullPolicy: 'Always',
      securityContext: { runAsUser: 1_000_680_000 },
      env: [
        { name: 'SCOPE', value: 'shop' },
        { name: 'AWS_SECRET_ACCESS_KEY', value: 'hunter2' },
        { name: 'HTTPS_PROXY', valueFrom: { secretKeyRef: { name: 'proxy', key: 'url' } } },
        { name: 'PGPASSWORD_SUPERUSER', valueFrom: { secretKeyRef: { name: 'shop', key: 'password-superuser' } } },
      ],
      volumeMounts: [{ name: 'storage-volume', mountPath: '/home/postgres/pgdata' }],
    },
  ],
};

/** The cluster's pods as they are. */
export const live: LiveShape = {
  statefulSet: 'shop',
  podSpec,
  container: 'patroni',
  archiveContainer: 'patroni',
  claim: { metadata: { name: 'storage-volume-shop-0' } },
  volume: 'storage-volume',
  dataDirectory: '/home/postgres/pgdata/pgroot/data',
};

const swap: SwapPlan = {
  context: 'prod',
  server: 'https://api.example.org:6443',
  namespace: 'shop-prod',
  statefulSet: { name: 'shop', uid: 'u-1', replicas: 1 },
  way: 'rebind',
  because: 'it was asked for',
  passedOver: [],
  leader: 'shop-0',
  claimTemplate: 'storage-volume',
  members: [],
  patroni: null,
  rehearsalClaim: 'walkback-7f3a',
  claimBytes: '1',
  workloads: [],
  restarts: [],
  drift: [],
  live: plannedShape(live),
  walkback: { kind: 'inImage' },
  archive: 'container',
  superuser: 'postgres',
  roles,
};

/** Just before transaction 701, by rebind. */
export const namespacePlan: NamespacePlan = {
  version: 1,
  recovery: {
    ...replayed,
    version: 1,
    createdAt: '2026-06-05T15:10:00.000Z',
    cluster: { name: 'shop-prod/shop', kind: 'kubernetes', dataDirectory: live.dataDirectory },
    laterCommits: 1,
    estimate: { restoreSeconds: 1, replaySeconds: 1, downSeconds: 12 },
    commands: { stop: '', start: '' },
    configurationFiles: [],
    warnings: [],
    proven: [],
    preconditions: {
      systemIdentifier,
      liveTimeline: 1,
      liveState: 'running',
      archiveAddress: 's3://shop',
      archivedTimelines,
      backupName: replayed.backup.name,
    },
  },
  swap,
};
