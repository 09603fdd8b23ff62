import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findBackup } from '../../src/backup/list.ts';
import { takeBackup, type TakenBackup } from '../../src/backup/take.ts';
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
  console.warn('SKIPPED: WALG_BINARY names no wal-g, so chains of its backups and ours are not tested');

const SUMS = `select (select md5(string_agg(t::text, ',' order by i)) from t) as plain, (select md5(string_agg(p::text, ',' order by i)) from placed p) as placed`;
const DELTA = { maxSteps: 9, origin: 'LATEST' } as const;

async function takeOurs({ store, source, server }: ArchivingServer, isDelta: boolean): Promise<TakenBackup> {
  return takeBackup({
    store,
    instance: source,
    dataDirectory: server.dataDirectory,
    compression: 'zstd',
    concurrency: 2,
    onProgress: noProgress,
    ...(isDelta ? { delta: DELTA } : {}),
  });
}

async function takeWithWalg({ server, archive, connection }: ArchivingServer): Promise<void> {
  await runProgram(WALG ?? '', ['backup-push', server.dataDirectory], {
    WALG_FILE_PREFIX: archive,
    WALG_DELTA_MAX_STEPS: '9',
    WALG_COMPRESSION_METHOD: 'lz4',
    PGHOST: connection.host,
    PGPORT: String(connection.port),
    PGUSER: connection.user,
    PGDATABASE: connection.database,
  });
}

/** Work of every kind that a delta must carry. */
async function work({ server }: ArchivingServer, round: number): Promise<void> {
  await server.sql(`update t set note = md5(note) where i % 500 = ${round}`);
  await server.sql(`insert into placed select i, md5(i::text) from generate_series(${round}00001, ${round}02000) i`);
  await server.sql(`delete from t where i between ${round * 1000} and ${round * 1000 + 400}`);
  await server.sql(round % 2 === 0 ? 'vacuum full placed' : 'vacuum t');
  await server.sql('checkpoint');
}

async function sumsOf(root: string, major: number, archive: string): Promise<unknown> {
  const restored = await startRestored(root, major, archive);
  try {
    await untilTrue(restored, 'not pg_is_in_recovery()');
    return await restored.sql(SUMS);
  } finally {
    await restored.stop();
  }
}

describe.skipIf(WALG === undefined)('a chain of delta backups that wal-g and we took by turns', () => {
  it.each([15, 18])('of PostgreSQL %i is restored by both to the same', async (major) => {
    await using archiving = await startArchivingServer(major);
    const { server, store, archive, scratch } = archiving;
    const place = join(scratch, 'place');
    await mkdir(place);
    await server.sql(`create tablespace elsewhere location '${place}'`);
    await server.sql('create table t as select i, md5(i::text) as note from generate_series(1, 60000) i');
    await server.sql('create table placed (i bigint, note text) tablespace elsewhere');
    await takeOurs(archiving, false);
    await work(archiving, 1);
    await takeWithWalg(archiving);
    await work(archiving, 2);
    const ours = await takeOurs(archiving, true);
    await work(archiving, 3);
    await takeWithWalg(archiving);
    const last = await findBackup(store, 'LATEST');
    expect(last).toMatchObject({ deltaFrom: ours.name, deltaCount: 3 });
    await server.sql('insert into t select i, md5(i::text) from generate_series(100001, 101000) i');
    const held = await server.sql(SUMS);
    await archiveAll(server);
    await server.stop();

    const byUs = join(scratch, 'by-us');
    const oid = last.tablespaces[0]?.oid ?? 0;
    await restoreBackup({
      store,
      backup: last,
      destination: join(byUs, 'data'),
      tablespaceLocations: new Map([[oid, join(scratch, 'our-place')]]),
      concurrency: 2,
      onProgress: noProgress,
    });
    expect(await sumsOf(byUs, major, archive)).toEqual(held);

    // wal-g links tablespaces below the data directory of the backup, so that is where it must restore to.
    await rm(place, { recursive: true });
    await rename(server.dataDirectory, `${server.dataDirectory}.before`);
    const environment = { WALG_FILE_PREFIX: archive, PGDATA: server.dataDirectory };
    await runProgram(WALG ?? '', ['backup-fetch', server.dataDirectory, last.name], environment);
    const byWalg = join(scratch, 'by-wal-g');
    await mkdir(byWalg);
    await rename(server.dataDirectory, join(byWalg, 'data'));
    expect(await sumsOf(byWalg, major, archive)).toEqual(held);
  });
});
