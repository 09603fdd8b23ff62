/**
 * What wal-g's composers write: the same files, laid out in other parts.
 */

import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { Backup } from '../../src/backup/backup.ts';
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
import { amcheckProblems } from '../support/walg-programs.ts';

const WALG = process.env['WALG_BINARY'];
if (WALG === undefined)
  console.warn('SKIPPED: WALG_BINARY names no wal-g, so what its composers write is not tested here');

const MAJOR = 16;
const SUM = `select (select md5(string_agg(t::text, ',' order by i)) from t) as changed, (select md5(string_agg(s::text, ',' order by s)) from still s) as still`;
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
): Promise<string> {
  return runProgram(WALG ?? '', ['backup-push', ...options], {
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

/** Restores a backup and replays all WAL; the server must pass amcheck. Answers what {@link SUM} says. */
async function sumAfterRestore({ store, archive, scratch }: ArchivingServer, backup: Backup): Promise<unknown> {
  const root = await mkdtemp(join(scratch, 'restored-'));
  const to = { destination: join(root, 'data'), tablespaceLocations: new Map(), concurrency: 2 };
  await restoreBackup({ store, backup, ...to, onProgress: noProgress });
  const restored = await startRestored(root, MAJOR, archive);
  try {
    await untilTrue(restored, 'not pg_is_in_recovery()');
    expect(await amcheckProblems(restored)).toEqual([]);
    return await restored.sql(SUM);
  } finally {
    await restored.stop();
  }
}

describe.skipIf(WALG === undefined)('a backup that wal-g laid out by', () => {
  it.each(FULL_BY)('%s is restored, and so is a delta on it', async (_name, options, isStreamed) => {
    await using archiving = await startArchivingServer(MAJOR);
    const { server, store } = archiving;
    await server.sql('create extension amcheck');
    await server.sql('create table still as select 1 as i, md5(i::text) as note from generate_series(1, 1000) i');
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
    for (const backup of [full, last]) expect(await sumAfterRestore(archiving, backup)).toEqual(held);
  });

  it('the copy composer, with parts of the backup before, is restored, and so is a delta on it', async () => {
    await using archiving = await startArchivingServer(MAJOR);
    const { server, store, archive } = archiving;
    await server.sql('create extension amcheck');
    await server.sql('create table still as select i, md5(i::text) as note from generate_series(1, 100000) i');
    await server.sql('create table t as select i, md5(i::text) as note from generate_series(1, 40000) i');
    await server.sql('create index on t (note)');
    // What is written out later would change the files that are to stay as they are.
    await server.sql('vacuum freeze');
    await server.sql('checkpoint');
    await push(archiving, [server.dataDirectory], 0);
    const before = await findBackup(store, 'LATEST');
    // It looks for what it copies beside `basebackups_005` where the archive is a folder; with other stores it does not.
    await symlink(join(archive, 'basebackups_005', before.name), join(archive, before.name));
    await server.sql('update t set note = md5(note) where i % 300 = 1');
    expect(await push(archiving, ['--copy-composer', server.dataDirectory], 5)).toContain('Copying part_');
    const copying = await findBackup(store, 'LATEST');
    const parts = await readdir(join(archive, 'basebackups_005', copying.name, 'tar_partitions'));
    expect(parts).toContain('copy_0.tar.zst');
    // The copies are whole: the backup that they are of can go.
    await rm(join(archive, before.name));
    await rm(join(archive, 'basebackups_005', before.name), { recursive: true });
    await rm(join(archive, 'basebackups_005', `${before.name}_backup_stop_sentinel.json`));
    await server.sql('update t set note = md5(note) where i % 350 = 1');
    await push(archiving, [server.dataDirectory], 5);
    const last = await findBackup(store, 'LATEST');
    expect(last.deltaFrom).toBe(copying.name);
    await server.sql('update t set note = md5(note) where i % 400 = 1');
    const held = await server.sql(SUM);
    await archiveAll(server);
    await server.stop();
    for (const backup of [copying, last]) {
      expect(await sumAfterRestore(archiving, backup)).toEqual(held);
    }
  });
});
