import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { BackupTurn } from './backup-turn.ts';

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-turn-'));
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const turnOf = (id: string, over = store) =>
  new BackupTurn({
    store: over,
    self: { id, hostname: id, processSpace: `space of ${id}`, processId: 1, dataDirectory: '/data', startedAt: '' },
    leaseTimes: { expiresMs: 1000, heldMs: 500 },
  });

describe('the turn to take a backup', () => {
  it('is had by one agent at a time, and by each in the end', async () => {
    const signal = new AbortController().signal;
    let atWork = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      atWork += 1;
      most = Math.max(most, atWork);
      // Longer than a term.
      await sleep(700);
      atWork -= 1;
    };
    const agents = ['a', 'b', 'c'].map(async (id) => {
      const turn = turnOf(id);
      while (!(await turn.take(work, signal))) await sleep(20);
    });
    await Promise.all(agents);
    expect(most).toBe(1);
  });

  it('is lost by an agent that no longer reaches the store, before another has it', async () => {
    const signal = new AbortController().signal;
    let isAway = false;
    const flaky: ObjectStore = {
      address: store.address,
      list: store.list.bind(store),
      listFolder: store.listFolder.bind(store),
      stat: store.stat.bind(store),
      get: store.get.bind(store),
      open: store.open.bind(store),
      put: async (...args) => {
        if (isAway) throw new Error('away');
        return store.put(...args);
      },
      delete: store.delete.bind(store),
      close: async () => {},
    };
    let stoppedMs = Infinity;
    const cut = turnOf('cut', flaky);
    const untilCut = async (stop: AbortSignal): Promise<void> => {
      isAway = true;
      await sleep(5000, undefined, { signal: stop }).catch(() => {});
      stoppedMs = performance.now();
    };
    // On a disk that takes longer than a term to write one, the turn is lost before it begins.
    const isOver = (async () => {
      while (!(await cut.take(untilCut, signal)));
    })();
    await expect.poll(() => isAway, { timeout: 10_000 }).toBe(true);
    const other = turnOf('other');
    let begunMs = 0;
    const work = async (): Promise<void> => void (begunMs = performance.now());
    while (!(await other.take(work, signal))) await sleep(20);
    await isOver;
    expect(begunMs).toBeGreaterThan(stoppedMs);
  });

  it('is free again when its work fails', async () => {
    const signal = new AbortController().signal;
    await expect(turnOf('a').take(() => Promise.reject(new Error('no space')), signal)).rejects.toThrow('no space');
    expect(await turnOf('b').take(async () => {}, signal)).toBe(true);
  });
});
