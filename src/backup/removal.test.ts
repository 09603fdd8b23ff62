import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { wrappedStore } from '../archive/testing/wrapped-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { backupFolder, sentinelKey } from '../walg/backup-names.ts';
import type { Backup } from './backup.ts';
import { indexFolder } from './own-objects.ts';
import { finishRemoval, listRemovals, removeBackups } from './removal.ts';

type Link = Pick<Backup, 'name' | 'deltaFrom'>;

const FULL: Link = { name: 'base_000000010000000000000002' };
const FIRST: Link = { name: `${FULL.name.replace('02', '04')}_D_000000010000000000000002`, deltaFrom: FULL.name };
const SECOND: Link = { name: `${FULL.name.replace('02', '06')}_D_000000010000000000000004`, deltaFrom: FIRST.name };
const ALL = [FULL, FIRST, SECOND];
const keysOfBackup = (name: string): string[] => [
  sentinelKey(name),
  `${backupFolder(name)}metadata.json`,
  `${backupFolder(name)}tar_partitions/part_001.tar.zst`,
  `${indexFolder(name)}part_001.json`,
];

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-removal-'));
  store = await openStore({ kind: 'file', path: folder });
  for (const key of ALL.flatMap(({ name }) => keysOfBackup(name))) await store.put(key, Buffer.from('x'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function keysLeft(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

/** As `store`, but deletes one key a time and fails with the `count`th. */
function failingAt(count: number): ObjectStore {
  let left = count;
  return wrappedStore(store, {
    delete: async (keys) => {
      for (const key of keys) {
        left -= 1;
        if (left < 0) throw new Error('interrupted');
        await store.delete([key]);
      }
    },
  });
}

function expectWholeBackups(keys: readonly string[]): void {
  const listed = ALL.filter(({ name }) => keys.includes(sentinelKey(name)));
  for (const { name, deltaFrom } of listed) {
    expect(keys).toEqual(expect.arrayContaining(keysOfBackup(name)));
    if (deltaFrom !== undefined) expect(keys).toContain(sentinelKey(deltaFrom));
  }
}

describe('the removal of a chain of backups', () => {
  it.each([0, 1, 2, 3, 4, 7, 11, 14])(
    'leaves only whole backups listed when it ends at object %i, and can be finished',
    async (count) => {
      await expect(removeBackups(failingAt(count), ALL)).rejects.toThrow('interrupted');
      expectWholeBackups(await keysLeft());
      const isListed = async (name: string) => (await store.stat(sentinelKey(name))) !== undefined;
      const noted = await listRemovals(store);
      for (const name of noted) if (!(await isListed(name))) await finishRemoval(store, name);
      const left: Link[] = [];
      for (const one of ALL) if (await isListed(one.name)) left.push(one);
      await removeBackups(store, left);
      expect(await keysLeft()).toEqual([]);
    },
  );

  it('ends before any sentinel when it may not', async () => {
    const refuse = async (): Promise<void> => {
      throw new Error('frozen');
    };
    await expect(removeBackups(store, ALL, { beforeSentinels: refuse })).rejects.toThrow('frozen');
    expect((await keysLeft()).toSorted()).toEqual(ALL.flatMap(({ name }) => keysOfBackup(name)).toSorted());
  });
});
