import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { findBackup } from '../backup/list.ts';
import { noProgress } from '../base/progress.ts';
import { CountingLimiter } from '../base/testing/counting-limiter.ts';
import { openFileStore } from '../storage/file/file-store.ts';
import { restoreBackup } from './restore-backup.ts';

const ARCHIVE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');

it('a restore takes all that it reads from its limit', async () => {
  const root = await mkdtemp(join(tmpdir(), 'walkback-restore-limit-'));
  const store = openFileStore(ARCHIVE);
  const limiter = new CountingLimiter(1e10);
  const { storedBytes } = await restoreBackup({
    store,
    backup: await findBackup(store, 'LATEST'),
    destination: join(root, 'data'),
    tablespaceLocations: new Map(),
    isWanted: (name) => !name.startsWith('base/'),
    concurrency: 1,
    limiter,
    onProgress: noProgress,
  });
  expect(limiter.takenBytes).toBeGreaterThanOrEqual(storedBytes);
  await rm(root, { recursive: true });
});
