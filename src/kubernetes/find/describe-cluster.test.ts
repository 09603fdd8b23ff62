import { describe, expect, it } from 'vitest';

import type { StatefulSet } from '../api/kubernetes-objects.ts';
import { databaseContainer, dataPlace, probesOf } from './database-container.ts';
import { bytesOfQuantity } from './quantity.ts';
import { ordinalOf } from './describe-cluster.ts';
import { patroniMap, seedClaim, seedCluster, seedParts, seedPod, seedStatefulSet } from './testing/made-objects.ts';

const NAME = 'cas-metabase-patroni';

describe("the seed's cluster", () => {
  const cluster = seedCluster();

  it('is found with its claims by their template', () => {
    expect(cluster.claimTemplate).toEqual({
      name: 'storage-volume',
      sizeBytes: 1024n ** 3n,
      storageClass: 'netapp-block-standard',
      accessModes: ['ReadWriteOnce'],
    });
    expect(cluster.members.map(({ claim }) => claim?.name)).toEqual([
      `storage-volume-${NAME}-0`,
      `storage-volume-${NAME}-1`,
    ]);
    expect(cluster.members[0]?.claim?.volume).toEqual({ name: 'pv-0', reclaimPolicy: 'Delete', nodes: ['node-1'] });
    expect(cluster.retention).toEqual({ whenScaled: 'Retain', whenDeleted: 'Retain' });
  });

  it('has its data below PGROOT, on the claim', () => {
    expect(cluster.data).toEqual({
      dataDirectory: '/home/postgres/pgdata/pgroot/data',
      from: 'PGROOT',
      mountPath: '/home/postgres/pgdata',
      subPath: undefined,
      volume: 'storage-volume',
    });
  });

  it('has the leader that holds the lock', () => {
    expect(cluster.leader).toBe(`${NAME}-0`);
    expect(cluster.members.map(({ pod }) => pod?.role)).toEqual(['leader', 'replica']);
  });

  it('has the exact names of Patroni, and its labels', () => {
    expect(cluster.patroni).toMatchObject({
      scope: NAME,
      kind: 'ConfigMap',
      scopeLabel: 'app',
      labels: { app: NAME, release: 'cas-metabase' },
      roleLabel: 'spilo-role',
      config: { name: `${NAME}-config`, isThere: true, isOurs: true },
      leader: { name: `${NAME}-leader` },
      failover: { name: `${NAME}-failover`, isThere: false, isOurs: true },
      sync: { name: `${NAME}-sync` },
      initialize: '7362115390412345678',
    });
  });

  it('is kept by Helm, in an image that moves, of the users of its namespace', () => {
    expect(cluster).toMatchObject({
      keeper: { kind: 'Helm', name: 'cas-metabase' },
      isImageMoving: true,
      imageId: 'ghcr.io/bcgov/cas-postgres@sha256:abc',
      userRange: '1000680000/10000',
      fsGroup: 1_000_680_000,
    });
  });

  it('shows no secret', () => {
    const password = cluster.variables.find(({ name }) => name === 'PGPASSWORD_SUPERUSER');
    expect(password).toEqual({
      name: 'PGPASSWORD_SUPERUSER',
      value: undefined,
      from: `secret ${NAME}, key password-superuser`,
      problem: undefined,
    });
    expect(
      JSON.stringify(seedCluster(), (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('"tea"');
  });
});

describe('a cluster', () => {
  it('that keeps its state in Endpoints has the leader in those of its own name', () => {
    const statefulSet = seedStatefulSet();
    const container = statefulSet.spec?.template.spec?.containers[0];
    if (container?.env === undefined) throw new TypeError('no environment');
    container.env = container.env.filter(({ name }) => name !== 'KUBERNETES_USE_CONFIGMAPS');
    const cluster = seedCluster({ statefulSet });
    expect(cluster.patroni?.kind).toBe('Endpoints');
    expect(cluster.patroni?.leader.name).toBe(NAME);
  });

  it('whose object has other labels is told from its own', () => {
    const parts = seedParts();
    if (parts.patroni === undefined) throw new TypeError('no Patroni');
    const foreign = patroniMap(`${NAME}-failover`, {}, { app: 'other', release: 'x' });
    const cluster = seedCluster({ patroni: { ...parts.patroni, read: { ...parts.patroni.read, failover: foreign } } });
    expect(cluster.patroni?.failover).toMatchObject({ isThere: true, isOurs: false });
  });

  it.each(['master', 'primary'])('without a lock is led by the pod with the label %s', (role) => {
    const parts = seedParts();
    if (parts.patroni === undefined) throw new TypeError('no Patroni');
    const objects = { ...parts.objects, pods: [seedPod(0, 'replica'), seedPod(1, role)] };
    const cluster = seedCluster({
      objects,
      patroni: { ...parts.patroni, read: { ...parts.patroni.read, leader: undefined } },
    });
    expect(cluster.leader).toBe(`${NAME}-1`);
  });

  it('that was scaled down still has the claims that it left behind', () => {
    const parts = seedParts();
    const objects = { ...parts.objects, pods: [], claims: [seedClaim(0), seedClaim(1), seedClaim(2)] };
    expect(seedCluster({ objects }).members.map(({ ordinal, pod }) => [ordinal, pod])).toEqual([
      [0, undefined],
      [1, undefined],
      [2, undefined],
    ]);
  });

  it('whose volumes this user may not read says so', () => {
    const parts = seedParts();
    const cluster = seedCluster({ objects: { ...parts.objects, volumes: [] }, canReadVolumes: false });
    expect(cluster.members[0]?.claim?.volume).toBe('unreadable');
  });
});

function plain(image: string, env: { name: string; value: string }[], mountPath: string): StatefulSet {
  return {
    metadata: { name: 'db' },
    spec: {
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: {
        spec: {
          containers: [
            { name: 'metrics', image: 'bitnami/postgres-exporter:0.15' },
            {
              name: 'postgresql',
              image,
              env,
              ports: [{ containerPort: 5432 }],
              volumeMounts: [{ name: 'data', mountPath }],
            },
          ],
        },
      },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }],
    },
  };
}

describe('a StatefulSet without Patroni', () => {
  it.each([
    ['bitnami/postgresql:17', [], '/bitnami/postgresql', '/bitnami/postgresql/data'],
    [
      'bitnami/postgresql:17',
      [{ name: 'PGDATA', value: '/bitnami/postgresql/data17' }],
      '/bitnami/postgresql',
      '/bitnami/postgresql/data17',
    ],
    ['postgres:16', [], '/var/lib/postgresql/data', '/var/lib/postgresql/data'],
    [
      'postgres:16',
      [{ name: 'PGDATA', value: '/var/lib/postgresql/data/pgdata' }],
      '/var/lib/postgresql/data',
      '/var/lib/postgresql/data/pgdata',
    ],
  ])('of %s with %j has its data there', (image, env, mountPath, expected) => {
    const statefulSet = plain(image, env, mountPath);
    const container = databaseContainer(statefulSet);
    expect(container?.name).toBe('postgresql');
    if (container === undefined) return;
    const place = dataPlace(statefulSet, container, new Map(env.map(({ name, value }) => [name, value])));
    expect(place).toMatchObject({ dataDirectory: expected, mountPath, volume: 'data' });
  });

  it('believes the running server before anything else', () => {
    const statefulSet = plain('postgres:18', [], '/var/lib/postgresql');
    const container = databaseContainer(statefulSet);
    if (container === undefined) throw new TypeError('no container');
    expect(dataPlace(statefulSet, container, new Map(), '/var/lib/postgresql/18/docker')).toMatchObject({
      dataDirectory: '/var/lib/postgresql/18/docker',
      from: 'the running server',
      mountPath: '/var/lib/postgresql',
    });
  });

  it('whose data is on no claim says so', () => {
    const statefulSet = plain('postgres:16', [], '/elsewhere');
    const container = databaseContainer(statefulSet);
    if (container === undefined) throw new TypeError('no container');
    expect(dataPlace(statefulSet, container, new Map()).volume).toBeUndefined();
  });

  it('that runs something else is none', () => {
    const statefulSet = plain('redis:7', [], '/data');
    statefulSet.spec?.template.spec?.containers.splice(0, 2, { name: 'redis', image: 'redis:7' });
    expect(databaseContainer(statefulSet)).toBeUndefined();
  });
});

describe('a probe', () => {
  it('is told with the time after which it kills', () => {
    const container = databaseContainer(seedStatefulSet());
    if (container === undefined) throw new TypeError('no container');
    expect(probesOf(container)).toEqual([{ kind: 'liveness', does: 'GET /health :8008', failsAfterS: 220 }]);
  });
});

describe('an amount', () => {
  it.each([
    ['1Gi', 1024n ** 3n],
    ['1G', 10n ** 9n],
    ['0.5Ti', 549_755_813_888n],
    ['1e3', 1000n],
    ['1500m', 2n],
    ['1073741824', 1024n ** 3n],
    ['much', undefined],
    [undefined, undefined],
  ])('%s is %s bytes', (text, expected) => {
    expect(bytesOfQuantity(text)).toBe(expected);
  });
});

describe('an ordinal', () => {
  it.each([
    ['db', 'db-0', 0],
    ['db', 'db-12', 12],
    ['db', 'db-bar-0', undefined],
    ['db', 'db-', undefined],
    ['db', 'other-0', undefined],
    ['db', undefined, undefined],
  ])('of %s in %s is %s', (statefulSet, pod, expected) => {
    expect(ordinalOf(statefulSet, pod)).toBe(expected);
  });
});
