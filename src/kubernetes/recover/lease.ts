/**
 * One at a time works on a StatefulSet's recoveries: whoever holds its Lease, and renews it. One that is not renewed any more
 * is taken over.
 *
 * A holder whose renewals do not get through makes no change meanwhile ({@link HeldLease.untilFresh}): a server that is away for a minute
 * ends nothing, and a request that was held up does not come upon the work of whoever has taken over.
 *
 * Clocks of two machines are not compared: a Lease has run out when it has not changed for as long as it says, by the clock of
 * whoever looks. A holder on this very machine whose process is gone needs no waiting.
 *
 * Source: https://kubernetes.io/docs/concepts/architecture/leases/, client-go `tools/leaderelection`.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure } from '../../base/failure.ts';
import { identityOf, isSameProcessAlive } from '../../instance/process-identity.ts';
import { processSpace } from '../../instance/process-space.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { Lease } from '../api/kubernetes-objects.ts';

/** How patient it is. */
export interface LeaseTimes {
  readonly durationSeconds: number;
  readonly renewMs: number;
  readonly pollMs: number;
}

const USUAL_TIMES: LeaseTimes = { durationSeconds: 15, renewMs: 4000, pollMs: 500 };

/**
 * How old the last renewal may be when a change is sent. Whoever waits takes the Lease over `durationSeconds` after it at the earliest:
 * what is on its way then has arrived, or is refused by its precondition.
 */
const FRESH_SHARE = 2 / 3;
const FRESH_POLL_MS = 100;

/** A Lease that is held. Disposing gives it back. */
export interface HeldLease extends AsyncDisposable {
  /** Aborts when it could not be renewed in time, or somebody else has taken it. */
  readonly lost: AbortSignal;
  /** Settles while it has been renewed just now; waits for the next renewal else. @throws what `lost` aborts with. */
  untilFresh(signal: AbortSignal): Promise<void>;
}

function refOf(name: string): ObjectRef {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name };
}

/** `host pid start boot namespace nonce`: enough to see on that host that the process is gone. */
async function newHolder(): Promise<string> {
  const { pid, start } = await identityOf(process.pid);
  return [hostname(), pid, start, processSpace(), randomBytes(4).toString('hex')].join(' ');
}

/** Machines share names, and containers the name of their machine: only where processes can be seen is one known to be gone. */
async function isGone(holder: string): Promise<boolean> {
  const [, pid = '', start = '', boot = '', namespace = ''] = holder.split(' ');
  // Where the system does not tell its space, that is one word, and equals no two.
  const canBeSeen = `${boot} ${namespace}` === processSpace();
  return canBeSeen && !(await isSameProcessAlive({ pid: Number(pid), start, boot }));
}

/** The API's MicroTime: six digits behind the second. */
function microTime(now: Date): string {
  return now.toISOString().replace(/(\.\d{3})Z$/, '$1000Z');
}

function busy(name: string, holder: string): Failure {
  const [host = '?', pid = '?'] = holder.split(' ');
  return new Failure('conflict', {
    message: `cannot work on this cluster's recoveries: process ${pid} on ${host} does (Lease ${name})`,
    remedy:
      'Wait for it, or end it; what it has done is in the journal, and can be gone on with or undone from any machine.',
  });
}

/** A Lease of nobody, or one whose holder has not renewed it for as long as it promised to. */
async function untilFree(api: KubernetesApi, name: string, times: LeaseTimes): Promise<Lease | undefined> {
  let seen: Lease | undefined;
  let sinceMs = performance.now();
  for (;;) {
    const lease: Lease | undefined = await api.get<Lease>(refOf(name));
    const holder = lease?.spec?.holderIdentity ?? '';
    if (lease === undefined || holder === '' || (await isGone(holder))) return lease;
    if (seen !== undefined && seen.spec?.renewTime !== lease.spec?.renewTime) throw busy(name, holder);
    if (seen === undefined) sinceMs = performance.now();
    seen = lease;
    const promisedMs = (lease.spec?.leaseDurationSeconds ?? times.durationSeconds) * 1000;
    if (performance.now() - sinceMs > promisedMs) return lease;
    await sleep(times.pollMs);
  }
}

/** The Lease as this holder writes it. */
function leaseOf(name: string, holder: string, times: LeaseTimes, found: Lease | undefined): Lease {
  const now = microTime(new Date());
  const acquireTime = found?.spec?.holderIdentity === holder ? (found.spec.acquireTime ?? now) : now;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: found?.metadata ?? { name, labels: { 'app.kubernetes.io/managed-by': 'walkback' } },
    spec: {
      ...found?.spec,
      holderIdentity: holder,
      leaseDurationSeconds: times.durationSeconds,
      acquireTime,
      renewTime: now,
    },
  };
}

/** A moment by both clocks of this machine: one stands still while it sleeps, the other is set. */
interface Moment {
  readonly steadyMs: number;
  readonly wallMs: number;
}

function thisMoment(): Moment {
  return { steadyMs: performance.now(), wallMs: Date.now() };
}

/** The longer one counts: believing in too long a time costs one renewal. */
function ageMs({ steadyMs, wallMs }: Moment): number {
  return Math.max(performance.now() - steadyMs, Date.now() - wallMs);
}

/** A Lease that is ours, and when that was asked for: from then on it may have been seen by whoever waits. */
interface Taken {
  readonly lease: Lease;
  readonly askedAt: Moment;
}

async function take(api: KubernetesApi, name: string, holder: string, times: LeaseTimes): Promise<Taken> {
  const found = await untilFree(api, name, times);
  const wanted = leaseOf(name, holder, times, found);
  const askedAt = thisMoment();
  try {
    return { lease: found === undefined ? await api.create(wanted) : await api.replace(wanted), askedAt };
  } catch (error) {
    if (!isFailure(error, 'conflict')) throw error;
    const now = await api.get<Lease>(refOf(name));
    if (now?.spec?.holderIdentity === holder) return { lease: now, askedAt };
    throw busy(name, now?.spec?.holderIdentity ?? 'another process');
  }
}

/** One that was renewed, and whose answer was lost, is another version by now, and still ours. */
async function renewed(api: KubernetesApi, wanted: Lease): Promise<Lease> {
  try {
    return await api.replace(wanted);
  } catch (error) {
    if (!isFailure(error, 'conflict')) throw error;
    const found = await api.get<Lease>(refOf(wanted.metadata?.name ?? ''));
    if (found?.spec?.holderIdentity !== wanted.spec?.holderIdentity) throw error;
    return found as Lease;
  }
}

/**
 * Takes the Lease and renews it until it is disposed of.
 *
 * @throws {Failure} `conflict` while somebody else holds and renews it.
 */
export async function holdLease(api: KubernetesApi, name: string, times: LeaseTimes = USUAL_TIMES): Promise<HeldLease> {
  const holder = await newHolder();
  const taken = await take(api, name, holder, times);
  let { lease, askedAt: renewedAt } = taken;
  const lost = new AbortController();
  const over = new AbortController();
  const renewing = (async () => {
    for (;;) {
      await sleep(times.renewMs, undefined, { signal: over.signal, ref: false }).catch(() => {});
      if (over.signal.aborted) return;
      const askedAt = thisMoment();
      try {
        lease = await renewed(api, leaseOf(name, holder, times, lease));
        // Not when it was answered: it may have been renewed long before.
        renewedAt = askedAt;
      } catch (error) {
        const isTaken = isFailure(error, 'conflict');
        if (isTaken || ageMs(renewedAt) > times.durationSeconds * 1000) {
          lost.abort(lostLease(name, error));
          return;
        }
      }
    }
  })();
  const isFresh = (): boolean => ageMs(renewedAt) < times.durationSeconds * 1000 * FRESH_SHARE;
  return {
    lost: lost.signal,
    untilFresh: async (signal) => {
      for (;;) {
        lost.signal.throwIfAborted();
        if (isFresh()) return;
        await sleep(FRESH_POLL_MS, undefined, { signal });
      }
    },
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await renewing;
      const { uid, resourceVersion } = lease.metadata ?? {};
      if (lost.signal.aborted || uid === undefined || resourceVersion === undefined) return;
      // One that cannot be given back runs out.
      await api.delete(refOf(name), { uid, resourceVersion }).catch(() => {});
    },
  };
}

/** Not a `conflict`, which is met by looking again and trying again. */
function lostLease(name: string, cause: unknown): Failure {
  return new Failure('unavailable', {
    message: `cannot go on: the Lease ${name} could not be renewed, and somebody else may work on this cluster now`,
    remedy: 'See who does ("walkback recover status"), then run this again: it goes on where the journal ends.',
    cause,
  });
}
