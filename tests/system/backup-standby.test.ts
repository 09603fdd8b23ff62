import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { backupSourceOf } from '../../src/backup/backup-source.ts';
import { listBackups } from '../../src/backup/list.ts';
import { takeBackup, type TakenBackup, type TakeBackupOptions } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import {
  archiveAll,
  startArchivingServer,
  startRestored,
  untilTrue,
  type ArchivingServer,
} from '../support/backup-server.ts';
import { serverAt, type TestServer } from '../support/postgres.ts';

const SUM = `select count(*)::int as rows, md5(string_agg(t::text, ',' order by i)) as sum from t`;
const MAJOR = 17;

async function restoreTo(archiving: ArchivingServer, backup: TakenBackup, root: string): Promise<void> {
  const { store } = archiving;
  const to = { destination: join(root, 'data'), tablespaceLocations: new Map(), concurrency: 2 };
  await restoreBackup({ store, backup, ...to, onProgress: noProgress });
}

/** A standby that follows the server, made of a backup. */
async function startStandby(
  archiving: ArchivingServer,
  backup: TakenBackup,
  archiveMode: 'on' | 'off' = 'off',
): Promise<TestServer> {
  const { server, scratch } = archiving;
  const root = join(scratch, 'standby');
  await mkdir(join(root, 'sock'), { recursive: true });
  await restoreTo(archiving, backup, root);
  const lines = [
    `unix_socket_directories = '${root}/sock'`,
    `primary_conninfo = 'host=${server.socketDirectory} port=${server.port} user=postgres'`,
    `archive_mode = ${archiveMode}`,
  ];
  await appendFile(join(root, 'data/postgresql.conf'), `${lines.join('\n')}\n`);
  await writeFile(join(root, 'data/standby.signal'), '');
  const standby = serverAt(root, MAJOR);
  await standby.start();
  return standby;
}

function takeFrom(
  { store }: ArchivingServer,
  server: TestServer,
  more: Partial<TakeBackupOptions> = {},
): Promise<TakenBackup> {
  return takeBackup({
    store,
    instance: backupSourceOf({
      host: server.socketDirectory,
      port: server.port,
      user: 'postgres',
      database: 'postgres',
    }),
    dataDirectory: server.dataDirectory,
    compression: 'zstd',
    concurrency: 2,
    onProgress: noProgress,
    ...more,
  });
}

/** Makes the standby's next restart point a new one. */
async function checkpointBoth({ server }: ArchivingServer, standby: TestServer): Promise<void> {
  await server.sql('checkpoint');
  const [row] = await server.sql<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  await untilTrue(standby, `pg_last_wal_replay_lsn() >= '${row?.lsn ?? ''}'`);
}

describe('a backup taken from a standby', () => {
  it('restores to what the primary held, full and as a delta, and is dropped if the standby is promoted', async () => {
    await using archiving = await startArchivingServer(MAJOR);
    const { server, store, archive, scratch } = archiving;
    await server.sql('create table t as select i, md5(i::text) as note from generate_series(1, 30000) i');
    const ofPrimary = await takeFrom(archiving, server);
    const standby = await startStandby(archiving, ofPrimary);
    try {
      await server.sql('update t set note = md5(note) where i % 100 = 1');
      await checkpointBoth(archiving, standby);
      const switching = setInterval(() => void server.sql('select pg_switch_wal()').catch(() => {}), 500);
      await server.sql('create table busy (i int)');
      const busy = setInterval(() => void server.sql('insert into busy values (1)').catch(() => {}), 100);
      const full = await takeFrom(archiving, standby);
      expect(full.deltaFrom).toBeUndefined();
      await server.sql('update t set note = md5(note) where i % 150 = 2');
      await checkpointBoth(archiving, standby);
      const delta = await takeFrom(archiving, standby, { delta: { maxSteps: 5, origin: 'LATEST' } });
      expect(delta).toMatchObject({ deltaFrom: full.name, warnings: [] });

      const before = (await listBackups(store)).map(({ name }) => name);
      await checkpointBoth(archiving, standby);
      let isPromoted = false;
      const promoting = takeFrom(archiving, standby, {
        onProgress: () => {
          if (!isPromoted) void standby.sql('select pg_promote(false)');
          isPromoted = true;
        },
      });
      await expect(promoting).rejects.toThrow(/standby was promoted/);
      expect((await listBackups(store)).map(({ name }) => name)).toEqual(before);
      const { folders } = await store.listFolder('basebackups_005/');
      expect(folders.toSorted()).toEqual(before.map((name) => `${name}/`).toSorted());
      clearInterval(switching);
      clearInterval(busy);

      const held = await server.sql(SUM);
      await archiveAll(server);
      const root = join(scratch, 'again');
      await restoreTo(archiving, delta, root);
      const restored = await startRestored(root, MAJOR, archive);
      try {
        await untilTrue(restored, 'not pg_is_in_recovery()');
        expect(await restored.sql(SUM)).toEqual(held);
      } finally {
        await restored.stop();
      }
    } finally {
      await standby.stop();
    }
  });
});

/** The server becomes a standby of its own standby, which is promoted: its first checkpoint takes minutes. */
async function failOver({ server }: ArchivingServer, standby: TestServer): Promise<void> {
  await server.stop();
  await standby.sql('select pg_promote()');
  const conninfo = `primary_conninfo = 'host=${standby.socketDirectory} port=${standby.port} user=postgres'`;
  await appendFile(join(server.dataDirectory, 'postgresql.conf'), `${conninfo}\n`);
  await writeFile(join(server.dataDirectory, 'standby.signal'), '');
  await server.start();
  await untilTrue(server, "exists (select from pg_stat_wal_receiver where status = 'streaming' and received_tli = 2)");
}

describe('a backup taken from a standby right behind a failover', () => {
  it('is refused until the new primary has made a checkpoint', async () => {
    await using archiving = await startArchivingServer(MAJOR);
    const { server } = archiving;
    await server.sql('create table t as select i, md5(i::text) as note from generate_series(1, 30000) i');
    const primary = await startStandby(archiving, await takeFrom(archiving, server), 'on');
    try {
      await server.sql('update t set note = md5(note)');
      await failOver(archiving, primary);
      await primary.sql('create table busy (i int)');
      const early = takeFrom(archiving, server, { walTimeoutMs: 3000 });
      await expect(early).rejects.toMatchObject({ kind: 'refused', remedy: expect.stringContaining('CHECKPOINT') });
      const switching = setInterval(() => void primary.sql('select pg_switch_wal()').catch(() => {}), 500);
      const busy = setInterval(() => void primary.sql('insert into busy values (1)').catch(() => {}), 100);
      await checkpointBoth({ ...archiving, server: primary }, server);
      expect((await takeFrom(archiving, server)).name).toMatch(/^base_00000002/);
      clearInterval(switching);
      clearInterval(busy);
    } finally {
      await primary.stop();
    }
  });
});
