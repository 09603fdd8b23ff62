import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Failure } from '../base/failure.ts';
import { wrappedStore } from '../archive/testing/wrapped-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { ArchiveLease, type LeaseView } from './lease.ts';
import { formatTerm, LEASE_FOLDER, leaseKey, waitingKey, type AgentIdentity } from './lease-term.ts';

const times = { expiresMs: 90_000, heldMs: 60_000 };
let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-lease-'));
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function identity(id: string): AgentIdentity {
  const processSpace = `space of ${id}`;
  return { id, hostname: id, processSpace, processId: 1, dataDirectory: '/data', startedAt: '' };
}

/** An agent whose clock is set by the test. */
function agent(id: string, over: ObjectStore = store, told: string[] = []) {
  const clock = { nowMs: 1000, sleptMs: 0 };
  const lease = new ArchiveLease({
    store: over,
    self: identity(id),
    times,
    onUndeleted: ({ kind }) => told.push(kind),
    clock: { steadyMs: () => clock.nowMs - clock.sleptMs, wallMs: () => clock.nowMs },
  });
  const pass = (ms: number) => (clock.nowMs += ms);
  const sleep = (ms: number) => {
    clock.nowMs += ms;
    clock.sleptMs += ms;
  };
  return { lease, pass, sleep };
}

const holderOf = (view: LeaseView) => (view.kind === 'held' ? 'itself' : view.holder.hostname);

describe('the lease of an archive', () => {
  it('is with the first agent that looks, as long as it renews it', async () => {
    const [a, b] = [agent('a'), agent('b')];
    for (let at = 0; at < 10; at += 1) {
      expect(holderOf(await a.lease.look())).toBe('itself');
      expect(holderOf(await b.lease.look())).toBe('a');
      a.pass(20_000);
      b.pass(20_000);
    }
    expect(await readdir(join(folder, 'walkback_001/agents/lease'))).toHaveLength(1);
  });

  it('is known by both: the one that waits, and the one that has it', async () => {
    const [a, b] = [agent('a'), agent('b')];
    await a.lease.look();
    await b.lease.look();
    expect(await a.lease.look()).toMatchObject({ kind: 'held', waiting: [{ hostname: 'b' }] });
    a.pass(91_000);
    expect(await a.lease.look()).toMatchObject({ kind: 'held', waiting: [] });
    expect(await store.stat(waitingKey(identity('b')))).toBeUndefined();
  });

  it('passes on when its holder is silent, after that has stopped by itself', async () => {
    const [a, b] = [agent('a'), agent('b')];
    const held = await a.lease.look();
    await b.lease.look();
    a.pass(59_000);
    b.pass(59_000);
    expect(a.lease.signal?.aborted).toBe(false);
    expect(holderOf(await b.lease.look())).toBe('a');
    a.pass(1000);
    expect(a.lease.signal).toBeUndefined();
    expect(held).toMatchObject({ signal: { aborted: true } });
    b.pass(31_000);
    expect(holderOf(await b.lease.look())).toBe('itself');
    expect(holderOf(await a.lease.look())).toBe('b');
  });

  it('is over for a holder whose machine slept, and is not taken back by an old number', async () => {
    const [a, b] = [agent('a'), agent('b')];
    await a.lease.look();
    await b.lease.look();
    b.pass(90_000);
    await b.lease.look();
    for (let at = 0; at < 3; at += 1) await b.lease.look();
    a.sleep(300_000);
    expect(a.lease.signal).toBeUndefined();
    expect(holderOf(await a.lease.look())).toBe('b');
    expect(holderOf(await b.lease.look())).toBe('itself');
  });

  it('is not lost to an agent that creates a number which others have passed', async () => {
    const b = agent('b');
    for (let at = 0; at < 5; at += 1) await b.lease.look();
    const late = agent('a', { ...bound(store), listFolder: once(store) });
    expect(holderOf(await late.lease.look())).toBe('b');
    expect(holderOf(await b.lease.look())).toBe('itself');
  });

  it('waits for time that the own machine has passed awake, whatever its clock says', async () => {
    const [a, b] = [agent('a'), agent('b')];
    await a.lease.look();
    await b.lease.look();
    b.sleep(10 * 90_000);
    expect(holderOf(await b.lease.look())).toBe('a');
  });

  it('passes on at once when it is given up', async () => {
    const [a, b] = [agent('a'), agent('b')];
    await a.lease.look();
    expect(holderOf(await b.lease.look())).toBe('a');
    await a.lease.release();
    expect(holderOf(await b.lease.look())).toBe('itself');
  });

  it('stays where it was when the answer to its renewal is lost', async () => {
    let isLost = false;
    const flaky: ObjectStore = {
      ...bound(store),
      put: async (key, body, options) => {
        const outcome = await store.put(key, body, options);
        if (!isLost) return outcome;
        isLost = false;
        throw new Error('reset');
      },
    };
    const a = agent('a', flaky);
    await a.lease.look();
    isLost = true;
    await expect(a.lease.look()).rejects.toThrow('reset');
    expect(holderOf(await a.lease.look())).toBe('itself');
  });

  it('goes to the agent of a server that was promoted since, and is not taken back while that waits', async () => {
    const [a, b] = [agent('a'), agent('b')];
    const held = await a.lease.look(undefined, 1);
    expect(await b.lease.look(undefined, 2)).toMatchObject({ holder: { hostname: 'a' }, holderTimeline: 1 });
    expect(await a.lease.look(undefined, 1)).toMatchObject({ holder: { hostname: 'b' }, holderTimeline: 2 });
    expect(held).toMatchObject({ signal: { aborted: true } });
    a.pass(20_000);
    expect(holderOf(await a.lease.look(undefined, 1))).toBe('b');
    expect(holderOf(await b.lease.look(undefined, 2))).toBe('itself');
    a.pass(20_000);
    expect(await a.lease.look(undefined, 1)).toMatchObject({ holder: { hostname: 'b' }, holderTimeline: 2 });
    expect(holderOf(await b.lease.look(undefined, 2))).toBe('itself');
  });

  it('goes back to an agent that let another go first, when that has ended before it had it', async () => {
    const [a, b] = [agent('a'), agent('b')];
    await a.lease.look(undefined, 1);
    await b.lease.look(undefined, 2);
    expect(holderOf(await a.lease.look(undefined, 1))).toBe('b');
    a.pass(91_000);
    expect(holderOf(await a.lease.look(undefined, 1))).toBe('itself');
  });

  it('goes to the agent of a promoted server, though the store was away when it was given up', async () => {
    let isAway = false;
    const away = wrappedStore(store, {
      put: async (...asked) => {
        if (isAway) throw new Failure('unavailable', { message: 'away', remedy: 'Wait.' });
        return store.put(...asked);
      },
    });
    const [a, b] = [agent('a', away), agent('b')];
    await a.lease.look(undefined, 1);
    await b.lease.look(undefined, 2);
    isAway = true;
    await a.lease.look(undefined, 1).catch(() => {});
    expect(holderOf(await b.lease.look(undefined, 2))).toBe('a');
    isAway = false;
    a.pass(20_000);
    expect(holderOf(await a.lease.look(undefined, 1))).toBe('b');
    expect(holderOf(await b.lease.look(undefined, 2))).toBe('itself');
  });

  it('goes to an agent whose server is promoted while it waits', async () => {
    const [a, b] = [agent('a'), agent('b')];
    await a.lease.look(undefined, 1);
    await b.lease.look(undefined, 1);
    expect(holderOf(await a.lease.look(undefined, 1))).toBe('itself');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await b.lease.look(undefined, 2);
    expect(holderOf(await a.lease.look(undefined, 1))).toBe('b');
    expect(holderOf(await b.lease.look(undefined, 2))).toBe('itself');
  });

  it.each([
    ['the same timeline', 2, 2],
    ['a lower one', 2, 1],
    ['one that it does not say, as other versions do not', 2, undefined],
    ['any, where the holder’s own is not known', undefined, 2],
  ])('stays where it is when a server waits on %s', async (_, holders, waiting) => {
    const [a, b] = [agent('a'), agent('b')];
    for (let at = 0; at < 3; at += 1) {
      expect(holderOf(await a.lease.look(undefined, holders))).toBe('itself');
      expect(await b.lease.look(undefined, waiting)).toMatchObject({ kind: 'elsewhere', holderTimeline: holders });
      a.pass(20_000);
      b.pass(20_000);
    }
  });

  it('waits for a holder that cannot be read as long as for any other', async () => {
    await store.put(leaseKey(7n), Buffer.from('?'));
    const a = agent('a');
    expect(holderOf(await a.lease.look())).toBe('unknown');
    a.pass(90_000);
    expect(holderOf(await a.lease.look())).toBe('itself');
  });

  it('is free at once when its holder is a process that can be seen to be gone', async () => {
    const { processSpace } = await import('../instance/process-space.ts');
    const holder = { ...identity('gone'), processSpace: processSpace(), processId: 4_194_303 };
    await store.put(leaseKey(3n), formatTerm({ holder, isReleased: false }));
    expect(holderOf(await agent('a').lease.look())).toBe('itself');
  });
});

describe.each([['denied'], ['refused']] as const)('the lease of an archive where deleting is %s', (kind) => {
  const keeping = (): ObjectStore => ({
    ...bound(store),
    delete: async () => {
      throw new Failure(kind, { message: 'cannot delete', remedy: 'Allow it.' });
    },
  });
  const termCount = async () => (await store.listFolder(LEASE_FOLDER)).objects.length;

  it('is held and renewed over many terms, and that is told once', async () => {
    const told: string[] = [];
    const a = agent('a', keeping(), told);
    let signal: AbortSignal | undefined;
    for (let minute = 0; minute < 6 * 60; minute += 1) {
      const view = await a.lease.look();
      if (view.kind === 'held') signal ??= view.signal;
      expect([holderOf(view), signal?.aborted]).toEqual(['itself', false]);
      for (let third = 0; third < 3; third += 1) {
        a.pass(20_000);
        await a.lease.look();
      }
    }
    expect(told).toEqual([kind]);
    expect(await termCount()).toBeLessThan(70);
  });

  it('is waited for as long as its terms last, by whoever sees them first among those that were passed', async () => {
    const [a, b] = [agent('a', keeping()), agent('b', keeping())];
    for (let at = 0; at < 30; at += 1) {
      expect(holderOf(await a.lease.look())).toBe('itself');
      a.pass(60_000);
    }
    a.pass(-60_000);
    // It is silent from now on, and has counted on it for less than others wait.
    expect(holderOf(await b.lease.look())).toBe('a');
    for (let minute = 0; minute < 29; minute += 1) {
      b.pass(60_000);
      a.pass(60_000);
      expect(holderOf(await b.lease.look())).toBe('a');
    }
    expect(a.lease.signal).toBeUndefined();
    b.pass(60_000);
    expect(holderOf(await b.lease.look())).toBe('itself');
    expect(holderOf(await a.lease.look())).toBe('b');
  });

  it('passes on at once when it is given up, whatever terms lie below', async () => {
    const [a, b] = [agent('a', keeping()), agent('b', keeping())];
    for (let at = 0; at < 3; at += 1) {
      await a.lease.look();
      a.pass(600_000);
    }
    await a.lease.release();
    expect(holderOf(await b.lease.look())).toBe('itself');
    expect(await a.lease.look()).toMatchObject({ kind: 'elsewhere', holder: { hostname: 'b' } });
  });

  it('is rid of passed terms as soon as they may be deleted', async () => {
    const switched = keeping();
    const a = agent('a', switched);
    for (let at = 0; at < 5; at += 1) {
      await a.lease.look();
      a.pass(500_000);
    }
    expect(await termCount()).toBeGreaterThan(3);
    switched.delete = store.delete.bind(store);
    a.pass(3_600_000);
    await a.lease.look();
    expect(await termCount()).toBe(1);
  });

  it('knows an agent that has ended from one that waits, though its note stays', async () => {
    const [a, b] = [agent('a', keeping()), agent('b', keeping())];
    await a.lease.look();
    await b.lease.look();
    expect(await a.lease.look()).toMatchObject({ waiting: [{ hostname: 'b' }] });
    a.pass(91_000);
    for (let at = 0; at < 3; at += 1) expect(await a.lease.look()).toMatchObject({ kind: 'held', waiting: [] });
    await b.lease.look();
    expect(await a.lease.look()).toMatchObject({ waiting: [{ hostname: 'b' }] });
  });

  it('is seen by an agent that cannot even write its note anew', async () => {
    const a = agent('a');
    await a.lease.look();
    const writeOnce: ObjectStore = {
      ...keeping(),
      put: async (key, body, options) => {
        if (options?.ifAbsent !== true && (await store.stat(key)) !== undefined)
          throw new Failure(kind, { message: 'cannot write', remedy: 'Allow it.' });
        return store.put(key, body, options);
      },
    };
    const b = agent('b', writeOnce);
    for (let at = 0; at < 3; at += 1) expect(holderOf(await b.lease.look())).toBe('a');
  });
});

function bound(inner: ObjectStore): ObjectStore {
  return {
    address: inner.address,
    list: inner.list.bind(inner),
    listFolder: inner.listFolder.bind(inner),
    stat: inner.stat.bind(inner),
    get: inner.get.bind(inner),
    open: inner.open.bind(inner),
    put: inner.put.bind(inner),
    delete: inner.delete.bind(inner),
    close: async () => {},
  };
}

/** Its first listing is of long ago. */
function once(inner: ObjectStore): ObjectStore['listFolder'] {
  let isFirst = true;
  return async (prefix, options) => {
    const now = await inner.listFolder(prefix, options);
    if (!isFirst) return now;
    isFirst = false;
    return { objects: [], folders: [] };
  };
}
