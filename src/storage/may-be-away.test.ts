import { afterEach, describe, expect, it, vi } from 'vitest';

import { openFileStore } from './file/file-store.ts';
import { mayBeAway } from './may-be-away.ts';

afterEach(() => vi.useRealTimers());

describe('a failover storage that does not answer at all', () => {
  it('is waited for a few seconds, once', async () => {
    vi.useFakeTimers();
    const told: string[] = [];
    let questions = 0;
    const never = async (): Promise<never> => {
      questions += 1;
      return new Promise(() => {});
    };
    const list = async function* (): AsyncGenerator<never> {
      yield await never();
    };
    const silent = Object.assign(openFileStore('/nowhere'), { list, listFolder: never, stat: never });
    const store = mayBeAway(silent, (address, { kind }) => told.push(`${address} ${kind}`));
    const listed = Array.fromAsync(store.list('wal_005/'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await listed).toEqual([]);
    expect(await store.stat('wal_005/1')).toBeUndefined();
    expect(await store.listFolder('wal_005/')).toEqual({ objects: [], folders: [] });
    expect([questions, told]).toEqual([1, ['/nowhere unavailable']]);
    await vi.advanceTimersByTimeAsync(60_000);
    const asked = store.stat('wal_005/1');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await asked).toBeUndefined();
    expect([questions, told.length]).toEqual([2, 1]);
  });
});
