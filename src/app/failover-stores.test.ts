import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ArchiveLease } from '../agent/lease.ts';
import { markRunning } from '../backup/running-marker.ts';
import { removeMarker } from '../backup/tidy-up.ts';
import { loadSettings } from '../config/load-settings.ts';
import { openArchive } from './open-archive.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'failover-'));
  for (const name of ['own', 'other']) {
    await mkdir(join(root, name, 'wal_005'), { recursive: true });
    await writeFile(join(root, name, 'wal_005', `in-${name}`), name);
  }
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const open = async (storages: string, storage?: string) =>
  openArchive(
    await loadSettings({
      environment: { WALG_FILE_PREFIX: join(root, 'own'), WALG_FAILOVER_STORAGES: storages },
      workingDirectory: root,
    }),
    storage === undefined ? {} : { storage },
  );

describe('failover storages', () => {
  it('are read with the archive, and not written', async () => {
    await using archive = await open(JSON.stringify({ other: { walg_file_prefix: join(root, 'other') } }));
    const keys = (await Array.fromAsync(archive.store.list('wal_005/'))).map(({ key }) => key);
    expect(keys).toEqual(['wal_005/in-other', 'wal_005/in-own']);
    expect((await archive.store.get('wal_005/in-other'))?.toString()).toBe('other');
    await archive.store.put('wal_005/new', Buffer.from('x'));
    await using own = await open('{}');
    expect((await own.store.get('wal_005/new'))?.toString()).toBe('x');
    expect(await own.store.get('wal_005/in-other')).toBeUndefined();
  });

  it('do not stop who writes while they are away, and are told of; nobody else takes that for absent', async () => {
    const environment = {
      WALG_FILE_PREFIX: join(root, 'own'),
      WALG_FAILOVER_STORAGES: JSON.stringify({ other: { walg_file_prefix: join(root, 'not-mounted') } }),
    };
    const told: string[] = [];
    const settings = await loadSettings({ environment, workingDirectory: root });
    await using archive = await openArchive(settings, { onAway: (message) => told.push(message) });
    const { forWriting, store } = archive;
    expect((await forWriting.listFolder('wal_005/')).objects.map(({ key }) => key)).toContain('wal_005/in-own');
    expect(await forWriting.put('wal_005/away', Buffer.from('x'), { ifAbsent: true })).toBe('written');
    expect(told).toEqual([expect.stringContaining(`the failover storage ${join(root, 'not-mounted')} is passed over`)]);
    await expect(store.listFolder('wal_005/')).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(forWriting.delete(['wal_005/away'])).rejects.toMatchObject({ kind: 'unavailable' });
    const self = { id: 'a', hostname: 'a', processSpace: 'a', processId: 1, dataDirectory: '/data', startedAt: '' };
    const lease = new ArchiveLease({ store: forWriting, self });
    for (let term = 1; term < 4; term += 1) expect((await lease.look()).kind).toBe('held');
    await lease.release();
    const marker = await markRunning(forWriting, 'base_000000010000000000000002', new Date());
    expect(await removeMarker(marker)).toBeUndefined();
  });

  it('are read alone by their names, as the own store is by "default"', async () => {
    const storages = JSON.stringify({ other: { walg_file_prefix: join(root, 'other') } });
    await using other = await open(storages, 'other');
    expect((await other.store.get('wal_005/in-other'))?.toString()).toBe('other');
    expect(await other.store.get('wal_005/in-own')).toBeUndefined();
    await using own = await open(storages, 'default');
    expect(await own.store.get('wal_005/in-other')).toBeUndefined();
    expect((await own.store.get('wal_005/in-own'))?.toString()).toBe('own');
    await expect(open(storages, 'nosuch')).rejects.toMatchObject({
      kind: 'usage',
      remedy: expect.stringContaining('default, other'),
    });
  });

  it('give a backup from the store that has its sentinel', async () => {
    const folder = 'basebackups_005/base_000000010000000000000007';
    const part = `${folder}/tar_partitions/part_001.tar.zst`;
    for (const [name, text] of [
      ['own', 'half of one'],
      ['other', 'all of another'],
    ] as const) {
      await mkdir(join(root, name, folder, 'tar_partitions'), { recursive: true });
      await writeFile(join(root, name, part), text);
    }
    await writeFile(join(root, 'other', `${folder}_backup_stop_sentinel.json`), '{}');
    await using archive = await open(JSON.stringify({ other: { walg_file_prefix: join(root, 'other') } }));
    expect((await archive.store.get(part))?.toString()).toBe('all of another');
  });

  it.each(['x', '[]', '{"a": 1}', '"secret"'])(
    'are refused as %s, without a word of what was written',
    async (text) => {
      const refused = open(text);
      await expect(refused).rejects.toMatchObject({ kind: 'usage', message: expect.not.stringContaining('secret') });
    },
  );

  it('take no setting of the archive', async () => {
    await expect(open('{"a": {}}')).rejects.toMatchObject({ kind: 'usage' });
  });
});
