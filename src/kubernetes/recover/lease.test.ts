import { hostname } from 'node:os';

import { describe, expect, it } from 'vitest';

import { identityOf } from '../../instance/process-identity.ts';
import { readlink } from 'node:fs/promises';
import type { Lease } from '../api/kubernetes-objects.ts';
import { refuse, startScriptedServer, type Received } from '../api/testing/api-server.ts';
import { holdLease } from './lease.ts';
import { scaleTo } from './scale.ts';

const TIMES = { durationSeconds: 1, renewMs: 50, pollMs: 20 };
const DEADLINES = { attemptIdleMs: 5000, callMs: 10_000 };
const OTHER = { apiVersion: 'v1', kind: 'ConfigMap', name: 'other' } as const;

const isRenewal = ({ method, path }: Received): boolean => method === 'PUT' && path.includes('/leases/');

/** `lost`: it is renewed, and the answer says that it has been modified since. */
type Renewal = 'renewed' | 'taken' | 'lost';

/** A server with a Lease, that answers renewals as it is told. */
function leaseServer(renew: () => Promise<Renewal> | Renewal, holder = '') {
  let lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'walkback-shop' } };
  if (holder !== '')
    lease = { ...lease, spec: { holderIdentity: holder, leaseDurationSeconds: TIMES.durationSeconds } };
  return startScriptedServer(async (received, response) => {
    if (isRenewal(received)) {
      const outcome = await renew();
      if (outcome === 'taken') lease = { ...lease, spec: { holderIdentity: 'somebody else' } };
      else lease = received.body as Lease;
      if (outcome !== 'renewed') return refuse(response, 409, 'Conflict', 'the Lease has been modified');
    }
    return received.path.includes('/leases/')
      ? lease
      : { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other' } };
  }, DEADLINES);
}

describe('whoever holds a Lease', () => {
  it('makes no change while its renewals do not get through, and goes on when they do', async () => {
    let isAway = false;
    const back = Promise.withResolvers<'renewed'>();
    await using server = await leaseServer(() => (isAway ? back.promise : 'renewed'));
    await using held = await holdLease(server.api, 'walkback-shop', TIMES);
    using _fence = server.api.fence((signal) => held.untilFresh(signal));
    isAway = true;
    await new Promise((resolve) => setTimeout(resolve, TIMES.durationSeconds * 1000));
    const change = server.api.patch(OTHER, { type: 'merge', body: { data: { a: 'b' } } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(server.received.filter(({ method }) => method === 'PATCH')).toEqual([]);
    isAway = false;
    back.resolve('renewed');
    await change;
    expect(server.received.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
    expect(held.lost.aborted).toBe(false);
  });

  it('goes on where the answer to a renewal was lost, and another version is refused: it is still its own', async () => {
    const holders: string[] = [];
    await using server = await leaseServer(() => (holders.push('asked') === 2 ? 'lost' : 'renewed'));
    await using held = await holdLease(server.api, 'walkback-shop', TIMES);
    while (holders.length < 5) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(held.lost.aborted).toBe(false);
    await held.untilFresh(new AbortController().signal);
  });

  it('makes none any more once somebody else has taken it', async () => {
    let isTaken = false;
    await using server = await leaseServer(() => (isTaken ? 'taken' : 'renewed'));
    await using held = await holdLease(server.api, 'walkback-shop', TIMES);
    using _fence = server.api.fence((signal) => held.untilFresh(signal));
    isTaken = true;
    await new Promise((resolve) => held.lost.addEventListener('abort', resolve));
    const change = server.api.patch(OTHER, { type: 'merge', body: {} });
    await expect(change).rejects.toMatchObject({ message: expect.stringContaining('walkback-shop') });
    // What looks again after a conflict, and tries again, ends too.
    const scale = scaleTo(server.api, { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'other' }, 3);
    await expect(scale).rejects.toMatchObject({ kind: 'unavailable' });
    expect(server.received.filter(({ method }) => method === 'PATCH')).toEqual([]);
  });
});

describe('a Lease of a process that is gone', () => {
  /** How often it was looked at before it was taken, held by a process of this number that is not there. */
  async function looks(boot: string, namespace: string): Promise<number> {
    const holder = [hostname(), '999999999', '1', boot, namespace, 'ab'].join(' ');
    await using server = await leaseServer(() => 'renewed', holder);
    await using _held = await holdLease(server.api, 'walkback-shop', TIMES);
    const first = server.received.findIndex(isRenewal);
    return server.received.slice(0, first).filter(({ method }) => method === 'GET').length;
  }

  it('is taken at once where that can be seen, on this very machine', async () => {
    const { boot } = await identityOf(process.pid);
    expect(await looks(boot, await readlink('/proc/self/ns/pid'))).toBe(1);
  });

  it.each([
    ['another machine of the same name', 'another-boot', undefined],
    ['another container on this machine', undefined, 'pid:[1]'],
    ['a machine that does not tell when it was started', '?', '?'],
  ])('is waited for on %s', async (_where, boot, namespace) => {
    const own = await identityOf(process.pid);
    expect(await looks(boot ?? own.boot, namespace ?? (await readlink('/proc/self/ns/pid')))).toBeGreaterThan(5);
  });
});
