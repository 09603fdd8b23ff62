import { describe, expect, it } from 'vitest';

import { loadSettings } from '../config/load-settings.ts';
import { restoreConcurrency } from './restore-concurrency.ts';

describe('the parts that a restore unpacks at once', () => {
  it.each([
    [{}, 4],
    [{ WALG_DOWNLOAD_CONCURRENCY: '2' }, 2],
    [{ WALG_DOWNLOAD_CONCURRENCY: '10' }, 10],
  ])('are few unless a number is set: %j', async (environment, expected) => {
    expect(restoreConcurrency(await loadSettings({ environment, workingDirectory: '/' }))).toBe(expected);
  });
});
