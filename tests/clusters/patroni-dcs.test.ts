/**
 * The keys of real clusters, by each Patroni's own library.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openDcs, type PatroniDcs } from '../../src/cluster/patroni/dcs.ts';
import { until } from '../support/archived-cluster.ts';
import { startPatroniCluster, type PatroniTestCluster } from '../support/patroni/patroni-cluster.ts';

describe.each([
  ['3.0', '3.4'],
  ['4.0', '3.5'],
  ['4.1', '3.5'],
] as const)('the keys of a cluster of Patroni %s in etcd %s', (patroni, etcd) => {
  let cluster: PatroniTestCluster | undefined;
  let dcs: PatroniDcs;
  beforeAll(async () => {
    cluster = await startPatroniCluster({ members: 1, patroni, etcd });
    if (cluster === undefined) return;
    const [member] = cluster.members;
    dcs = openDcs({ patroniConfig: member?.configFile ?? '', python: [cluster.programs.python] });
  });
  afterAll(async () => cluster?.[Symbol.asyncDispose]());

  it('tell who leads, and what is configured', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const keys = await dcs.show();
    expect(keys.leader).toBe('member1');
    expect(await dcs.lockHolder()).toBe('member1');
    expect(keys.initialize).toMatch(/^\d{19}$/);
    expect(keys.config).toMatchObject({ ttl: 20, loop_wait: 2 });
    expect(keys.members).toMatchObject([{ name: 'member1', state: 'running', timeline: 1, isPaused: false }]);
    expect(keys.members[0]?.lsnBytes).toBeGreaterThan(0n);
    expect(keys.members[0]?.connUrl).toMatch(/^postgres:\/\/127\.0\.0\.1:\d+\/postgres$/);
    await until('the leader has written its position', async () => (await dcs.show()).status.optimeBytes > 0n);
  });

  it('can pause Patroni and resume it, and change nothing else of its configuration', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const before = (await dcs.show()).config;
    expect([await dcs.pause(), await dcs.pause()]).toEqual([true, false]);
    await until('the member has seen it', async () => (await dcs.show()).members[0]?.isPaused === true);
    expect((await dcs.show()).config).toEqual({ ...before, pause: true });
    expect([await dcs.resume(), await dcs.resume()]).toEqual([true, false]);
    expect((await dcs.show()).config).toEqual(before);
    await until('the member has seen it', async () => (await dcs.show()).members[0]?.isPaused === false);
  });

  it('do not let an initialized cluster be taken for one that was given up', async ({ skip }) => {
    if (cluster === undefined) return skip();
    await expect(dcs.cancelInitialize()).rejects.toMatchObject({ kind: 'refused' });
    expect((await dcs.show()).initialize).toMatch(/^\d+$/);
  });

  it('forget how far the leader had got once it does not run, and keep the rest', async ({ skip }) => {
    if (cluster === undefined) return skip();
    await dcs.pause();
    const [member] = cluster.members;
    await until('the member has seen it', async () => (await dcs.show()).members[0]?.isPaused === true);
    await member?.killPostgres();
    await member?.killPatroni();
    const before = await dcs.show();
    expect(before.status.optimeBytes).toBeGreaterThan(0n);
    expect([await dcs.clearStatus(), await dcs.clearStatus()]).toEqual([true, false]);
    const after = await dcs.show();
    expect(after.status).toEqual({ optimeBytes: 0n, slots: [], retainedSlots: [] });
    expect([after.initialize, after.config]).toEqual([before.initialize, before.config]);
  });

  it('say so when the DCS is away', async ({ skip }) => {
    if (cluster === undefined) return skip();
    await cluster.etcd.kill();
    await expect(dcs.show()).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('an initialize key that a killed bootstrap has left', () => {
  it('is removed, and that again without harm', async ({ skip }) => {
    await using cluster = await startPatroniCluster({ members: 1, isLeftStopped: true });
    if (cluster === undefined) return skip();
    const [member] = cluster.members;
    const dcs = openDcs({ patroniConfig: member?.configFile ?? '', python: [cluster.programs.python] });
    expect(await dcs.cancelInitialize()).toBe(false);
    await putKey(cluster.etcd.hosts[0] ?? '', '/service/shop/initialize', '');
    expect((await dcs.show()).initialize).toBe('');
    expect([await dcs.cancelInitialize(), await dcs.cancelInitialize()]).toEqual([true, false]);
    expect((await dcs.show()).initialize).toBeUndefined();
  });

  it('of another cluster, whose name begins as this one’s does, stays', async ({ skip }) => {
    await using cluster = await startPatroniCluster({ members: 1, isLeftStopped: true });
    if (cluster === undefined) return skip();
    const [member] = cluster.members;
    const dcs = openDcs({ patroniConfig: member?.configFile ?? '', python: [cluster.programs.python] });
    const host = cluster.etcd.hosts[0] ?? '';
    for (const key of ['initialize', 'status', 'sync'])
      await putKey(host, `/service/shop-two/${key}`, '{"leader":"x"}');
    await putKey(host, '/service/shop/initialize', '');
    await dcs.cancelInitialize();
    await dcs.clearStatus();
    expect(await keysIn(host)).toEqual(['initialize', 'status', 'sync'].map((key) => `/service/shop-two/${key}`));
  });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function askEtcd(host: string, path: string, body: Record<string, string>): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://${host}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await answer.json()) as Record<string, unknown>;
}

async function putKey(host: string, key: string, value: string): Promise<void> {
  await askEtcd(host, 'kv/put', { key: base64(key), value: base64(value) });
}

async function keysIn(host: string): Promise<string[]> {
  const { kvs } = await askEtcd(host, 'kv/range', { key: base64('/'), range_end: base64('0') });
  const found = kvs as { readonly key: string }[];
  return found.map(({ key }) => Buffer.from(key, 'base64').toString());
}
