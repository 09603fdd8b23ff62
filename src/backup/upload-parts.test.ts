import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { noProgress } from '../base/progress.ts';
import { openStore } from '../storage/open.ts';
import type { StoredEntry } from './data-directory.ts';
import { uploadParts } from './upload-parts.ts';

const DIRECTORY: Omit<StoredEntry, 'name'> = {
  path: '/',
  type: 'directory',
  sizeBytes: 0,
  mode: 0o700,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
};

describe('the parts of a backup', () => {
  it('may hold more entries than a call has arguments', { timeout: 60_000 }, async () => {
    const root = await mkdtemp(join(tmpdir(), 'walkback-parts-'));
    try {
      const entries = Array.from({ length: 150_000 }, (_, at) => ({ ...DIRECTORY, name: `/base/${at}` }));
      const uploaded = await uploadParts(entries, {
        store: await openStore({ kind: 'file', path: root }),
        backupName: 'base_000000010000000000000002',
        compression: 'zstd',
        level: 1,
        concurrency: 1,
        verification: undefined,
        diskBytesPerS: undefined,
        onProgress: noProgress,
        signal: new AbortController().signal,
      });
      expect(uploaded.entries).toHaveLength(entries.length);
      expect(uploaded.tarFileSets.get('part_001.tar.zst')).toHaveLength(entries.length);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
