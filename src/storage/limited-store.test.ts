import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RateLimiter } from '../base/rate-limiter.ts';
import { itKeepsTheObjectStoreContract } from './conformance.ts';
import { openFileStore } from './file/file-store.ts';
import { limitedStore } from './limited-store.ts';
import type { ObjectStore } from './object-store.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-limited-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const open = (bytesPerS: number): ObjectStore => limitedStore(openFileStore(folder), new RateLimiter(bytesPerS));

describe('a store with a limit', () => {
  it('writes in memory and in pieces no faster than the limit, and reads at once', async () => {
    const store = open(100_000);
    const pieces = async function* (): AsyncGenerator<Buffer> {
      for (let index = 0; index < 10; index += 1) yield Buffer.alloc(1000, index);
    };
    const beganMs = performance.now();
    await Promise.all([store.put('a', Buffer.alloc(10_000)), store.put('b', pieces())]);
    await store.put('c', Buffer.alloc(1));
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(195);
    const readMs = performance.now();
    expect((await store.get('b'))?.byteLength).toBe(10_000);
    expect(performance.now() - readMs).toBeLessThan(90);
  });

  itKeepsTheObjectStoreContract({
    name: 'a folder with a limit',
    open: async () => open(10_000_000_000),
    openMissing: async () => limitedStore(openFileStore(join(folder, 'missing')), new RateLimiter(1e10)),
    listedObjects: 20,
    largeBodyBytes: 100_000,
  });
});
