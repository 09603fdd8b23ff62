import { describe, expect, it } from 'vitest';

import { loadSettings } from '../config/load-settings.ts';
import { restoreConcurrency } from './restore-concurrency.ts';

describe('the parts that a restore unpacks at once', () => {
  it.each([
    [{}, 1, 4],
    [{}, 2, 4],
    [{}, 4, 8],
    [{}, 64, 10],
    [{ WALG_DOWNLOAD_CONCURRENCY: '2' }, 64, 2],
    [{ WALG_DOWNLOAD_CONCURRENCY: '10' }, 1, 10],
  ])('are few on few processors unless a number is set: %j on %i', async (environment, processors, expected) => {
    const settings = await loadSettings({ environment, workingDirectory: '/' });
    expect(restoreConcurrency(settings, processors)).toBe(expected);
  });
});
