import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { networkLimiter } from '../../app/network-limiter.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { runLine } from './testing/run-line.ts';
import { withTurbo } from './turbo.ts';

const ARCHIVE = join(import.meta.dirname, '../../../fixtures/walg/pg15-zstd-v309/archive');

describe('--turbo', () => {
  it('lifts both limits, and has the disk read by four', async () => {
    const environment = {
      WALG_NETWORK_RATE_LIMIT: '1024',
      WALKBACK_DISK_RATE_LIMIT: '1MB',
      WALG_UPLOAD_DISK_CONCURRENCY: '1',
      WALG_DELTA_MAX_STEPS: '3',
    };
    const settings = await loadSettings({ environment, workingDirectory: '/' });
    expect(networkLimiter(settings)).toBeDefined();
    const turbo = withTurbo(settings);
    expect(networkLimiter(turbo)).toBe(undefined);
    expect(turbo.get('diskRateLimit')).toBe(undefined);
    expect(turbo.get('uploadDiskConcurrency')).toBe(4);
    expect(turbo.get('deltaMaxSteps')).toBe(3);
  });

  it('has a backup fetched at once that would take hours', async () => {
    const root = await mkdtemp(join(tmpdir(), 'walkback-turbo-'));
    const environment = { WALG_FILE_PREFIX: ARCHIVE, WALG_NETWORK_RATE_LIMIT: '1024' };
    const { code } = await runLine(['backup-fetch', join(root, 'data'), 'LATEST', '--turbo', '--mask', 'PG_VERSION'], {
      environment,
    });
    expect(code).toBe(0);
    await rm(root, { recursive: true });
  });
});
