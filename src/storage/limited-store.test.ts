import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RateLimiter } from '../base/rate-limiter.ts';
import { CountingLimiter } from '../base/testing/counting-limiter.ts';
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
  it('takes what is written and what is read from it, whole and in pieces, each byte once', async () => {
    const limiter = new CountingLimiter(1e10);
    const store = limitedStore(openFileStore(folder), limiter);
    const pieces = async function* (): AsyncGenerator<Buffer> {
      for (let index = 0; index < 10; index += 1) yield Buffer.alloc(1000, index);
    };
    await Promise.all([store.put('a', Buffer.alloc(10_000)), store.put('b', pieces())]);
    expect(limiter.takenBytes).toBe(20_000);
    expect((await store.get('b'))?.byteLength).toBe(10_000);
    expect(limiter.takenBytes).toBe(30_000);
    const read = await Array.fromAsync((await store.open('a', { range: { startByte: 0, lengthBytes: 500 } })) ?? []);
    expect(Buffer.concat(read).byteLength).toBe(500);
    expect(limiter.takenBytes).toBe(30_500);
    expect(await store.get('nosuch')).toBe(undefined);
  });

  itKeepsTheObjectStoreContract({
    name: 'a folder with a limit',
    open: async () => open(10_000_000_000),
    openMissing: async () => limitedStore(openFileStore(join(folder, 'missing')), new RateLimiter(1e10)),
    listedObjects: 20,
    largeBodyBytes: 100_000,
  });
});
