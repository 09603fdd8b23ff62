/** How fast a backup may read from the disk. */

import { describe, expect, it } from 'vitest';

import { takeBackup } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { startArchivingServer } from '../support/backup-server.ts';

const MIB = 1024 * 1024;

describe('a backup with a limit for the disk', () => {
  it('reads no faster than that with all its workers, and holds the same', async () => {
    await using archiving = await startArchivingServer(17);
    const { server, source, store } = archiving;
    const [row] = await server.sql('select sum(pg_database_size(oid))::int as bytes from pg_database');
    const clusterBytes = Number(row?.['bytes']);
    const options = { store, instance: source, dataDirectory: server.dataDirectory, compression: 'zstd' } as const;
    const diskBytesPerS = 16 * MIB;
    const beganMs = performance.now();
    const backup = await takeBackup({ ...options, concurrency: 2, diskBytesPerS, onProgress: noProgress });
    // The last piece that each worker read is not waited for.
    const leastMs = ((clusterBytes - 4 * MIB) / diskBytesPerS) * 1000;
    expect(clusterBytes).toBeGreaterThan(16 * MIB);
    expect(performance.now() - beganMs).toBeGreaterThan(leastMs * 0.9);
    expect(backup.corruptFiles).toEqual([]);
  });
});
