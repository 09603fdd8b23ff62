/**
 * Clusters in a real namespace, found from their StatefulSets, looked at, and their archives read with their own settings.
 */

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openKubernetesApi } from '../../src/kubernetes/api/open.ts';
import type { KubernetesApi } from '../../src/kubernetes/api/kubernetes-api.ts';
import type { Pod } from '../../src/kubernetes/api/kubernetes-objects.ts';
import { findCluster } from '../../src/kubernetes/find/find-cluster.ts';
import { until } from '../support/archived-cluster.ts';
import { startBedArchive, type BedArchive } from '../support/kubernetes/bed-archive.ts';
import { bedImageName } from '../support/kubernetes/bed-image.ts';
import { startBed, type Bed } from '../support/kubernetes/bed.ts';
import {
  HIDDEN_KEY,
  applyHandMade,
  patroniObjects,
  plainObjects,
  type HandMade,
} from '../support/kubernetes/hand-made.ts';
import type { TestNamespace } from '../support/kubernetes/namespace.ts';
import { runWalkback } from '../support/walkback-process.ts';

const bed = await startBed();

interface Inspected {
  readonly where: { readonly context: string; readonly namespace: string };
  readonly archive: { readonly address?: string; readonly failure?: { readonly message: string } };
  readonly ways: readonly { readonly way: string; readonly missing: readonly { readonly resource: string }[] }[];
  readonly problems: readonly { readonly level: string; readonly topic: string; readonly text: string }[];
}

describe.skipIf(bed === undefined)('a namespace with three clusters', () => {
  let there: Bed;
  let namespace: TestNamespace;
  let stored: BedArchive;
  let api: KubernetesApi;
  let environment: Readonly<Record<string, string>>;

  const untilReady = async (pod: string): Promise<void> => {
    await api.until<Pod>(
      { apiVersion: 'v1', kind: 'Pod', name: pod },
      `${pod} to be ready`,
      (found) => (found?.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
      { timeoutMs: 600_000 },
    );
  };
  const untilLed = async (name: string): Promise<void> =>
    until(
      `${name} has a leader`,
      async () => (await findCluster(api, { statefulSet: name })).cluster.leader === `${name}-0`,
      600_000,
    );
  const walkback = async (...args: readonly string[]) => runWalkback([...args, '-n', namespace.name], environment);
  const inspect = async (name: string, ...more: readonly string[]): Promise<Inspected> => {
    const { code, out, err } = await walkback('cluster', 'inspect', '--statefulset', name, '--json', ...more);
    if (out === '') throw new Error(err);
    const inspected = JSON.parse(out) as Inspected;
    const levels = inspected.problems.map(({ level }) => level);
    expect(code).toBe(levels.includes('act') ? 2 : levels.length > 0 ? 1 : 0);
    return inspected;
  };

  beforeAll(async () => {
    there = bed ?? expect.unreachable();
    stored = (await startBedArchive()) ?? expect.unreachable();
    namespace = await there.namespace('k1-find');
    api = await openKubernetesApi({ files: there.kubeconfig, namespace: namespace.name });
    environment = { KUBECONFIG: there.kubeconfig, HOME: tmpdir() };
    const common = { namespace, image: await bedImageName(there) };
    const shop: HandMade = { ...common, name: 'shop', archive: stored };
    const old: HandMade = { ...common, name: 'old', archive: undefined };
    const plain: HandMade = { ...common, name: 'plain', archive: stored };
    await applyHandMade(there, shop, patroniObjects(shop, 'ConfigMap'));
    await applyHandMade(there, old, patroniObjects(old, 'Endpoints'));
    await applyHandMade(there, plain, plainObjects(plain));
    await untilReady('shop-0');
    await untilReady('old-0');
    await untilReady('plain-0');
    await untilLed('shop');
    await untilLed('old');
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await namespace[Symbol.asyncDispose]();
    await stored[Symbol.asyncDispose]();
  });

  test('lists them, and says where', async () => {
    const { code, out } = await walkback('cluster', 'list');
    expect(code).toBe(0);
    expect(out).toContain(`namespace ${namespace.name}  context bed`);
    expect(out).toMatch(/3 clusters:\n {2}old .*\n {2}plain .*\n {2}shop /);
  });

  test('asks which one is meant', async () => {
    const { code, err } = await walkback('cluster', 'inspect');
    expect(code).not.toBe(0);
    expect(err).toContain('there are: old, plain, shop');
  });

  test('with its state in ConfigMaps is found whole', async () => {
    const { cluster } = await findCluster(api, { scope: 'shop' });
    expect(cluster).toMatchObject({
      name: 'shop',
      replicas: 1,
      container: 'patroni',
      data: { dataDirectory: '/home/postgres/pgdata/pgroot/data', from: 'the running server', volume: 'data' },
      claimTemplate: { name: 'data', sizeBytes: 512n * 1024n ** 2n },
      runAsUser: namespace.userId,
      patroni: {
        scope: 'shop',
        kind: 'ConfigMap',
        config: { name: 'shop-config', isThere: true, isOurs: true },
        leader: { name: 'shop-leader', isThere: true, isOurs: true },
        lockHolder: 'shop-0',
        initialize: expect.stringMatching(/^\d{19}$/),
      },
      members: [
        { pod: { role: 'leader', timeline: 1 }, claim: { phase: 'Bound', volume: { reclaimPolicy: 'Delete' } } },
      ],
    });
    expect(cluster.postgresMajor).toBeGreaterThan(13);
    expect(cluster.userRange).toMatch(/^\d+\/10000$/);
    expect(cluster.members[0]?.claim?.volume).toMatchObject({ nodes: [expect.any(String)] });
  });

  test('with its state in Endpoints is found by their names', async () => {
    const { cluster } = await findCluster(api, { statefulSet: 'old' });
    expect(cluster.patroni).toMatchObject({
      kind: 'Endpoints',
      leader: { name: 'old', isThere: true, isOurs: true },
      config: { name: 'old-config', isThere: true },
      lockHolder: 'old-0',
    });
  });

  test('without Patroni has its data where only the running server says', async () => {
    const { cluster } = await findCluster(api, { statefulSet: 'plain' });
    expect(cluster).toMatchObject({
      container: 'postgresql',
      patroni: undefined,
      leader: 'plain-0',
      data: { dataDirectory: '/var/lib/store/sixteen/main', from: 'the running server', mountPath: '/var/lib/store' },
    });
  });

  test('tells what is wrong with it, without a secret in what it says', async () => {
    const found = await inspect('shop');
    expect(found.where).toMatchObject({ context: 'bed', namespace: namespace.name });
    const said = found.problems.map(({ level, topic }) => `${level} ${topic}`);
    expect(said).toContain('act probe');
    expect(said).toContain('look volumes');
    const { out } = await walkback('cluster', 'inspect', '--statefulset', 'shop');
    const all = `${JSON.stringify(found)}${out}`;
    expect(all).not.toContain(HIDDEN_KEY);
    expect(all).not.toContain('tea-of-the-test');
    for (const line of out.split('\n').filter((one) => !/kubectl|walkback /.test(one)))
      expect(line.length).toBeLessThanOrEqual(80);
  });

  test('tells of a cluster without an archive that nothing can be recovered', async () => {
    const { archive, problems } = await inspect('old');
    expect(archive.failure?.message).toContain('no variable of its pods names one');
    expect(problems.some(({ level, topic }) => level === 'act' && topic === 'archive')).toBe(true);
  });

  test('tells which rights a service account lacks, by way', async () => {
    await there.kubectl([
      '-n',
      namespace.name,
      'create',
      'rolebinding',
      'dev',
      '--clusterrole=admin',
      `--serviceaccount=${namespace.name}:dev`,
    ]);
    const { ways } = await inspect('shop', '--as', `system:serviceaccount:${namespace.name}:dev`);
    const lacking = new Map(ways.map(({ way, missing }) => [way, missing.map(({ resource }) => resource)]));
    expect(lacking.get('rebind')).toContain('persistentvolumes');
    expect(lacking.get('in-volume')).not.toContain('persistentvolumes');
  });

  test('is read by the history commands with the settings of its pods', async () => {
    await until(
      'the archive has WAL',
      async () => (await walkback('window', '--statefulset', 'shop')).code === 0,
      300_000,
    );
    const exec = async (sql: string) =>
      api
        .exec('shop-0', 'patroni', ['psql', '-U', 'postgres', '-h', '/run/postgresql', '-Atc', sql])
        .then(({ stdout }) => stdout.trim());
    await exec('create table orders (id int)');
    await exec('insert into orders select generate_series(1, 77)');
    await exec('select pg_switch_wal()');
    await until(
      'the rows are in the archive',
      async () => (await walkback('log', '--statefulset', 'shop', '--table', 'orders')).out.includes('+77'),
      300_000,
    );
    const { cluster } = await inspect('shop').then(async () => findCluster(api, { statefulSet: 'shop' }));
    const { out } = await walkback('window', '--statefulset', 'shop');
    expect(out).toContain(`system ${cluster.patroni?.initialize ?? ''}`);
    expect(out).toContain(`${namespace.name}/shop`);
  }, 900_000);

  test('of a plain cluster has an address of its own, and nothing in it yet', async () => {
    const { archive } = await inspect('plain');
    expect(archive.failure?.message).toMatch(/plain/);
    const { code, err } = await walkback('window', '--statefulset', 'plain');
    expect(code).not.toBe(0);
    expect(err).toContain(`gs://${stored.bucket}/plain`);
  });

  test('leaves no file of a Secret behind', async () => {
    const left = (await readdir(tmpdir())).filter((name) => /^walkback-[A-Za-z0-9]{6}$/.test(name));
    expect(left.filter((name) => existsSync(`${tmpdir()}/${name}/WALG_LIBSODIUM_KEY_PATH`))).toEqual([]);
  });
});
