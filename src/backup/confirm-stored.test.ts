import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { backupFolder } from '../walg/backup-names.ts';
import { confirmStored } from './confirm-stored.ts';

const backupName = 'base_000000010000000000000004';
const key = (name: string) => `${backupFolder(backupName)}tar_partitions/${name}`;
const expected = { backupName, keys: [key('part_001.tar.zst'), key('part_002.tar.zst')], leastBytes: 20n };

describe('what a store has confirmed of a backup', () => {
  let folder: string;
  let store: ObjectStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walkback-confirm-'));
    store = await openStore({ kind: 'file', path: folder });
    await store.put(key('part_001.tar.zst'), Buffer.alloc(12));
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const confirm = () => confirmStored(store, expected, new AbortController().signal);

  it('is enough when all of it is there', async () => {
    await store.put(key('part_002.tar.zst'), Buffer.alloc(8));
    await expect(confirm()).resolves.toBeUndefined();
  });

  it('is not when an object is missing', async () => {
    await expect(confirm()).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('does not have basebackups_005/'),
    });
  });

  it('is not when all of it is smaller than what was given', async () => {
    await store.put(key('part_002.tar.zst'), Buffer.alloc(7));
    await expect(confirm()).rejects.toThrow('has 19 of 20 bytes of it');
  });
});
