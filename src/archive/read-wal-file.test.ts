import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { compress } from '../codec/compression.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { findWalObjects, readWalFile } from './read-wal-file.ts';
import { wrappedStore } from './testing/wrapped-store.ts';

const NAME = '0000000100000000000000A1';
const CONTENT = Buffer.from('content');

describe('a WAL file of an archive', () => {
  let root: string;
  let store: ObjectStore;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-read-wal-'));
    store = await openStore({ kind: 'file', path: root });
  });
  afterEach(async () => rm(root, { recursive: true }));

  it('is found under every name it has, in the order of WAL-G, by questions and by a listing', async () => {
    await store.put(`wal_005/${NAME}.zst`, await compress('zstd', CONTENT));
    await store.put(`wal_005/${NAME}`, CONTENT);
    await store.put(`wal_005/${NAME}.lz4`, await compress('lz4', CONTENT));
    await store.put(`wal_005/${NAME}.partial.zst`, await compress('zstd', CONTENT));
    const keys = [`${NAME}.lz4`, `${NAME}.zst`, NAME].map((name) => `wal_005/${name}`);
    for (const asked of [store, wrappedStore(store)]) {
      expect((await findWalObjects(asked, NAME)).map(({ key }) => key)).toEqual(keys);
      expect(await findWalObjects(asked, '0000000100000000000000A2')).toEqual([]);
    }
  });

  it('is read whatever its compression, and absent only when no name of it is there', async () => {
    await store.put(`wal_005/${NAME}.lz4`, await compress('lz4', CONTENT));
    for (const asked of [store, wrappedStore(store)]) {
      expect((await readWalFile(asked, NAME))?.bytes.equals(CONTENT)).toBe(true);
      expect(await readWalFile(asked, '0000000100000000000000A2')).toBeUndefined();
    }
  });

  it('is not absent when it is listed and then called absent', async () => {
    await store.put(`wal_005/${NAME}.zst`, await compress('zstd', CONTENT));
    const lying = wrappedStore(store, { get: async () => undefined });
    await expect(readWalFile(lying, NAME)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining(`wal_005/${NAME}.zst in s3://archive`),
    });
  });

  it('waits before it is decoded, where that is asked for, and only when it is there', async () => {
    await store.put(`wal_005/${NAME}.zst`, await compress('zstd', CONTENT));
    let waits = 0;
    const beforeDecoding = async () => void (waits += 1);
    await readWalFile(store, NAME, { beforeDecoding });
    await readWalFile(store, '0000000100000000000000A2', { beforeDecoding });
    expect(waits).toBe(1);
  });
});
