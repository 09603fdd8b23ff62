/**
 * The client of the Kubernetes API, on a real API server: what its answers are taken for.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { KubernetesApi } from '../../src/kubernetes/api/kubernetes-api.ts';
import type { ConfigMap, Pod } from '../../src/kubernetes/api/kubernetes-objects.ts';
import { openKubernetesApi } from '../../src/kubernetes/api/open.ts';
import { bedImageName } from '../support/kubernetes/bed-image.ts';
import { startBed, type Bed } from '../support/kubernetes/bed.ts';
import type { TestNamespace } from '../support/kubernetes/namespace.ts';

const bed = await startBed();

const MAP = { apiVersion: 'v1', kind: 'ConfigMap', name: 'one' };
const POD = { apiVersion: 'v1', kind: 'Pod', name: 'worker' };
const RUNNERS = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', name: 'runners' };

function workerPod(userId: number, image: string): object {
  return {
    ...POD,
    metadata: { name: POD.name },
    spec: {
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: userId, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'main',
          image,
          imagePullPolicy: 'Never',
          command: ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo line $i; sleep 1; done'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}

describe.skipIf(bed === undefined)('the API of a namespace', () => {
  let there: Bed;
  let namespace: TestNamespace;
  let api: KubernetesApi;

  beforeAll(async () => {
    there = bed ?? expect.unreachable();
    namespace = await there.namespace('k1-api');
    api = await openKubernetesApi({ files: there.kubeconfig, namespace: namespace.name });
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await namespace[Symbol.asyncDispose]();
  });

  test('says where it is', () => {
    expect(api.where).toMatchObject({ context: 'bed', namespace: namespace.name });
  });

  test('makes, reads, changes, replaces and removes an object, with its version and uid as preconditions', async () => {
    expect(await api.get(MAP)).toBeUndefined();
    const made = await api.create<ConfigMap>({ ...MAP, metadata: { name: MAP.name }, data: { a: '1' } });
    await expect(api.create({ ...MAP, metadata: { name: MAP.name } })).rejects.toMatchObject({ kind: 'conflict' });
    const { uid = '', resourceVersion = '' } = made.metadata ?? {};
    const changed = await api.patch<ConfigMap>(MAP, {
      type: 'merge',
      body: { metadata: { resourceVersion }, data: { a: '2' } },
    });
    expect(changed.data).toEqual({ a: '2' });
    await expect(
      api.patch(MAP, { type: 'merge', body: { metadata: { resourceVersion }, data: { a: '3' } } }),
    ).rejects.toMatchObject({ kind: 'conflict' });
    await expect(api.replace({ ...made, data: { a: '4' } })).rejects.toMatchObject({ kind: 'conflict' });
    const tried = await api.patch<ConfigMap>(
      MAP,
      { type: 'json', body: [{ op: 'add', path: '/data/b', value: '1' }] },
      { isDryRun: true },
    );
    expect([tried.data, (await api.get<ConfigMap>(MAP))?.data]).toEqual([{ a: '2', b: '1' }, { a: '2' }]);
    expect((await api.replace({ ...changed, data: { a: '5' } })).data).toEqual({ a: '5' });
    await expect(api.delete(MAP, { uid: '00000000-0000-0000-0000-000000000000' })).rejects.toMatchObject({
      kind: 'conflict',
    });
    await api.delete(MAP, { uid });
    expect(await api.until(MAP, 'it to be gone', (map) => map === undefined, { timeoutMs: 20_000 })).toBeUndefined();
    await api.delete(MAP);
  });

  test('lists by label, over every page, with kind and version on each', async () => {
    const names = Array.from({ length: 3 }, (_, index) => `listed-${index}`);
    for (const name of names) {
      await api.create({ ...MAP, metadata: { name, labels: { of: 'a-list' } } });
    }
    const found = await api.list<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap' }, { labels: 'of=a-list' });
    expect(found.map(({ kind, metadata }) => [kind, metadata?.name])).toEqual(names.map((name) => ['ConfigMap', name]));
  });

  test('refuses what the namespace does not admit, and does not call it a missing right', async () => {
    const pod = { ...POD, metadata: { name: 'bad' }, spec: { containers: [{ name: 'a', image: 'x' }] } };
    await expect(api.create(pod)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('violates PodSecurity'),
    });
  });

  test('knows kinds that are not in its table, from the server', async () => {
    expect(await api.list({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' })).toEqual([]);
    await expect(api.list({ apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot' })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('does not know it'),
    });
  });

  test('names verb, resource and namespace of a missing right, and asks for rights beforehand', async () => {
    const actAs = `system:serviceaccount:${namespace.name}:default`;
    await using poor = await openKubernetesApi({ files: there.kubeconfig, namespace: namespace.name, actAs });
    await expect(poor.get({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' })).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining(`get statefulsets/db in namespace ${namespace.name}`),
      remedy: expect.stringContaining('get statefulsets.apps'),
    });
    const right = { verb: 'patch', group: '', resource: 'persistentvolumes', isClusterWide: true };
    expect([await poor.isAllowed(right), await api.isAllowed(right)]).toEqual([false, true]);
    expect(await api.isAllowed({ verb: 'patch', group: 'apps', resource: 'statefulsets/scale' })).toBe(true);
    expect(poor.where.user).toBe(actAs);
  });

  test('waits with the right to look alone, without that to watch', async () => {
    const actAs = `system:serviceaccount:${namespace.name}:looker`;
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }];
    const group = 'rbac.authorization.k8s.io';
    for (const object of [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'looker' } },
      { apiVersion: `${group}/v1`, kind: 'Role', metadata: { name: 'looker' }, rules },
      {
        apiVersion: `${group}/v1`,
        kind: 'RoleBinding',
        metadata: { name: 'looker' },
        roleRef: { apiGroup: group, kind: 'Role', name: 'looker' },
        subjects: [{ kind: 'ServiceAccount', name: 'looker' }],
      },
    ]) {
      await api.create(object);
    }
    await using looker = await openKubernetesApi({ files: there.kubeconfig, namespace: namespace.name, actAs });
    const ref = { ...MAP, name: 'awaited' };
    const waiting = looker.until<ConfigMap>(ref, 'it to be there', (map) => map !== undefined, { timeoutMs: 30_000 });
    await sleep(500);
    await api.create({ ...ref, metadata: { name: ref.name } });
    expect((await waiting)?.metadata?.name).toBe('awaited');
  });

  test('goes on over a way to the server that is cut, with its watch, and stays away for seconds', async () => {
    await using way = await startWay(api.where.server);
    const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
    const files = join(folder, 'config');
    await writeFile(files, (await readFile(there.kubeconfig, 'utf8')).replace(api.where.server, way.server));
    await using cut = await openKubernetesApi({ files, namespace: namespace.name });
    const ref = { ...MAP, name: 'over-a-cut' };
    const waiting = cut.until<ConfigMap>(ref, 'it to be there', (map) => map !== undefined, { timeoutMs: 120_000 });
    await sleep(1000);
    await way.cut();
    const reading = cut.get({ ...MAP, name: 'none' });
    await sleep(3000);
    await way.open();
    expect(await reading).toBeUndefined();
    await cut.create({ ...ref, metadata: { name: ref.name } });
    expect((await waiting)?.metadata?.name).toBe(ref.name);
    await rm(folder, { recursive: true });
  });

  describe('with a pod', () => {
    beforeAll(async () => {
      await api.create(workerPod(namespace.userId, await bedImageName(there)));
      await api.until<Pod>(POD, 'the worker to run', (pod) => pod?.status?.phase === 'Running', { timeoutMs: 120_000 });
    });

    test('runs a program: both outputs apart, its exit code, its input to the end', async () => {
      const outcome = await api.exec(POD.name, 'main', ['sh', '-c', 'echo out; echo err >&2; exit 7']);
      expect(outcome).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
      const stdin = 'päss\n'.repeat(20_000);
      const counted = await api.exec(POD.name, 'main', ['sh', '-c', 'wc -c; echo done'], { stdin });
      expect(counted.stdout.trim().split(/\s+/)).toEqual([String(Buffer.byteLength(stdin)), 'done']);
    });

    test('runs a program as a member of a group that may, and for nobody else', async () => {
      const group = 'rbac.authorization.k8s.io';
      const rules = [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] }];
      await api.create({ ...RUNNERS, metadata: { name: RUNNERS.name }, rules });
      await api.create({
        apiVersion: `${group}/v1`,
        kind: 'RoleBinding',
        metadata: { name: RUNNERS.name },
        roleRef: { apiGroup: group, kind: 'Role', name: RUNNERS.name },
        subjects: [{ kind: 'Group', apiGroup: group, name: 'runners' }],
      });
      const whole = { files: there.kubeconfig, namespace: namespace.name, actAs: 'ann' };
      await using ann = await openKubernetesApi(whole);
      await expect(ann.exec(POD.name, 'main', ['true'])).rejects.toMatchObject({ kind: 'denied' });
      await using runner = await openKubernetesApi({ ...whole, actAsGroups: ['runners'] });
      expect(await runner.exec(POD.name, 'main', ['echo', 'ran'])).toMatchObject({ exitCode: 0, stdout: 'ran\n' });
    });

    test('hands on a large output whole', async () => {
      const { stdout } = await api.exec(POD.name, 'main', ['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x']);
      expect(stdout.length).toBe(3_000_000);
    });

    test('says which program is not there, and which container', async () => {
      await expect(api.exec(POD.name, 'main', ['no-such-program'])).rejects.toMatchObject({ kind: 'failed' });
      await expect(api.exec(POD.name, 'none', ['true'])).rejects.toMatchObject({
        message: expect.stringContaining('pods/worker/exec'),
      });
    });

    test('reads a log, and follows it line by line until it is enough', async () => {
      expect(await api.logs(POD.name, 'main', { tailLines: 1 })).toMatch(/^line \d+\n$/);
      const enough = new AbortController();
      const lines: string[] = [];
      for await (const line of api.followLogs(POD.name, 'main', enough.signal)) {
        lines.push(line);
        if (lines.length === 3) enough.abort();
      }
      expect(lines).toEqual(['line 1', 'line 2', 'line 3']);
    });

    test('forwards a port, for several connections one after the other', async () => {
      const script =
        'const s = require("net").createServer((c) => c.end("hello")); s.listen(9999, () => console.log("up"))';
      const serving = new AbortController();
      const { promise: isUp, resolve } = Promise.withResolvers<undefined>();
      const server = api
        .exec(POD.name, 'main', ['node', '-e', script], { signal: serving.signal, onStdout: () => resolve(undefined) })
        .catch(() => undefined);
      await Promise.race([isUp, server]);
      await using port = await api.forwardPort(POD.name, 9999);
      for (const _ of [1, 2]) {
        const answer = await fetchRaw(port.port);
        expect(answer).toBe('hello');
      }
      serving.abort();
      await server;
    });
  });
});

/** What a server says to whoever connects. */
async function fetchRaw(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const pieces = await Array.fromAsync(socket as AsyncIterable<Buffer>);
  return Buffer.concat(pieces).toString();
}

/** A way to the server that this test alone goes, and can cut: the server's certificate is good for 127.0.0.1. */
async function startWay(server: string) {
  const target = new URL(server);
  const open = new Set<Socket>();
  const listener: Server = createServer((client) => {
    const behind = connect(Number(target.port), target.hostname);
    for (const socket of [client, behind]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        open.delete(socket);
        client.destroy();
        behind.destroy();
      });
    }
    client.pipe(behind).pipe(client);
  });
  const listen = async (port: number) =>
    new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', () => resolve()));
  const cut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
    for (const socket of open) socket.destroy();
    await closed;
  };
  await listen(0);
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new TypeError('a server without a port');
  return {
    server: `https://127.0.0.1:${address.port}`,
    cut,
    open: async () => listen(address.port),
    [Symbol.asyncDispose]: cut,
  };
}
