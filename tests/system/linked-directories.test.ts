/** A server whose directories are links to other disks, WAL's too: backed up as it runs, by a link to it, and restored whole. */

import { lstat, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findBackup } from '../../src/backup/list.ts';
import { takeBackup } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import { archiveAll, startArchivingServer, startRestored, untilTrue } from '../support/backup-server.ts';
import type { TestServer } from '../support/postgres.ts';

const MAJOR = 17;
const SUM = "select count(*)::int as n, md5(string_agg(note, ',' order by id)) as sum from t";

const sumIn = async (server: TestServer, database: string): Promise<unknown> => server.sql(SUM, database);

/** Moves a directory of a server that is stopped to another disk, so to say, and leaves a link. */
async function moveAway(data: string, disk: string, name: string): Promise<void> {
  const there = join(disk, name);
  await mkdir(dirname(there), { recursive: true });
  await rename(join(data, name), there);
  await symlink(there, join(data, name));
}

describe('a server whose directories are links to other disks', () => {
  it('is backed up, full and as a delta, and restored with directories in place of the links', async () => {
    await using archiving = await startArchivingServer(MAJOR);
    const { server, store, scratch, archive, source: instance } = archiving;
    const { dataDirectory: data } = server;
    await server.sql('create database other');
    const made = 'create table t as select i as id, md5(i::text) as note from generate_series(1, 5000) i';
    for (const database of ['postgres', 'other']) await server.sql(made, database);
    const [row] = await server.sql<{ oid: number }>("select oid::int from pg_database where datname = 'other'");
    const ofOther = `base/${row?.oid}`;
    await server.stop();
    const [disk, link] = [join(scratch, 'disk'), join(scratch, 'by link')];
    for (const name of ['pg_wal', 'pg_xact', 'pg_multixact/members', ofOther]) await moveAway(data, disk, name);
    await symlink(data, link);
    await mkdir(join(data, 'mine'));
    await writeFile(join(disk, 'notes'), 'not the server’s');
    await symlink(join(disk, 'notes'), join(data, 'mine', 'notes'));
    await server.start();

    const take = async (more: object = {}) =>
      takeBackup({
        store,
        instance,
        dataDirectory: link,
        compression: 'zstd',
        concurrency: 2,
        onProgress: noProgress,
        ...more,
      });
    const full = await take();
    expect(full).toMatchObject({
      followed: [`/${ofOther}`, '/pg_multixact/members', '/pg_xact'],
      skipped: ['/mine/notes'],
    });
    await server.sql("update t set note = 'changed' where id % 50 = 1", 'other');
    const delta = await take({ delta: { maxSteps: 7, origin: 'LATEST' } });
    expect(delta).toMatchObject({ deltaFrom: full.name, followed: full.followed });
    await server.sql("insert into t values (5001, 'behind the backups')");
    const held = [await sumIn(server, 'postgres'), await sumIn(server, 'other')];
    await archiveAll(server);
    await server.stop();

    const root = join(scratch, 'restored');
    const to = { destination: join(root, 'data'), tablespaceLocations: new Map<number, string>(), concurrency: 2 };
    await restoreBackup({ store, backup: await findBackup(store, 'LATEST'), ...to, onProgress: noProgress });
    for (const name of ['pg_wal', 'pg_xact', 'pg_multixact/members', ofOther])
      expect((await lstat(join(root, 'data', name))).isDirectory(), name).toBe(true);
    const restored = await startRestored(root, MAJOR, archive);
    try {
      await untilTrue(restored, 'not pg_is_in_recovery()');
      expect([await sumIn(restored, 'postgres'), await sumIn(restored, 'other')]).toEqual(held);
    } finally {
      await restored.stop();
    }
  });

  it('is not backed up where a link stands for one file of the server: what is behind it would be missing', async () => {
    await using archiving = await startArchivingServer(MAJOR);
    const { server, store, scratch, source: instance } = archiving;
    const { dataDirectory } = server;
    await server.sql('create table t as select 1 as i');
    const [row] = await server.sql<{ path: string }>("select pg_relation_filepath('t') as path");
    await server.stop();
    await moveAway(dataDirectory, join(scratch, 'disk'), row?.path ?? '');
    await server.start();
    const taken = takeBackup({
      store,
      instance,
      dataDirectory,
      compression: 'zstd',
      concurrency: 2,
      onProgress: noProgress,
    });
    await expect(taken).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining(row?.path ?? '') });
    expect((await store.listFolder('basebackups_005/')).objects).toEqual([]);
  });
});
