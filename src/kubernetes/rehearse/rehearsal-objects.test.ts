import { describe, expect, it } from 'vitest';

import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import type { LiveShape, PodSpec, RehearsalRequest } from './rehearsal.ts';
import { policyOf } from './pod-policy.ts';
import { rehearsalObjects, tasksJob } from './rehearsal-objects.ts';
import type { VolumeTask } from '../volume/volume-tasks.ts';
import { volumePlan } from './testing/volume-plan.ts';

const claim: PersistentVolumeClaim = {
  metadata: { name: 'storage-volume-shop-0', labels: { app: 'shop', release: 'shop' } },
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'netapp-block-standard',
    volumeName: 'pvc-1',
    resources: { requests: { storage: '1Gi' } },
  },
  status: { phase: 'Bound', capacity: { storage: '2Gi' } },
};

const podSpec: PodSpec = {
  serviceAccountName: 'shop',
  nodeName: 'node-1',
  securityContext: { fsGroup: 1_000_680_000, seLinuxOptions: { level: 's0:c26,c5' } },
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } },
  tolerations: [{ key: 'database', operator: 'Exists' }],
  imagePullSecrets: [{ name: 'pull' }],
  containers: [
    {
      name: 'patroni',
      image: 'registry/shop@sha256:1',
      imagePullPolicy: 'Always',
      securityContext: { runAsUser: 1_000_680_000, capabilities: { add: ['NET_ADMIN'] }, privileged: true },
      env: [
        { name: 'SCOPE', value: 'shop' },
        { name: 'CLONE_METHOD', value: 'CLONE_WITH_WALE' },
        { name: 'PGPASSWORD_SUPERUSER', valueFrom: { secretKeyRef: { name: 'shop', key: 'password-superuser' } } },
      ],
      resources: { limits: { memory: '1Gi' } },
      livenessProbe: { httpGet: { path: '/health', port: 8008 } },
      volumeMounts: [
        { name: 'storage-volume', mountPath: '/home/postgres/pgdata' },
        { name: 'credentials', mountPath: '/etc/credentials', readOnly: true },
        { name: 'run', mountPath: '/run' },
        { name: 'kube-api-access-x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
      ],
    },
  ],
  volumes: [
    { name: 'storage-volume', persistentVolumeClaim: { claimName: 'storage-volume-shop-0' } },
    { name: 'credentials', secret: { secretName: 'gcp-key' } },
    { name: 'run', emptyDir: { medium: 'Memory' } },
    { name: 'not-mounted', secret: { secretName: 'other' } },
    { name: 'kube-api-access-x', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
  ],
};

const live: LiveShape = {
  statefulSet: 'shop',
  podSpec,
  container: 'patroni',
  archiveContainer: 'patroni',
  claim,
  volume: 'storage-volume',
  dataDirectory: '/home/postgres/pgdata/pgroot/data',
  node: 'node-1',
};

const request: RehearsalRequest = {
  plan: volumePlan,
  live,
  place: { kind: 'newClaim', leastBytes: 3n * 1024n ** 3n + 1n, labels: { app: 'elsewhere' } },
  walkback: { kind: 'inImage' },
  archive: 'container',
  listens: true,
};

const withMount = (change: Partial<NonNullable<PodSpec['containers'][number]['volumeMounts']>[number]>): LiveShape => {
  const [server] = podSpec.containers;
  if (server === undefined) throw new Error('no container');
  const [data, ...others] = server.volumeMounts ?? [];
  if (data === undefined) throw new Error('no mount');
  return {
    ...live,
    podSpec: { ...podSpec, containers: [{ ...server, volumeMounts: [{ ...data, ...change }, ...others] }] },
  };
};

const specOf = (given: RehearsalRequest): PodSpec => {
  const spec = rehearsalObjects(given).job.spec?.template.spec;
  if (spec === undefined) throw new Error('no pod');
  return spec;
};

describe('the objects of a rehearsal', () => {
  it('have a pod like the live one, that is no member and keeps every rule of "restricted"', () => {
    const spec = specOf(request);
    const [container] = spec.containers;
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      serviceAccountName: 'shop',
      imagePullSecrets: [{ name: 'pull' }],
      tolerations: [{ key: 'database', operator: 'Exists' }],
      restartPolicy: 'OnFailure',
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1_000_680_000,
        fsGroup: 1_000_680_000,
        seLinuxOptions: { level: 's0:c26,c5' },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    expect(container).toMatchObject({ image: 'registry/shop@sha256:1', resources: { limits: { memory: '1Gi' } } });
    expect(container?.securityContext).toEqual({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
    expect(container?.livenessProbe).toBeUndefined();
    expect(spec.affinity?.podAntiAffinity).toBeUndefined();
    expect(spec.nodeName).toBeUndefined();
    expect(rehearsalObjects(request).job.spec?.template.metadata?.labels).toEqual({
      'app.kubernetes.io/managed-by': 'walkback',
      'walkback/recovery': volumePlan.id,
      'walkback/part': 'rehearsal',
    });
  });

  it('hand secrets on by reference, and nothing of a clone', () => {
    const spec = specOf(request);
    const [container] = spec.containers;
    expect(container?.env).toEqual([
      { name: 'SCOPE', value: 'shop' },
      { name: 'PGPASSWORD_SUPERUSER', valueFrom: { secretKeyRef: { name: 'shop', key: 'password-superuser' } } },
      { name: 'WALKBACK_ENV_DIR', value: '' },
      { name: 'WALKBACK_ONLY_AGENT', value: 'yes' },
      { name: 'WALKBACK_AGENT_SILENCE_S', value: '60' },
    ]);
    expect(spec.volumes?.map(({ name }) => name)).toEqual([
      'storage-volume',
      'credentials',
      'run',
      'walkback-tmp',
      'walkback-plan',
    ]);
    expect(container?.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual([
      '/home/postgres/pgdata',
      '/etc/credentials',
      '/run',
      '/tmp',
      '/walkback-plan',
    ]);
  });

  it('say in their command where the data are, and how the environment is read', () => {
    const [container] = specOf(request).containers;
    expect(container?.command).toEqual([
      'walkback',
      'volume',
      'rehearse',
      '--data-directory=/home/postgres/pgdata/pgroot/data',
      '--plan=/walkback-plan/plan.json',
      '--place=new-claim',
      '--listen',
      '--container',
    ]);
  });

  it('survive evictions, and are removed with the journal, but for the claim', () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'journal', uid: 'u' };
    const { job, claim: made } = rehearsalObjects({ ...request, owner });
    const policy = policyOf(job);
    expect(job.spec).toMatchObject({ backoffLimit: 1000, podReplacementPolicy: 'Failed' });
    expect(job.spec?.activeDeadlineSeconds).toBeUndefined();
    expect(job.spec?.ttlSecondsAfterFinished).toBeUndefined();
    expect([job, policy, made].map((one) => one?.metadata !== undefined && 'ownerReferences' in one.metadata)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('deny everybody who would connect, and allow what a namespace may deny: the archive', () => {
    expect(policyOf(rehearsalObjects(request).job)).toMatchObject({
      metadata: { name: `walkback-${volumePlan.id}` },
      spec: {
        podSelector: { matchLabels: { 'walkback/recovery': volumePlan.id } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [],
        egress: [{}],
      },
    });
  });

  it('have a claim of the live class and modes, as large as the live volume, or what the backup needs if that is more', () => {
    const sizeOf = (leastBytes: bigint) =>
      rehearsalObjects({ ...request, place: { kind: 'newClaim', leastBytes } }).claim?.spec?.resources?.requests?.[
        'storage'
      ];
    expect(sizeOf(0n)).toBe('2048Mi');
    expect(sizeOf(3n * 1024n ** 3n + 1n)).toBe('3073Mi');
    const { claim: made } = rehearsalObjects(request);
    expect(made?.spec).toMatchObject({ storageClassName: 'netapp-block-standard', accessModes: ['ReadWriteOnce'] });
    expect(made?.spec?.volumeName).toBeUndefined();
    expect(made?.metadata?.labels).toMatchObject({ app: 'elsewhere', 'walkback/recovery': volumePlan.id });
  });

  it('are on the live node and in the live claim where they share its volume', () => {
    const beside: RehearsalRequest = { ...request, place: { kind: 'inVolume' } };
    expect(rehearsalObjects(beside).claim).toBeUndefined();
    const spec = specOf(beside);
    expect(spec.volumes?.[0]).toEqual({
      name: 'storage-volume',
      persistentVolumeClaim: { claimName: 'storage-volume-shop-0' },
    });
    expect(JSON.stringify(spec.affinity)).toContain('"values":["node-1"]');
    const alone = { ...claim, spec: { ...claim.spec, accessModes: ['ReadWriteOncePod'] } };
    expect(() => rehearsalObjects({ ...beside, live: { ...live, claim: alone } })).toThrow(/one pod alone/);
  });

  it('bring walkback along where the image has none', () => {
    const spec = specOf({ ...request, walkback: { kind: 'copied', image: 'registry/walkback:1' } });
    expect(spec.initContainers?.[0]).toMatchObject({
      image: 'registry/walkback:1',
      securityContext: { capabilities: { drop: ['ALL'] } },
    });
    expect(spec.containers[0]?.command?.[0]).toBe('/walkback-program/bin/walkback');
    expect(spec.containers[0]?.image).toBe('registry/shop@sha256:1');
    expect(spec.containers[0]?.env).toContainEqual({ name: 'HOME', value: '/tmp' });
  });

  it('mount the whole volume where live pods see a folder of it, and refuse where nothing can be beside the data', () => {
    const folder: RehearsalRequest = {
      ...request,
      live: {
        ...withMount({ mountPath: '/var/lib/postgresql/data', subPath: 'db' }),
        dataDirectory: '/var/lib/postgresql/data',
      },
    };
    expect(specOf(folder).containers[0]?.command).toContain('--data-directory=/walkback-volume/db');
    expect(specOf(folder).containers[0]?.volumeMounts?.[0]).toEqual({
      name: 'storage-volume',
      mountPath: '/walkback-volume',
    });
    const backup = { ...volumePlan.backup, tablespaces: [{ oid: 7, location: '/fast' }] };
    expect(() => rehearsalObjects({ ...folder, plan: { ...volumePlan, backup } })).toThrow(/tablespaces/);
    const top = { ...withMount({ mountPath: '/var/lib/postgresql/data' }), dataDirectory: '/var/lib/postgresql/data' };
    expect(() => rehearsalObjects({ ...request, live: top })).toThrow(/the top of its volume/);
    expect(() => rehearsalObjects({ ...request, live: { ...live, dataDirectory: '/srv/data' } })).toThrow(
      /not on the volume/,
    );
    expect(() => rehearsalObjects({ ...request, live: { ...live, container: 'gone' } })).toThrow(/gone/);
  });

  it('take the user that owns the data from who knows it, where no specification says it', () => {
    const bare = {
      ...podSpec,
      securityContext: {},
      containers: podSpec.containers.map((one) => ({ ...one, securityContext: {} })),
    };
    const spec = specOf({ ...request, live: { ...live, podSpec: bare, runAs: { user: 999, group: 999 } } });
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 999, runAsGroup: 999 });
  });
});

describe('the Job of work on a volume', () => {
  it('does what it is told, and is not tried again where that would not help', () => {
    const job = tasksJob({
      name: '7f3a-swap',
      live,
      walkback: { kind: 'inImage' },
      archive: 'settings',
      tasks: [{ do: 'swap', id: '7f3a' }],
    });
    expect(job.metadata).toMatchObject({ name: 'walkback-7f3a-swap', labels: { 'walkback/recovery': '7f3a' } });
    expect(job.spec?.template.spec).toMatchObject({ restartPolicy: 'Never' });
    expect(job.spec?.template.spec?.containers[0]?.command).toEqual([
      'walkback',
      'volume',
      'run',
      '--data-directory=/home/postgres/pgdata/pgroot/data',
      '--tasks={"tasks":[{"do":"swap","id":"7f3a"}]}',
      '--json',
    ]);
    expect(job.spec?.podFailurePolicy?.rules.map(({ action }) => action)).toEqual(['Ignore', 'FailJob']);
    expect(job.spec?.activeDeadlineSeconds).toBe(900);
  });

  it('is tried again for some minutes; not so where the cluster is down until data open that may never do', () => {
    const jobOf = (task: VolumeTask) =>
      tasksJob({ name: '7f3a-x', live, walkback: { kind: 'inImage' }, archive: 'settings', tasks: [task] });
    expect(jobOf({ do: 'archiveRest' }).spec?.backoffLimit).toBe(6);
    expect(jobOf({ do: 'reopen', id: '7f3a' }).spec?.backoffLimit).toBe(2);
  });

  it('goes by itself where it is a look: nobody else knows of it, once who waited for it is gone', () => {
    const specOfTask = (task: VolumeTask) =>
      tasksJob({ name: '7f3a-x', live, walkback: { kind: 'inImage' }, archive: 'settings', tasks: [task] }).spec;
    expect(specOfTask({ do: 'probe' })).toMatchObject({ activeDeadlineSeconds: 180, ttlSecondsAfterFinished: 120 });
    expect(specOfTask({ do: 'archiveRest' })?.ttlSecondsAfterFinished).toBeUndefined();
  });

  it('mounts another claim where it is told, wherever that may be', () => {
    const job = tasksJob({
      name: '7f3a-rest',
      claim: 'kept',
      live,
      walkback: { kind: 'inImage' },
      archive: 'settings',
      tasks: [{ do: 'probe' }],
    });
    expect(job.spec?.template.spec?.volumes?.[0]).toEqual({
      name: 'storage-volume',
      persistentVolumeClaim: { claimName: 'kept' },
    });
    expect(job.spec?.template.spec?.affinity).toBeUndefined();
    expect(job.spec?.activeDeadlineSeconds).toBe(180);
  });
});
