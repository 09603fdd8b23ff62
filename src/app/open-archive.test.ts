import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadSettings } from '../config/load-settings.ts';
import { openArchive } from './open-archive.ts';

const settingsFor = (environment: Record<string, string>) => loadSettings({ environment, workingDirectory: '/' });

describe('an open archive', () => {
  it('bears the name set, or the last part of its address', async () => {
    await using unnamed = await openArchive(await settingsFor({ WALKBACK_ARCHIVE: '/srv/shop-prod' }));
    await using named = await openArchive(await settingsFor({ WALKBACK_ARCHIVE: '/srv/a', SCOPE: 'shop' }));
    expect([unnamed.clusterName, named.clusterName]).toEqual(['shop-prod', 'shop']);
    expect(unnamed.store.address).toBe('/srv/shop-prod');
    expect(unnamed.compression).toBe('zstd');
  });

  it('is written and read as fast as it goes, whatever limit backups have: WAL must not fall behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-open-archive-'));
    const settings = await settingsFor({ WALKBACK_ARCHIVE: folder, WALG_NETWORK_RATE_LIMIT: '1024' });
    await using archive = await openArchive(settings);
    // At that rate the second would wait for hours.
    for (const key of ['a', 'b']) await archive.store.put(key, Buffer.alloc(16 * 1024 * 1024));
    expect((await archive.store.get('b'))?.byteLength).toBe(16 * 1024 * 1024);
    await rm(folder, { recursive: true });
  });
});
