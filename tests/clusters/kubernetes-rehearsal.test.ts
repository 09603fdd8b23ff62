import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { bootstrapPlace } from '../../src/bootstrap/place.ts';
import { planClone, requestFacts } from '../../src/bootstrap/plan-clone.ts';
import { newAttemptId } from '../../src/bootstrap/attempt.ts';
import type { CloneUses } from '../../src/bootstrap/uses.ts';
import { connect } from '../../src/instance/connection.ts';
import { openKubernetesApi } from '../../src/kubernetes/api/open.ts';
import type { KubernetesApi } from '../../src/kubernetes/api/kubernetes-api.ts';
import { policyOf } from '../../src/kubernetes/rehearse/pod-policy.ts';
import type { Rehearsals, RehearsalRequest, RehearsalSight } from '../../src/kubernetes/rehearse/rehearsal.ts';
import { rehearsalObjects } from '../../src/kubernetes/rehearse/rehearsal-objects.ts';
import { rehearsalsIn } from '../../src/kubernetes/rehearse/rehearsals-in.ts';
import type { VolumePlan } from '../../src/kubernetes/volume/volume-plan.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { startMinio, type S3TestServer } from '../support/minio.ts';
import { bedImageName } from '../support/kubernetes/bed-image.ts';
import { bedPlainImage } from '../support/kubernetes/bed-plain-image.ts';
import { HOST_ADDRESS, startBed, type Bed } from '../support/kubernetes/bed.ts';
import type { TestNamespace } from '../support/kubernetes/namespace.ts';
import { startShopCluster, SUPERUSER_PASSWORD, type ShopCluster } from '../support/kubernetes/shop-cluster.ts';

const bed: Bed | undefined = await startBed();

describe.skipIf(bed === undefined)('a rehearsal on a real Kubernetes', () => {
  let image: string;
  let namespace: TestNamespace;
  let s3: S3TestServer;
  let store: ObjectStore;
  let cluster: ShopCluster;
  let api: KubernetesApi;
  let rehearsals: Rehearsals;
  let folder: string;
  const xids: number[] = [];

  beforeAll(async () => {
    if (bed === undefined) return;
    const server = await startMinio({ host: HOST_ADDRESS });
    if (server === undefined) throw new Error('there is no server of S3');
    s3 = server;
    const archive = await s3.newBucket();
    store = await openStore(archive);
    namespace = await bed.namespace('k2');
    image = await bedImageName(bed);
    cluster = await startShopCluster(namespace, image, archive);
    api = await openKubernetesApi({ files: bed.kubeconfig, namespace: namespace.name });
    rehearsals = rehearsalsIn(api);
    folder = await mkdtemp(join(tmpdir(), 'walkback-k2-'));
    await cluster.exec('walkback', 'backup', 'take');
    await cluster.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
    const gone = 'with gone as (delete from orders where id <= $1 returning 1) select txid_current()';
    for (const last of ['40', '100']) xids.push(Number(await cluster.sql(gone.replace('$1', last))));
    await cluster.sql('insert into orders values (201)');
    await archived();
  }, 1_200_000);
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await namespace?.[Symbol.asyncDispose]();
    await s3?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }, 200_000);

  /** Waits until what was written is in the archive. */
  async function archived(): Promise<void> {
    const name = (await cluster.sql('select pg_walfile_name(pg_switch_wal())')).trim();
    const isThere = async () => {
      const answer = await cluster.sql('select coalesce(last_archived_wal, $$$$) from pg_stat_archiver');
      return answer.trim() >= name;
    };
    while (!(await isThere())) await sleep(500);
  }

  /** As the operator's machine makes it, of the archive alone. */
  async function planBefore(xid: number): Promise<VolumePlan> {
    const uses: CloneUses = {
      place: bootstrapPlace(join(folder, 'data')),
      store,
      writesTo: store,
      binariesOf: async () => '/',
      environment: {},
      user: 'postgres',
      nowUs: () => BigInt(Date.now()) * 1000n,
      onProgress: () => {},
      note: () => {},
    };
    const target = { kind: 'transaction', xid, side: 'before' } as const;
    const request = {
      scope: 'shop',
      target,
      timeline: undefined,
      major: undefined,
      upgradeMode: 'copy',
      again: true,
    } as const;
    const plan = await planClone(uses, request, { id: newAttemptId(), facts: requestFacts(uses, request, '') });
    const role = (purpose: 'superuser' | 'replication', user: string, variable: string) => ({
      purpose,
      user,
      password: { variable },
    });
    return {
      ...plan,
      user: 'postgres',
      roles: [
        role('superuser', 'postgres', 'PGPASSWORD_SUPERUSER'),
        role('replication', 'standby', 'PGPASSWORD_STANDBY'),
      ],
    };
  }

  async function requestFor(xid: number, change: Partial<RehearsalRequest> = {}): Promise<RehearsalRequest> {
    return {
      plan: await planBefore(xid),
      live: await cluster.live(api),
      place: { kind: 'newClaim', leastBytes: 0n },
      walkback: { kind: 'inImage' },
      archive: 'container',
      listens: true,
      ...change,
    };
  }

  const count = (rows: number) => [{ name: 'orders', sql: `select count(*) = ${rows} from orders` }];

  it('is admitted as Pod Security "restricted" wants it, with walkback in the image and brought along', async () => {
    for (const walkback of [{ kind: 'inImage' }, { kind: 'copied', image }] as const) {
      const { job, claim } = rehearsalObjects(await requestFor(xids[0] ?? 0, { walkback }));
      for (const object of [policyOf(job), claim, job]) {
        if (object !== undefined) await api.create(object, { isDryRun: true });
      }
      // The pod itself is judged when the Job makes it.
      const template = job.spec?.template;
      const metadata = { ...template?.metadata, name: 'k2-dry' };
      const pod = await api.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: template?.spec } as never, {
        isDryRun: true,
      });
      expect(pod).toMatchObject({ kind: 'Pod' });
    }
  });

  it('stands beside the live cluster, goes on after its pod was deleted, its deadline had passed or its Job was removed, steps, and is finished once that has stopped', async () => {
    const request = await requestFor(xids[0] ?? 0);
    const seen: string[] = [];
    const watch = {
      onSight: ({ status }: { status: { state: string } | undefined }) => seen.push(status?.state ?? ''),
    };
    const ref = await rehearsals.start(request);
    expect(await rehearsals.start(request)).toEqual(ref);
    await rehearsals.untilStanding(ref, watch);
    expect(seen).toContain('standing');
    const check = (rows: number, isWritable = false) =>
      rehearsals.check(ref, { checks: count(rows), database: 'postgres', isWritable }, {});
    expect(await check(100)).toMatchObject([{ passed: true }]);
    expect(await check(100, true)).toMatchObject([{ passed: true }]);
    // The live cluster goes on.
    expect((await cluster.sql('select count(*) from orders')).trim()).toBe('1');

    const { pod } = await rehearsals.look(ref);
    await namespace.kubectl(['delete', 'pod', pod ?? '', '--wait=true', '--timeout=400s']);
    const again = await rehearsals.untilStanding(ref, {});
    expect(again.starts).toBeGreaterThan(1);
    expect((await rehearsals.look(ref)).pod).not.toBe(pod);
    expect(await check(100)).toMatchObject([{ passed: true }]);

    const later = { ...(await planBefore(xids[1] ?? 0)), id: request.plan.id };
    await rehearsals.step(ref, later, {});
    expect(await check(60)).toMatchObject([{ passed: true }]);

    const deadline = JSON.stringify({ spec: { activeDeadlineSeconds: 1 } });
    await namespace.kubectl(['patch', 'job', ref.job, '--type', 'merge', '--patch', deadline]);
    await namespace.kubectl(['wait', '--for=condition=Failed', `job/${ref.job}`, '--timeout=300s']);
    await rehearsals.goOn(ref, request, {});
    expect(await check(60)).toMatchObject([{ passed: true }]);

    await using port = await rehearsals.openPort(ref);
    const address = { host: '127.0.0.1', port: port.port, user: 'postgres', database: 'postgres' };
    await using looking = await connect({ ...address, password: SUPERUSER_PASSWORD });
    expect(await looking.query('select count(*)::text as n from orders')).toEqual([{ n: '60' }]);
    await expect(connect({ ...address, password: 'wrong' })).rejects.toThrow(/password/);

    await cluster.scale(0);
    const live = await cluster.live(api);
    const tasks = { live, walkback: request.walkback, archive: request.archive, name: `${ref.id}-rest` };
    expect(await rehearsals.run({ ...tasks, tasks: [{ do: 'archiveRest' }, { do: 'probe' }] }, {})).toMatchObject([
      { did: 'archiveRest' },
      { did: 'probe', volume: { data: [{ place: 'live', timeline: 1, isShutDown: true }] } },
    ]);
    await namespace.kubectl(['delete', 'job', ref.job, '--wait=true', '--timeout=400s']);
    await rehearsals.goOn(ref, request, {});
    const finished = await rehearsals.finish(ref, {});
    expect(finished).toMatchObject({
      timeline: 2,
      reason: `before LSN ${later.target.lsn}`,
      dataDirectory: live.dataDirectory,
    });
    expect(await rehearsals.finish(ref, {})).toEqual(finished);
    await rehearsals.end(ref, {});
    await rehearsals.end(ref, {});
    const [probe] = await rehearsals.run(
      { ...tasks, name: `${ref.id}-probe`, claim: ref.claim, tasks: [{ do: 'probe' }] },
      {},
    );
    expect(probe).toMatchObject({ volume: { data: [{ place: 'live', timeline: 2, isShutDown: true }] } });
    await cluster.scale(1);
    expect((await cluster.sql('select count(*) from orders')).trim()).toBe('1');
    await rehearsals.discard(ref, request, {});
    expect(await api.get({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: ref.claim })).toBeUndefined();
  }, 1_800_000);

  it('is in the live volume with walkback brought along, refuses to be swapped in before it is finished, and is thrown away', async (test) => {
    if (bed === undefined) return;
    const plainImage = await bedPlainImage(bed);
    if (plainImage === undefined) return test.skip('there is no image without walkback, and none can be made');
    const request = await requestFor(xids[0] ?? 0, {
      place: { kind: 'inVolume' },
      walkback: { kind: 'copied', image },
    });
    const [server] = request.live.podSpec.containers;
    if (server === undefined) throw new Error('no container');
    const plain = {
      ...request.live,
      podSpec: { ...request.live.podSpec, containers: [{ ...server, image: plainImage }] },
    };
    const ref = await rehearsals.start({ ...request, live: plain });
    await rehearsals.untilStanding(ref, {});
    const checks = { checks: count(100), database: 'postgres', isWritable: false };
    expect(await rehearsals.check(ref, checks, {})).toMatchObject([{ passed: true }]);
    const swap = { ...request, name: `${ref.id}-swap`, tasks: [{ do: 'swap', id: ref.id }] } as const;
    await expect(rehearsals.run(swap, {})).rejects.toThrow(/does|not finished/);
    await rehearsals.discard(ref, { ...request, live: plain }, {});
    expect(await cluster.exec('ls', `/home/postgres/pgdata/pgroot/data.walkback/${ref.id}`)).not.toMatch(/^data$/m);
    expect((await cluster.sql('select count(*) from orders')).trim()).toBe('1');
  }, 1_200_000);

  it('leaves no short Job behind that would work when its pod can start at last', async () => {
    const { live, walkback, archive } = await requestFor(xids[0] ?? 0);
    const name = `${newAttemptId()}-probe`;
    const request = { name, live, walkback, archive, tasks: [{ do: 'probe' }] } as const;
    const job = { apiVersion: 'batch/v1', kind: 'Job', name: `walkback-${name}` };
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'full' },
      spec: { hard: { pods: '0' } },
    };
    await namespace.kubectl(['apply', '--filename', '-'], JSON.stringify(quota));
    try {
      // Given up where it waits, as by a process that is killed: the Job is there still, and whoever goes on ends it.
      const given = new AbortController();
      const onSight = ({ trouble }: RehearsalSight) => (trouble === undefined ? undefined : given.abort());
      await expect(rehearsals.run(request, { onSight, signal: given.signal })).rejects.toThrow(/abort/i);
      expect(await api.get(job)).toBeDefined();
      await rehearsals.endRun(name, {});
      expect(await api.get(job)).toBeUndefined();
      // One that says itself that nothing comes of it takes it away.
      await expect(rehearsals.run(request, {})).rejects.toThrow(/quota/);
      expect(await api.get(job)).toBeUndefined();
    } finally {
      await namespace.kubectl(['delete', 'resourcequota', 'full']);
    }
    expect(await rehearsals.run(request, {})).toMatchObject([{ did: 'probe' }]);
  }, 1_200_000);

  it('tells in plain words why its pod does not come up', async () => {
    const request = await requestFor(xids[0] ?? 0);
    const [server] = request.live.podSpec.containers;
    if (server === undefined) throw new Error('no container');
    const with_ = (change: object) => ({
      ...request.live,
      podSpec: { ...request.live.podSpec, containers: [{ ...server, ...change }] },
    });
    const troubles: [object, RegExp][] = [
      [{ image: 'walkback.local/none:1' }, /image walkback\.local\/none:1/],
      [{ resources: { requests: { memory: '900Gi' } } }, /no node takes the pod/],
      [{ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'none', key: 'x' } } }] }, /secret "none" not found/],
    ];
    for (const [change, words] of troubles) {
      const plan = { ...request.plan, id: newAttemptId() };
      const ref = await rehearsals.start({ ...request, plan, live: with_(change) });
      const trouble = async () => (await rehearsals.look(ref)).trouble?.message ?? '';
      await expect.poll(trouble, { timeout: 300_000, interval: 500 }).toMatch(words);
      await rehearsals.discard(ref, { ...request, plan }, {});
    }
  }, 1_200_000);
});
