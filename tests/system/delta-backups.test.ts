import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { listBackups } from '../../src/backup/list.ts';
import { takeBackup, type TakenBackup, type TakeBackupOptions } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { listArchivedWal } from '../../src/history/archived-wal.ts';
import { findMissingIndexes, writeIndexes } from '../../src/history/segment-indexes-write.ts';
import { formatLsn } from '../../src/postgres/lsn.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import { filesMetadataKey } from '../../src/walg/backup-names.ts';
import { parseFilesMetadata } from '../../src/walg/files-metadata.ts';
import {
  archiveAll,
  startArchivingServer,
  startRestored,
  untilTrue,
  type ArchivingServer,
} from '../support/backup-server.ts';

const SUMS = `
  select 'accounts' as name, count(*)::int as rows, md5(string_agg(a::text, ',' order by id)) as sum from accounts a
  union all select 'placed', count(*)::int, md5(string_agg(p::text, ',' order by id)) from placed p
  union all select 'shrunk', count(*)::int, md5(string_agg(s::text, ',' order by id)) from shrunk s
  union all select 'later', count(*)::int, md5(string_agg(l::text, ',' order by id)) from later l
  order by name`;

async function take(archiving: ArchivingServer, more: Partial<TakeBackupOptions> = {}): Promise<TakenBackup> {
  return takeBackup({
    store: archiving.store,
    instance: archiving.source,
    dataDirectory: archiving.server.dataDirectory,
    compression: 'zstd',
    concurrency: 2,
    onProgress: noProgress,
    ...more,
  });
}

const DELTA = { maxSteps: 7, origin: 'LATEST' } as const;

async function kindsOf({ store }: ArchivingServer, { name }: TakenBackup): Promise<Record<string, number>> {
  const key = filesMetadataKey(name);
  const { files } = parseFilesMetadata((await store.get(key)) ?? Buffer.alloc(0), key);
  const kinds = { whole: 0, increment: 0, skipped: 0 };
  for (const { isIncremented, isSkipped } of files.values()) {
    kinds[isSkipped ? 'skipped' : isIncremented ? 'increment' : 'whole']++;
  }
  return kinds;
}

/** Takes a segment behind a backup away: from pg_wal, where the server uses it again, and from the archive. */
async function loseSegment({ server, store }: ArchivingServer, backup: TakenBackup): Promise<void> {
  const [row] = await server.sql<{ name: string }>(`select pg_walfile_name('${formatLsn(backup.startLsn)}') as name`);
  const name = row?.name ?? '';
  for (let round = 0; round < 3; round++) {
    await server.sql('create table if not exists passing (i int)');
    await server.sql('select pg_switch_wal()');
    await server.sql('checkpoint');
  }
  await untilTrue(server, `not exists (select from pg_ls_waldir() where name = '${name}')`);
  await store.delete([`wal_005/${name}`]);
}

async function indexAll({ store }: ArchivingServer): Promise<void> {
  const request = { store, wal: await listArchivedWal(store), workerCount: 0 };
  const { missing } = await findMissingIndexes(request);
  const { unreadable } = await writeIndexes(request, missing);
  expect(unreadable).toEqual([]);
}

describe('a chain of delta backups', () => {
  it.each([14, 18])('of PostgreSQL %i restores to what the server held', async (major) => {
    await using archiving = await startArchivingServer(major);
    const { server, store, archive, scratch } = archiving;
    const place = join(scratch, 'place');
    await mkdir(place);
    await server.sql(`create tablespace elsewhere location '${place}'`);
    await server.sql('create table accounts (id bigint primary key, note text)');
    await server.sql('create table placed (id bigint primary key, note text) tablespace elsewhere');
    await server.sql('create table shrunk (id bigint primary key, note text)');
    await server.sql('create table dropped as select generate_series(1, 1000) as id');
    for (const table of ['accounts', 'placed', 'shrunk']) {
      await server.sql(`insert into ${table} select i, repeat(md5(i::text), 8) from generate_series(1, 20000) i`);
    }
    await server.sql('create database other');
    await server.sql('checkpoint');
    // What was written within two seconds before its parent began is never passed over as unchanged.
    await sleep(2500);
    const full = await take(archiving);

    await server.sql('update accounts set note = md5(note) where id % 1000 = 1');
    await server.sql('create table later (id bigint primary key, note text)');
    await server.sql('insert into later select i, md5(i::text) from generate_series(1, 5000) i');
    await server.sql('delete from shrunk where id > 5000');
    await server.sql('vacuum shrunk');
    await loseSegment(archiving, full);
    const first = await take(archiving, { delta: DELTA });
    expect(first).toMatchObject({ deltaFrom: full.name, deltaCount: 1, corruptFiles: [], warnings: [] });
    expect(first.changesFrom).toMatch(/^page headers, because .* is neither in the archive nor in pg_wal$/);
    expect(first.name).toMatch(/^base_[0-9A-F]{24}_D_[0-9A-F]{24}$/);
    expect(first.uncompressedSizeBytes).toBeLessThan(full.uncompressedSizeBytes / 2n);
    const kinds = await kindsOf(archiving, first);
    expect(kinds['skipped']).toBeGreaterThan(100);
    expect(kinds['increment']).toBeGreaterThan(2);

    await server.sql('update placed set note = note || $$!$$ where id % 700 = 3');
    await server.sql('insert into shrunk select i, md5(i::text) from generate_series(5001, 9000) i');
    await server.sql('drop table dropped');
    await server.sql('update later set note = note || $$?$$ where id < 100');
    await archiveAll(server);
    await indexAll(archiving);
    const second = await take(archiving, { delta: DELTA });
    expect(second.changesFrom).toMatch(/^\d segments of WAL, [1-9] by index$/);
    expect(second).toMatchObject({ deltaFrom: first.name, deltaCount: 2 });
    expect(second.uncompressedSizeBytes).toBeLessThan(full.uncompressedSizeBytes / 4n);

    await server.sql(`update accounts set note = 'third' where id % 900 = 5`);
    const third = await take(archiving, { delta: DELTA });
    expect(third.changesFrom).toMatch(/^\d segments of WAL, 0 by index$/);
    await server.sql('insert into later select i, md5(i::text) from generate_series(6000, 6100) i');
    const held = await server.sql(SUMS);
    await archiveAll(server);
    const root = join(scratch, 'restored');
    const tablespaceLocations = new Map([[third.tablespaces[0]?.oid ?? 0, join(scratch, 'new-place')]]);
    const to = { destination: join(root, 'data'), tablespaceLocations, concurrency: 2, onProgress: noProgress };
    const report = await restoreBackup({ store, backup: third, ...to });
    expect(report).toMatchObject({ chain: [full.name, first.name, second.name, third.name], damagedFiles: [] });
    await server.stop();
    const restored = await startRestored(root, major, archive);
    try {
      await untilTrue(restored, 'not pg_is_in_recovery()');
      expect(await restored.sql(SUMS)).toEqual(held);
      await restored.sql('create extension amcheck');
      await restored.sql(
        `select bt_index_check(c.oid, true) from pg_class c join pg_am a on a.oid = c.relam where a.amname = 'btree' and c.relkind = 'i' and c.relpersistence = 'p'`,
      );
    } finally {
      await restored.stop();
    }
  });

  it('of six deltas restores to each of its backups, and replays from its last one', async () => {
    await using archiving = await startArchivingServer(17);
    const { server, store, archive, scratch } = archiving;
    await server.sql('create table rows (id bigint primary key, level int, note text)');
    await server.sql('insert into rows select i, 0, repeat(md5(i::text), 8) from generate_series(1, 20000) i');
    await server.sql('checkpoint');
    const LEVELS =
      "select level, count(*)::int as n, md5(string_agg(note, ',' order by id)) as sum from rows group by level order by level";
    const names: string[] = [(await take(archiving)).name];
    const held = [await server.sql(LEVELS)];
    for (let level = 1; level <= 6; level += 1) {
      // Pages change again and again, tables come, and go two levels later.
      await server.sql(`update rows set level = ${level}, note = md5(note) where id % 97 = ${level} or id % 89 = 1`);
      await server.sql(
        `insert into rows select i, ${level}, md5(i::text) from generate_series(${level * 100_000}, ${level * 100_000 + 3_000}) i`,
      );
      if (level % 2 === 0)
        await server.sql(
          `delete from rows where id between ${(level - 1) * 100_000 + 1_000} and ${level * 100_000 - 1}`,
        );
      if (level % 2 === 0) await server.sql('vacuum rows');
      await server.sql(`create table of_level_${level} as select i from generate_series(1, ${level * 1000}) i`);
      if (level > 2) await server.sql(`drop table of_level_${level - 2}`);
      await archiveAll(server);
      const taken = await take(archiving, { delta: DELTA });
      expect(taken).toMatchObject({ deltaFrom: names.at(-1), deltaCount: level });
      names.push(taken.name);
      held.push(await server.sql(LEVELS));
    }
    await server.sql("insert into rows values (1000001, 7, 'behind all backups')");
    const last = await server.sql(LEVELS);
    await archiveAll(server);
    const backups = await listBackups(store);
    await server.stop();
    for (const level of [3, 6]) {
      const backup = backups.find(({ name }) => name === names[level]);
      if (backup === undefined) throw new Error(`there is no backup of level ${level}`);
      const root = join(scratch, `level-${level}`);
      const to = {
        destination: join(root, 'data'),
        tablespaceLocations: new Map<number, string>(),
        concurrency: 2,
        onProgress: noProgress,
      };
      const report = await restoreBackup({ store, backup, ...to });
      expect(report).toMatchObject({ chain: names.slice(0, level + 1), damagedFiles: [] });
      if (level < 6) await appendFile(join(root, 'data', 'postgresql.conf'), "\nrecovery_target = 'immediate'\n");
      const restored = await startRestored(root, 17, archive);
      try {
        await untilTrue(restored, 'not pg_is_in_recovery()');
        expect(await restored.sql(LEVELS)).toEqual(level < 6 ? held[level] : last);
        expect(await restored.sql(`select count(*)::int as n from of_level_${level}`)).toEqual([{ n: level * 1000 }]);
        expect(await restored.sql(`select to_regclass('of_level_${level - 2}') as gone`)).toEqual([{ gone: null }]);
        await restored.sql('create extension amcheck');
        await restored.sql("select bt_index_check('rows_pkey', true)");
      } finally {
        await restored.stop();
      }
    }
  });
});
