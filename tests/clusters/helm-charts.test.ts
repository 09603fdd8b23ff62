/**
 * The charts: what they render, what they refuse, and what an upgrade leaves as it is. No pod is started here; `npm run prove -- helm`
 * starts clusters.
 */

import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { startBed, type Bed } from '../support/kubernetes/bed.ts';
import type { TestNamespace } from '../support/kubernetes/namespace.ts';
import { CAS_POSTGRES, PATRONI, renderChart, set, type Rendered } from '../support/kubernetes/render-chart.ts';

const ROOT = join(import.meta.dirname, '../..');
const SEED_CHART = join(ROOT, 'tests/support/kubernetes/seed-chart');
const SEED_VALUES = join(ROOT, 'tests/support/kubernetes/seed-values.yaml');

const bed = await startBed();

const ARCHIVE = set('walE.enable=true', 'walE.gcsBucket=bucket', 'walE.kubernetesSecret=key');
const EVERYTHING = [
  ...ARCHIVE,
  ...set(
    'networkPolicy.enabled=true',
    'networkPolicy.egress.enabled=true',
    'recovery.enabled=true',
    'recovery.persistentVolumes=true',
    'sharedMemory=128Mi',
    'bucket.provision.enabled=true',
    'bucket.provision.adminSecret=root',
    'podAnnotations.note=one',
  ),
];

describe.skipIf(bed === undefined)('the charts', () => {
  let there: Bed;
  let namespace: TestNamespace;

  beforeAll(async () => {
    there = bed ?? expect.unreachable();
    namespace = await there.namespace('helm');
  });

  afterAll(async () => {
    await namespace[Symbol.asyncDispose]();
  });

  const render = (chart: string, ...flags: readonly string[]): Promise<readonly Rendered[]> =>
    renderChart(there, chart, flags);

  async function statefulSet(...flags: readonly string[]): Promise<Rendered> {
    const found = (await render(PATRONI, ...flags)).find(({ kind }) => kind === 'StatefulSet');
    return found ?? expect.unreachable();
  }

  /** The variables of the container, by name. */
  async function environment(...flags: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const { spec } = await statefulSet(...flags);
    const [container] = spec.template.spec.containers;
    const entries: { name: string; value?: string; valueFrom?: object }[] = container.env;
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
    return Object.fromEntries(entries.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));
  }

  test('pass helm lint', async () => {
    await there.helm(['lint', '--strict', PATRONI, ...EVERYTHING]);
    await there.helm(['lint', '--strict', CAS_POSTGRES, '--values', SEED_VALUES]);
  });

  test.each([
    [[]],
    [ARCHIVE],
    [set('persistentVolume.storageClass=-', 'persistentVolume.annotations.a=b', 'replicaCount=2')],
  ])(
    'have every object of the earlier chart, by its name, and nothing of it that cannot be changed: %j',
    async (flags) => {
      const own = await render(PATRONI, ...flags, ...set('podManagementPolicy=OrderedReady'));
      const seed = await render(SEED_CHART, ...flags);
      const nameOf = ({ kind, metadata }: Rendered): string => `${kind}/${metadata.name}`;
      expect(own.map(nameOf)).toEqual(expect.arrayContaining(seed.map(nameOf)));
      const fixed = (objects: readonly Rendered[]): unknown => {
        const { spec } = objects.find(({ kind }) => kind === 'StatefulSet') ?? expect.unreachable();
        const templates = spec.volumeClaimTemplates.map((one: Rendered) => ({
          ...one,
          metadata: { ...one.metadata, annotations: one.metadata.annotations ?? {} },
        }));
        return [spec.serviceName, spec.selector, spec.podManagementPolicy ?? 'OrderedReady', templates];
      };
      expect(fixed(own)).toEqual(fixed(seed));
      const services = (objects: readonly Rendered[]): unknown =>
        objects
          .filter(({ kind, metadata }) => kind === 'Service' && !metadata.name.endsWith('-members'))
          .map(({ spec }) => spec.selector);
      expect(services(own)).toEqual(expect.arrayContaining(Object(services(seed))));
    },
  );

  test('have the variables of the earlier chart, but for an address that is a cluster’s own', async () => {
    const { spec } =
      (await render(SEED_CHART, ...ARCHIVE)).find(({ kind }) => kind === 'StatefulSet') ?? expect.unreachable();
    const own = await environment(...ARCHIVE);
    for (const { name, value, valueFrom } of spec.template.spec.containers[0].env) {
      if (name === 'WALE_GS_PREFIX') expect(own[name]).toBe(`${value}/dev-shop-patroni`);
      else if (name === 'KUBERNETES_LABELS') expect(JSON.parse(String(own[name]))).toEqual(JSON.parse(value));
      else expect(own[name], name).toEqual(value ?? valueFrom);
    }
  });

  test('write variables once, in capitals, as they were given', async () => {
    const found = await environment(
      ...set(
        'env.pgversion=17',
        'env.scope=other',
        'env.big=1000000',
        'env.ratio=0.5',
        'env.on=true',
        'env.key.valueFrom.secretKeyRef.name=s',
        'env.key.valueFrom.secretKeyRef.key=k',
        'env.https_proxy=p',
      ),
    );
    expect(found).toMatchObject({
      PGVERSION: '17',
      SCOPE: 'other',
      BIG: '1000000',
      RATIO: '0.5',
      ON: 'true',
      https_proxy: 'p',
    });
    expect(found['KEY']).toEqual({ secretKeyRef: { name: 's', key: 'k' } });
  });

  test('take the keys of a bucket from its Secret', async () => {
    const s3 = set(
      'walE.enable=true',
      'walE.s3Bucket=b',
      'walE.kubernetesSecret=key',
      'walE.s3Endpoint=http://s3:9000',
    );
    expect(await environment(...s3)).toMatchObject({
      WAL_S3_BUCKET: 'b',
      AWS_ENDPOINT: 'http://s3:9000',
      AWS_SECRET_ACCESS_KEY: { secretKeyRef: { name: 'key', key: 'AWS_SECRET_ACCESS_KEY', optional: true } },
    });
    expect(await environment(...ARCHIVE)).toMatchObject({
      GOOGLE_APPLICATION_CREDENTIALS: '/etc/credentials/credentials.json',
    });
    const azure = set('walE.enable=true', 'walE.prefix=azure://container/shop', 'walE.kubernetesSecret=key');
    expect(await environment(...azure)).toMatchObject({
      WALG_AZ_PREFIX: 'azure://container/shop',
      AZURE_STORAGE_SAS_TOKEN: {},
    });
    const moved = await environment(...s3, ...set('walE.prefix=gs://bucket/shop'));
    expect(Object.keys(moved)).toContain('GOOGLE_APPLICATION_CREDENTIALS');
    expect(Object.keys(moved)).not.toContain('AWS_SECRET_ACCESS_KEY');
  });

  test('spread members by labels that members have', async () => {
    const { spec } = await statefulSet();
    const [term] = spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect(spec.template.metadata.labels).toMatchObject(term.podAffinityTerm.labelSelector.matchLabels);
  });

  test('probe the supervisor, and end no restore', async () => {
    const { spec } = await statefulSet();
    const [container] = spec.template.spec.containers;
    expect(container.livenessProbe.httpGet).toEqual({ path: '/liveness', port: 'health' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readiness', port: 'health' });
    expect(container.lifecycle).toBeUndefined();
  });

  test('leave user and group to OpenShift, and give them elsewhere', async () => {
    const elsewhere = await statefulSet();
    expect(elsewhere.spec.template.spec.securityContext).toMatchObject({ runAsNonRoot: true, fsGroup: 101 });
    const onOpenShift = await statefulSet('--api-versions', 'security.openshift.io/v1');
    expect(onOpenShift.spec.template.spec.securityContext).toBeUndefined();
  });

  test.each([
    [set('consul.enable=true', 'consul.hosts=a'), /nobody else keeps the label of its role/],
    [set('replicaCout=3'), /additional properties 'replicaCout' not allowed/],
    [set('walE.retainBackups=many'), /retainBackups/],
    [set('env.crontab=x'), /crontab/],
    [set('etcd.enable=true'), /nobody else keeps the label of its role/],
    [set('walE.enable=true'), /nothing says where backups go/],
    [set('walE.enable=true', 'walE.s3Bucket=a', 'walE.gcsBucket=b'), /a cluster has one archive/],
    [set('walE.prefix=bucket/folder'), /prefix/],
  ])('refuse %j', async (flags, reason) => {
    await expect(render(PATRONI, ...flags)).rejects.toThrow(reason);
  });

  test('are accepted by the API server, with everything that is optional', async () => {
    const rendered = await there.helm([
      'template',
      'shop',
      PATRONI,
      '--namespace',
      namespace.name,
      '--kube-version',
      '1.36.0',
      ...EVERYTHING,
    ]);
    const said = await namespace.kubectl(['apply', '--dry-run=server', '--filename', '-'], rendered);
    for (const kind of ['statefulset', 'networkpolicy', 'poddisruptionbudget', 'clusterrole', 'pod/shop-patroni-test'])
      expect(said).toContain(kind);
  });

  const get = (path: string, ...words: readonly string[]): Promise<string> =>
    namespace.kubectl(['get', ...words, '--output', `jsonpath=${path}`]);
  const addressOf = (app: string): Promise<string> =>
    get('{.spec.template.spec.containers[0].env[?(@.name=="WALE_GS_PREFIX")].value}', 'statefulset', app);
  const none = set('replicaCount=0');
  /** For the earlier chart, which cannot have none. No pod comes of it: the namespace lets none in that asks for no user. */
  const single = set('replicaCount=1');

  test('make passwords once: an upgrade, a removal and a new installation keep them', async () => {
    await namespace.helm(['install', 'kept', PATRONI, ...none, ...set('credentials.admin=given')]);
    const passwords = await get('{.data}', 'secret', 'kept-patroni');
    expect(Buffer.from(await get('{.data.password-admin}', 'secret', 'kept-patroni'), 'base64').toString()).toBe(
      'given',
    );
    await namespace.helm(['upgrade', 'kept', PATRONI, ...none, ...set('credentials.random=true')]);
    expect(await get('{.data}', 'secret', 'kept-patroni')).toBe(passwords);
    await namespace.helm(['uninstall', 'kept']);
    await namespace.helm(['install', 'kept', PATRONI, ...none]);
    expect(await get('{.data}', 'secret', 'kept-patroni')).toBe(passwords);
  });

  test('leave alone the Secret of an earlier chart’s hook, and go on where the release archives', async () => {
    await namespace.helm(['install', 'old', SEED_CHART, ...single, ...ARCHIVE, ...set('credentials.random=true')]);
    const before = await get('{.data} {.metadata.uid}', 'secret', 'old-patroni');
    const uid = await get('{.metadata.uid}', 'statefulset', 'old-patroni');
    await namespace.helm(['upgrade', 'old', PATRONI, ...single, ...ARCHIVE]);
    await namespace.helm([
      'upgrade',
      'old',
      PATRONI,
      ...none,
      ...ARCHIVE,
      ...set('walE.gcsBucketBackupLocation=elsewhere'),
    ]);
    expect(await get('{.data} {.metadata.uid}', 'secret', 'old-patroni')).toBe(before);
    expect(await get('{.metadata.uid}', 'statefulset', 'old-patroni')).toBe(uid);
    expect(await addressOf('old-patroni')).toBe('gs://bucket/wal');
    const moved = set('walE.prefix=gs://bucket/moved');
    await namespace.helm(['upgrade', 'old', PATRONI, ...single, ...ARCHIVE, ...moved]);
    expect(await addressOf('old-patroni')).toBe('gs://bucket/moved');
  });

  test('go on where the release archives when its StatefulSet is made anew around its pods', async () => {
    await using orphans = await there.namespace('helm', { security: 'privileged' });
    await orphans.helm(['install', 'old', SEED_CHART, ...single, ...ARCHIVE]);
    await orphans.helm(['upgrade', 'old', PATRONI, ...single, ...ARCHIVE]);
    await orphans.kubectl(['wait', '--for=create', 'pod/old-patroni-0', '--timeout=60s']);
    await orphans.kubectl(['delete', 'statefulset', 'old-patroni', '--cascade=orphan']);
    await orphans.helm(['upgrade', 'old', PATRONI, ...single, ...ARCHIVE, ...set('podManagementPolicy=Parallel')]);
    expect(
      await orphans.kubectl([
        'get',
        'statefulset',
        'old-patroni',
        '--output',
        'jsonpath={.spec.podManagementPolicy} {.spec.template.spec.containers[0].env[?(@.name=="WALE_GS_PREFIX")].value}',
      ]),
    ).toBe('Parallel gs://bucket/wal');
  });

  test('refuse another bucket for a release that archives, since only half of it would move', async () => {
    await namespace.helm(['install', 'bound', SEED_CHART, ...single, ...ARCHIVE]);
    const upgrade = (...flags: readonly string[]): Promise<string> =>
      namespace.helm(['upgrade', 'bound', PATRONI, ...none, ...ARCHIVE, ...set(...flags)]);
    await expect(upgrade('walE.gcsBucket=other')).rejects.toThrow(/gs:\/\/bucket\/wal.*gs:\/\/other.*walE\.prefix/s);
    await expect(upgrade('walE.gcsBucket=', 'walE.s3Bucket=bucket')).rejects.toThrow(/s3:\/\/bucket.*walE\.prefix/s);
    await upgrade('walE.gcsBucket=other', 'walE.prefix=gs://other/wal');
    expect(await addressOf('bound-patroni')).toBe('gs://other/wal');
    await upgrade('walE.gcsBucket=other');
    expect(await addressOf('bound-patroni')).toBe('gs://other/wal');
  });

  test('go on where a recovery has moved the archive to, in S3 too', async () => {
    const s3 = set('walE.enable=true', 'walE.s3Bucket=bucket', 'walE.kubernetesSecret=key');
    const moved = 's3://bucket/spilo/shop-reset-7f3a';
    for (const [app, name, value] of [
      ['named', 'WALE_S3_PREFIX', moved],
      ['made', 'WAL_BUCKET_SCOPE_SUFFIX', '-reset-7f3a'],
    ] as const) {
      await namespace.helm(['install', app, PATRONI, ...none, ...s3]);
      await namespace.kubectl(['set', 'env', `statefulset/${app}-patroni`, `${name}=${value}`]);
      await namespace.helm(['upgrade', app, PATRONI, ...none, ...s3]);
      // As the release has it: a variable that only the StatefulSet had would be gone when this is made anew.
      const manifest = parseAllDocuments(await namespace.helm(['get', 'manifest', app])).map((one) => one.toJS());
      const { spec } = manifest.find((one) => one?.kind === 'StatefulSet');
      expect(spec.template.spec.containers[0].env).toContainEqual({ name, value });
    }
  });

  test('go on with the archive after a removal, as with the claims', async () => {
    await namespace.helm(['install', 'again', PATRONI, ...none, ...ARCHIVE]);
    await namespace.helm(['upgrade', 'again', PATRONI, ...none, ...ARCHIVE, ...set('walE.prefix=gs://bucket/moved')]);
    await namespace.helm(['uninstall', 'again']);
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'storage-volume-again-patroni-0' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await namespace.kubectl(['create', '--filename', '-'], JSON.stringify(claim));
    await namespace.helm(['install', 'again', PATRONI, ...none, ...ARCHIVE]);
    expect(await addressOf('again-patroni')).toBe('gs://bucket/moved');
    // Without its claims it is another cluster.
    await namespace.helm(['uninstall', 'again']);
    await namespace.kubectl(['delete', 'pvc', 'storage-volume-again-patroni-0']);
    await namespace.helm(['install', 'again', PATRONI, ...none, ...ARCHIVE]);
    expect(await addressOf('again-patroni')).toBe(`gs://bucket/wal/${namespace.name}-again-patroni`);

    // The Secret of a hook keeps nothing of the chart's.
    await namespace.helm(['install', 'taken', SEED_CHART, ...single, ...ARCHIVE]);
    await namespace.kubectl(['wait', '--for=create', 'pvc/storage-volume-taken-patroni-0', '--timeout=60s']);
    await namespace.helm(['upgrade', 'taken', PATRONI, ...none, ...ARCHIVE]);
    await namespace.helm(['uninstall', 'taken']);
    const install = ['install', 'taken', PATRONI, ...none, ...ARCHIVE];
    await expect(namespace.helm(install)).rejects.toThrow(/storage-volume-taken-patroni-0.*walE\.prefix/s);
    await namespace.helm([...install, ...set('walE.prefix=gs://bucket/wal')]);
    expect(await addressOf('taken-patroni')).toBe('gs://bucket/wal');
  });

  test('give a new release an address of its own', async () => {
    await namespace.helm(['install', 'new', PATRONI, ...none, ...ARCHIVE]);
    expect(await addressOf('new-patroni')).toBe(`gs://bucket/wal/${namespace.name}-new-patroni`);
  });

  test('say what is left over of a clone', async () => {
    const notes = await namespace.helm(['install', 'cloned', PATRONI, ...none, ...set('env.CLONE_SCOPE=other')]);
    expect(notes).toContain('TAKE OUT CLONE_SCOPE');
    expect(notes).toContain('THERE ARE NO BACKUPS');
  });
});
