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
});
