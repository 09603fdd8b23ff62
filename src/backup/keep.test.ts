/** Backups that WAL-G wrote, a full one and two deltas on it, some of them in a failover storage. */

import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openFailoverStore } from '../storage/failover-store.ts';
import { openFileStore } from '../storage/file/file-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { metadataKey, sentinelKey, sentinelKeyFor } from '../walg/backup-names.ts';
import { keepBackup } from './keep.ts';
import { listBackups } from './list.ts';

const BACKUPS = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive/basebackups_005');
const FULL = 'base_000000010000000000000002';
const FIRST = 'base_000000010000000000000004_D_000000010000000000000002';
const SECOND = 'base_000000010000000000000006_D_000000010000000000000004';

describe('keeping a backup where there is a failover storage', () => {
  let root: string;
  let store: ObjectStore;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-keep-'));
    for (const name of ['own', 'other']) await mkdir(join(root, name));
    const [own, other] = ['own', 'other'].map((name) => openFileStore(join(root, name)));
    if (own === undefined || other === undefined) throw new Error('there are two');
    store = openFailoverStore(own, [other], { decidedBy: sentinelKeyFor });
  });
  afterEach(async () => {
    await store.close();
    await rm(root, { recursive: true, force: true });
  });

  async function put(storage: 'own' | 'other', ...names: string[]): Promise<void> {
    for (const key of names.flatMap((name) => [sentinelKey(name), metadataKey(name)]))
      await cp(join(BACKUPS, '..', key), join(root, storage, key));
  }
  const kept = async () => (await listBackups(store)).filter(({ isPermanent }) => isPermanent).map(({ name }) => name);

  it('is refused for one that is only there: what was written here would not be read', async () => {
    await put('other', FULL);
    await expect(keepBackup(store, FULL, true)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(`${FULL}: it is in ${join(root, 'other')}`),
      remedy: expect.stringContaining('settings of that storage'),
    });
    expect(await readdir(join(root, 'own'))).toEqual([]);
  });

  it('is refused before anything of the chain is marked', async () => {
    await put('own', FULL);
    await put('other', FIRST, SECOND);
    await expect(keepBackup(store, SECOND, true)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(FIRST),
    });
    expect(await kept()).toEqual([]);
  });

  it('is done for one that is in both, and undone', async () => {
    await put('own', FULL);
    await put('other', FULL);
    await keepBackup(store, FULL, true);
    expect(await kept()).toEqual([FULL]);
    await keepBackup(store, FULL, false);
    expect(await kept()).toEqual([]);
  });
});
