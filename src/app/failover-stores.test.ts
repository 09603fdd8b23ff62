import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

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

const open = async (storages: string) =>
  openArchive(
    await loadSettings({
      environment: { WALG_FILE_PREFIX: join(root, 'own'), WALG_FAILOVER_STORAGES: storages },
      workingDirectory: root,
    }),
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
