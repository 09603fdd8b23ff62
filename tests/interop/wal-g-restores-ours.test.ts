import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { takeBackup } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { archiveAll, startArchivingServer, startRestored, untilTrue } from '../support/backup-server.ts';
import { runProgram } from '../support/postgres.ts';

const WALG = process.env['WALG_BINARY'];
if (WALG === undefined)
  console.warn('SKIPPED: WALG_BINARY names no wal-g, so what it makes of our backups is not tested');

const TABLES_SUM = `select md5(string_agg(t::text, ',' order by i)) as plain, (select md5(string_agg(p::text, ',' order by i)) from placed p) as placed from t`;

describe.skipIf(WALG === undefined)('the real wal-g', () => {
  it.each([
    [15, 'zstd'],
    [17, 'lz4'],
    [18, 'none'],
  ] as const)('restores our backup of PostgreSQL %i (%s)', async (major, compression) => {
    await using archiving = await startArchivingServer(major);
    const { server, store, source, archive, scratch } = archiving;
    const place = join(scratch, 'place');
    await mkdir(place);
    await server.sql(`create tablespace elsewhere location '${place}'`);
    await server.sql('create table t as select i, md5(i::text) from generate_series(1, 100000) i');
    await server.sql(
      'create table placed tablespace elsewhere as select i, md5(i::text) from generate_series(1, 20000) i',
    );
    const { dataDirectory } = server;
    const backup = await takeBackup({
      store,
      instance: source,
      dataDirectory,
      compression,
      concurrency: 2,
      onProgress: noProgress,
    });
    await server.sql('insert into t select i, md5(i::text) from generate_series(100001, 101000) i');
    const held = await server.sql(TABLES_SUM);
    await archiveAll(server);
    await server.stop();

    // wal-g links tablespaces below the data directory of the backup, so that is where it must restore to.
    await rm(place, { recursive: true });
    await rename(dataDirectory, `${dataDirectory}.before`);
    const environment = { WALG_FILE_PREFIX: archive, PGDATA: dataDirectory };
    await runProgram(WALG ?? '', ['backup-fetch', dataDirectory, backup.name], environment);
    await mkdir(join(scratch, 'restored'));
    await rename(dataDirectory, join(scratch, 'restored', 'data'));

    const restored = await startRestored(join(scratch, 'restored'), major, archive);
    try {
      await untilTrue(restored, 'not pg_is_in_recovery()');
      expect(await restored.sql(TABLES_SUM)).toEqual(held);
    } finally {
      await restored.stop();
    }
  });
});
