/**
 * What wal-g's composers write: the same files, laid out in other parts.
 */

import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findBackup } from '../../src/backup/list.ts';
import { noProgress } from '../../src/base/progress.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import {
  archiveAll,
  startArchivingServer,
  startRestored,
  untilTrue,
  type ArchivingServer,
} from '../support/backup-server.ts';
import { runProgram } from '../support/postgres.ts';

const WALG = process.env['WALG_BINARY'];
if (WALG === undefined)
  console.warn('SKIPPED: WALG_BINARY names no wal-g, so what its composers write is not tested here');

const SUM = `select md5(string_agg(t::text, ',' order by i)) as sum from t`;
const FULL_BY: readonly (readonly [name: string, options: readonly string[], isStreamed: boolean])[] = [
  ['the rating composer', ['--rating-composer'], false],
  ['the database composer', ['--database-composer'], false],
  ['streaming', [], true],
  ['leaving out the list of files', ['--without-files-metadata'], false],
];

async function push(
  { server, archive, connection }: ArchivingServer,
  options: readonly string[],
  steps: number,
): Promise<void> {
  await runProgram(WALG ?? '', ['backup-push', ...options], {
    WALG_FILE_PREFIX: archive,
    WALG_DELTA_MAX_STEPS: String(steps),
    WALG_COMPRESSION_METHOD: 'zstd',
    WALG_TAR_SIZE_THRESHOLD: '2000000',
    PGHOST: connection.host,
    PGPORT: String(connection.port),
    PGUSER: connection.user,
    PGDATABASE: connection.database,
    PGDATA: server.dataDirectory,
  });
}

describe.skipIf(WALG === undefined)('a backup that wal-g laid out by', () => {
  it.each(FULL_BY)('%s is restored, and so is a delta on it', async (_name, options, isStreamed) => {
    const major = 16;
    await using archiving = await startArchivingServer(major);
    const { server, store, archive, scratch } = archiving;
    await server.sql('create table t as select i, md5(i::text) as note from generate_series(1, 40000) i');
    await push(archiving, [...options, ...(isStreamed ? [] : [server.dataDirectory])], 0);
    const full = await findBackup(store, 'LATEST');
    await server.sql('update t set note = md5(note) where i % 300 = 1');
    const composers = options.filter((option) => option.endsWith('-composer'));
    await push(archiving, [...composers, server.dataDirectory], 5);
    const last = await findBackup(store, 'LATEST');
    expect(last.deltaFrom).toBe(full.name);
    await server.sql('update t set note = md5(note) where i % 400 = 1');
    const held = await server.sql(SUM);
    await archiveAll(server);
    await server.stop();
    for (const [number, backup] of [full, last].entries()) {
      const root = join(scratch, `restored-${number}`);
      const to = { destination: join(root, 'data'), tablespaceLocations: new Map(), concurrency: 2 };
      await restoreBackup({ store, backup, ...to, onProgress: noProgress });
      const restored = await startRestored(root, major, archive);
      try {
        await untilTrue(restored, 'not pg_is_in_recovery()');
        expect(await restored.sql(SUM)).toEqual(held);
      } finally {
        await restored.stop();
      }
    }
  });
});
