/**
 * Volumes of a StatefulSet exchanged on a real API server, by a process that is killed before each of its changes in turn.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { KubernetesApi } from '../../src/kubernetes/api/kubernetes-api.ts';
import type { Lease, PersistentVolume, PersistentVolumeClaim } from '../../src/kubernetes/api/kubernetes-objects.ts';
import { openKubernetesApi } from '../../src/kubernetes/api/open.ts';
import {
  claimRef,
  exchangeClaim,
  retainVolume,
  volumeRef,
  type Exchange,
} from '../../src/kubernetes/recover/exchange-claim.ts';
import type { SwapContext } from '../../src/kubernetes/recover/context.ts';
import { holdLease } from '../../src/kubernetes/recover/lease.ts';
import { clearStatus } from '../../src/kubernetes/recover/open-steps.ts';
import { checkStillDown, statefulSetRef, untilUnused } from '../../src/kubernetes/recover/pods-gone.ts';
import { scaleTo } from '../../src/kubernetes/recover/scale.ts';
import { startBed, type Bed } from '../support/kubernetes/bed.ts';
import { dyingApi, Killed } from '../support/kubernetes/killed-api.ts';
import type { TestNamespace } from '../support/kubernetes/namespace.ts';
import { until } from '../support/archived-cluster.ts';

const bed = await startBed();

/** More changes than an exchange has. */
const MOST = 20;

function podSpec(userId: number, claimName: string | undefined): object {
  return {
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      fsGroup: userId,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'pause',
        image: 'k8sbed.local/pause:1',
        imagePullPolicy: 'Never',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    ...(claimName === undefined ? {} : { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] }),
  };
}

const CLAIM = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } };

function statefulSet(userId: number): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: {
      replicas: 1,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: podSpec(userId, undefined) },
      volumeClaimTemplates: [{ metadata: { name: 'data', labels: { app: 'db' } }, spec: CLAIM }],
    },
  };
}

const podOf = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', name });

describe.skipIf(bed === undefined)('volumes of a StatefulSet', () => {
  let there: Bed;
  let namespace: TestNamespace;
  let api: KubernetesApi;
  let live: string;
  let rehearsed: string;

  const volumeOf = async (claim: string): Promise<string | undefined> =>
    (await api.get<PersistentVolumeClaim>(claimRef(claim)))?.spec?.volumeName;

  beforeAll(async () => {
    there = bed ?? expect.unreachable();
    namespace = await there.namespace('k3');
    api = await openKubernetesApi({ files: there.kubeconfig, namespace: namespace.name });
    const { userId } = namespace;
    await there.apply(
      [
        statefulSet(userId),
        { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'rehearsed' }, spec: CLAIM },
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'rehearsal' }, spec: podSpec(userId, 'rehearsed') },
      ].map((one) => ({ ...one, metadata: { ...Reflect.get(one, 'metadata'), namespace: namespace.name } })),
    );
    await namespace.kubectl(['wait', '--for=condition=Ready', 'pod/rehearsal', '--timeout=60s']);
    await namespace.kubectl(['wait', '--for=condition=Ready', 'pod/db-0', '--timeout=60s']);
    await namespace.kubectl(['delete', 'pod', 'rehearsal']);
    live = (await volumeOf('data-db-0')) ?? expect.unreachable();
    rehearsed = (await volumeOf('rehearsed')) ?? expect.unreachable();
    await retainVolume(api, live);
    await retainVolume(api, rehearsed);
  });

  afterAll(async () => {
    for (const volume of [live, rehearsed])
      await api.patch(volumeRef(volume), {
        type: 'merge',
        body: { spec: { persistentVolumeReclaimPolicy: 'Delete' } },
      });
    await api[Symbol.asyncDispose]();
    await namespace[Symbol.asyncDispose]();
  });

  const there_: Exchange = {
    claim: 'data-db-0',
    labels: { app: 'db' },
    get incoming() {
      return { volume: rehearsed, fromClaim: 'rehearsed' };
    },
    get outgoing() {
      return { volume: live, toClaim: 'kept', labels: {}, annotations: { 'walkback/holds': 'the data from before' } };
    },
  };
  const back: Exchange = {
    claim: 'data-db-0',
    labels: { app: 'db' },
    get incoming() {
      return { volume: live, fromClaim: 'kept' };
    },
    get outgoing() {
      return { volume: rehearsed, toClaim: 'rehearsed', labels: {}, annotations: {} };
    },
  };

  const keysOf = async (name: string): Promise<Readonly<Record<string, string>>> =>
    (await api.get({ apiVersion: 'v1', kind: 'ConfigMap', name }))?.metadata?.annotations ?? {};
  /** As far as Patroni's keys need one. */
  const context = (): SwapContext =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest is of other steps
    ({
      uses: { api },
      plan: {
        recovery: { id: 'none' },
        swap: {
          way: 'rebind',
          statefulSet: { name: 'db' },
          members: [{ claim: 'data-db-0', ordinal: 0 }],
          rehearsalClaim: 'rehearsed',
          patroni: {
            kind: 'ConfigMap',
            scope: 'db',
            leader: 'db-leader',
            config: 'db-config',
            sync: 'db-sync',
            failover: 'db-failover',
          },
        },
      },
      journal: { entries: [] },
    }) as unknown as SwapContext;

  test('have their Patroni’s keys left alone while a pod is there, and the leader’s forgotten when none is', async () => {
    const leader = { leader: 'db-0', optime: '4711', slots: '{}', ttl: '30' };
    const config = { initialize: '7300000000000000001', config: '{"pause":true}', history: '[]' };
    const sync = { leader: 'db-0', sync_standby: 'db-1' };
    for (const [name, annotations] of Object.entries({ 'db-leader': leader, 'db-config': config, 'db-sync': sync }))
      await api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, annotations } });
    await expect(clearStatus(context())).rejects.toMatchObject({ kind: 'conflict' });
    expect(await keysOf('db-leader')).toEqual(leader);
    // No replicas are wanted, and the pod is there still: as a server that archives its last WAL is.
    await api.patch(podOf('db-0'), { type: 'merge', body: { metadata: { finalizers: ['walkback.test/late'] } } });
    await scaleTo(api, statefulSetRef('db'), 0);
    await until('the pod ends', async () => (await api.get(podOf('db-0')))?.metadata?.deletionTimestamp !== undefined);
    await expect(clearStatus(context())).rejects.toMatchObject({ kind: 'conflict' });
    expect(await keysOf('db-leader')).toEqual(leader);
    await api.patch(podOf('db-0'), { type: 'merge', body: { metadata: { finalizers: null } } });
    await untilUnused(api, ['data-db-0'], 60_000);
    await clearStatus(context());
    expect(await keysOf('db-leader')).toEqual({ ttl: '30' });
    expect(await keysOf('db-sync')).toEqual({});
    // Without these Patroni would take the cluster for one that was given up, and bootstrap it.
    expect(await keysOf('db-config')).toEqual(config);
    await scaleTo(api, statefulSetRef('db'), 1);
    await until('the pod is back', async () => (await api.get(podOf('db-0'))) !== undefined);
  });

  test('are not exchanged under a pod', async () => {
    await expect(checkStillDown(api, 'db', ['data-db-0'])).rejects.toMatchObject({ kind: 'conflict' });
    await scaleTo(api, statefulSetRef('db'), 0);
    await untilUnused(api, ['data-db-0'], 60_000);
    await checkStillDown(api, 'db', ['data-db-0']);
  });

  test('are exchanged, there and back, whichever change the process was killed before', async () => {
    let isThere = false;
    let isWhole = false;
    for (let allowed = 0; !isWhole && allowed < MOST; allowed += 1) {
      for (const exchange of [there_, back]) {
        const dying = dyingApi(api, allowed);
        const outcome = await exchangeClaim(dying, exchange).then(
          () => 'whole',
          (error: unknown) => error,
        );
        if (outcome !== 'whole') {
          expect(outcome).toBeInstanceOf(Killed);
          await exchangeClaim(api, exchange);
        } else if (exchange === back) isWhole = true;
        isThere = !isThere;
        const [now, other] = isThere ? [rehearsed, live] : [live, rehearsed];
        expect(await volumeOf('data-db-0')).toBe(now);
        expect(await volumeOf(isThere ? 'kept' : 'rehearsed')).toBe(other);
        expect(await volumeOf(isThere ? 'rehearsed' : 'kept')).toBeUndefined();
      }
    }
    expect(isWhole).toBe(true);
  });

  test('wait for a claim whose deletion ends late, and are never on it again', async () => {
    const claim = await api.get<PersistentVolumeClaim>(claimRef('data-db-0'));
    const held = [...(claim?.metadata?.finalizers ?? []), 'walkback.test/late'];
    await api.patch(claimRef('data-db-0'), { type: 'merge', body: { metadata: { finalizers: held } } });
    let isOver = false;
    const exchanging = exchangeClaim(api, there_).finally(() => (isOver = true));
    const read = async () => (await api.get<PersistentVolumeClaim>(claimRef('data-db-0')))?.metadata;
    await until('the claim is going', async () => (await read())?.deletionTimestamp !== undefined);
    await sleep(2000);
    expect([isOver, (await read())?.uid]).toEqual([false, claim?.metadata?.uid]);
    await api.patch(claimRef('data-db-0'), { type: 'merge', body: { metadata: { finalizers: null } } });
    await exchanging;
    expect((await read())?.uid).not.toBe(claim?.metadata?.uid);
    expect(await volumeOf('data-db-0')).toBe(rehearsed);
    expect(await volumeOf('kept')).toBe(live);
    await exchangeClaim(api, back);
  });

  test('come back though the claim that was to go is still on its way out', async () => {
    const read = async () => (await api.get<PersistentVolumeClaim>(claimRef('data-db-0')))?.metadata;
    const { uid = '', finalizers = [] } = (await read()) ?? {};
    const held = [...finalizers, 'walkback.test/late'];
    await api.patch(claimRef('data-db-0'), { type: 'merge', body: { metadata: { finalizers: held } } });
    // As by an exchange that was killed right after this.
    await api.delete(claimRef('data-db-0'), { uid });
    await until('the claim is going', async () => (await read())?.deletionTimestamp !== undefined);
    let isOver = false;
    const taking = exchangeClaim(api, back).finally(() => (isOver = true));
    await sleep(2000);
    expect(isOver).toBe(false);
    await api.patch(claimRef('data-db-0'), { type: 'merge', body: { metadata: { finalizers: null } } });
    await taking;
    expect(await read()).toMatchObject({ uid: expect.not.stringContaining(uid) });
    expect((await read())?.deletionTimestamp).toBeUndefined();
    expect(await volumeOf('data-db-0')).toBe(live);
  });

  test('go to the claim that the StatefulSet has made meanwhile, and to no other', async () => {
    // Killed when the name is reserved and the old claim is gone. Not after a number of changes: a reservation that meets the
    // volume controller's own writing is made again.
    await expect(exchangeClaim(dyingApi(api, 'create'), there_)).rejects.toBeInstanceOf(Killed);
    expect(await volumeOf('data-db-0')).toBeUndefined();
    await scaleTo(api, statefulSetRef('db'), 1);
    await namespace.kubectl(['wait', '--for=condition=Ready', 'pod/db-0', '--timeout=60s']);
    expect(await volumeOf('data-db-0')).toBe(rehearsed);
    await exchangeClaim(api, there_);
    expect(await volumeOf('kept')).toBe(live);
    const kept = await api.get<PersistentVolume>(volumeRef(live));
    expect(kept?.status?.phase).toBe('Bound');
  });
});

describe.skipIf(bed === undefined)('the Lease of a StatefulSet', () => {
  let namespace: TestNamespace;
  let api: KubernetesApi;

  beforeAll(async () => {
    const there = bed ?? expect.unreachable();
    namespace = await there.namespace('k3');
    api = await openKubernetesApi({ files: there.kubeconfig, namespace: namespace.name });
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await namespace[Symbol.asyncDispose]();
  });

  const times = { durationSeconds: 2, renewMs: 300, pollMs: 100 };

  test('is held by one, given back, and taken over from one who does not renew it', async () => {
    {
      await using held = await holdLease(api, 'walkback-db', times);
      await expect(holdLease(api, 'walkback-db', times)).rejects.toMatchObject({ kind: 'conflict' });
      expect(held.lost.aborted).toBe(false);
    }
    const stale = {
      holderIdentity: 'elsewhere 1 1 1 00',
      leaseDurationSeconds: 1,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    };
    await api.create<Lease>({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'walkback-db' },
      spec: stale,
    });
    await using taken = await holdLease(api, 'walkback-db', times);
    expect(taken.lost.aborted).toBe(false);
  });
});
