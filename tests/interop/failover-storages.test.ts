/**
 * Archives of the real wal-g in several stores (`WALG_FAILOVER_STORAGES`): the primary one is away at first, so that WAL and a backup
 * go to another; when it is back, wal-g goes on there, and leaves what is in the other or moves it.
 */

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { ROOT } from '../support/archived-cluster.ts';
import { archiveAll } from '../support/backup-server.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { startMinio } from '../support/minio.ts';
import { runProgram, startPostgres, type TestServer } from '../support/postgres.ts';
import { amcheckProblems, restoreByWrapper, writeWrapper } from '../support/walg-programs.ts';

const MAJOR = 17;
const WALG = process.env['WALG_BINARY'];
if (WALG === undefined)
  console.warn('SKIPPED: WALG_BINARY names no wal-g, so archives of its in several stores are not tested here');

const s3 = WALG === undefined ? undefined : await startMinio();
afterAll(async () => s3?.[Symbol.asyncDispose]());

const SUM = `select count(*)::int as n, md5(string_agg(t::text, ',' order by i)) as sum from t`;

/** A server that the real wal-g archives, of which one store is away while told so. */
interface Written extends AsyncDisposable {
  readonly root: string;
  readonly server: TestServer;
  readonly primary: FaultProxy;
  /** Runs wal-g with both stores. */
  readonly theirs: (...args: readonly string[]) => Promise<string>;
  /** The wrapper of `bin/wal-g`, with the same file of settings. */
  readonly ours: string;
  /** The folder of the other store. */
  readonly other: string;
}

async function startWritten(): Promise<Written> {
  if (s3 === undefined) throw new Error('there is no S3 server');
  const root = await mkdtemp(join(tmpdir(), 'walkback-failover-'));
  const other = join(root, 'other');
  await mkdir(other);
  const primary = await FaultProxy.start(s3.endpoint);
  const { bucket, prefix } = await s3.newBucket();
  const config = join(root, 'walg.json');
  const settings = {
    WALG_S3_PREFIX: `s3://${bucket}/${prefix}`,
    AWS_ENDPOINT: primary.endpoint,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    AWS_S3_FORCE_PATH_STYLE: 'true',
    AWS_REGION: 'us-east-1',
    WALG_COMPRESSION_METHOD: 'zstd',
    WALG_TAR_SIZE_THRESHOLD: '2000000',
    WALG_DELTA_MAX_STEPS: '4',
    // It looks anew each time whether a store is there.
    WALG_FAILOVER_STORAGES_CACHE_LIFETIME: '1ms',
    WALG_FAILOVER_STORAGES_CHECK_TIMEOUT: '3s',
    WALG_FAILOVER_STORAGES: { other: { WALG_FILE_PREFIX: other } },
  };
  await writeFile(config, JSON.stringify(settings));
  const variables = {
    WALG_CONFIG_PATH: config,
    HOME: root,
    PGHOST: join(root, 'live', 'sock'),
    PGUSER: 'postgres',
    PGDATABASE: 'postgres',
    PGDATA: join(root, 'live', 'data'),
  };
  const wrapper = await writeWrapper(join(root, 'theirs.sh'), WALG ?? '', variables);
  const server = await startPostgres({
    major: MAJOR,
    root: join(root, 'live'),
    settings: { archive_mode: 'on', archive_command: `'${wrapper} wal-push "%p"'` },
    start: false,
  });
  return {
    root,
    server,
    primary,
    other,
    theirs: (...args) => runProgram(wrapper, args),
    ours: await writeWrapper(join(root, 'ours.sh'), join(ROOT, 'bin/wal-g'), variables),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await primary[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}

const namesIn = async (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

/** Writes WAL and a backup into the other store, then WAL and a backup into the primary. Answers what the table holds at the end. */
async function writeBoth({ server, primary, theirs, other }: Written): Promise<unknown> {
  await primary.refuse();
  await server.start();
  await server.sql('create extension amcheck');
  await server.sql('create table t as select i, md5(i::text) as note from generate_series(1, 40000) i');
  await server.sql('create index on t (note)');
  expect(await theirs('backup-push', server.dataDirectory)).toContain('Backup will be pushed to storage: other');
  await server.sql('update t set note = md5(note) where i % 300 = 1');
  expect(await theirs('backup-push', server.dataDirectory)).toContain('to storage other');
  await server.sql('insert into t select i, md5(i::text) from generate_series(40001, 41000) i');
  await archiveAll(server);
  const inOther = await namesIn(join(other, 'wal_005'));
  await primary.listen();
  await server.sql('insert into t select i, md5(i::text) from generate_series(41001, 42000) i');
  await archiveAll(server);
  expect((await namesIn(join(other, 'wal_005'))).length).toBe(inOther.length);
  expect(await theirs('backup-push', server.dataDirectory)).toContain('Backup will be pushed to storage: default');
  await server.sql('update t set note = md5(note) where i % 400 = 1');
  await archiveAll(server);
  return server.sql(SUM);
}

/** Restores a backup by ours and replays all WAL. */
async function sumByOurs({ root, ours }: Written, backup: string): Promise<unknown> {
  const to = await mkdtemp(join(root, 'restored-'));
  const restored = await restoreByWrapper(to, ours, { major: MAJOR, backup });
  try {
    expect(await amcheckProblems(restored)).toEqual([]);
    return await restored.sql(SUM);
  } finally {
    await restored.stop('immediate');
  }
}

/** The names of all backups, oldest first. */
async function backupsOf({ ours }: Written): Promise<string[]> {
  return (await runProgram(ours, ['backup-list'])).match(/^base_\w+/gm) ?? [];
}

describe.skipIf(s3 === undefined)('an archive that wal-g spread over storages', () => {
  it('is restored from backups in either, with the WAL of both', async () => {
    await using written = await startWritten();
    const held = await writeBoth(written);
    const backups = await backupsOf(written);
    expect(backups).toHaveLength(3);
    expect(backups[1]).toBe(`base_${backups[1]?.slice(5, 29)}_D_${backups[0]?.slice(5)}`);
    for (const backup of backups) expect(await sumByOurs(written, backup)).toEqual(held);
  });

  it('is restored while and after wal-g moves it to the primary one', async () => {
    await using written = await startWritten();
    const held = await writeBoth(written);
    const backups = await backupsOf(written);
    const [full = '', delta = ''] = backups;
    const { theirs, other } = written;
    // The chain lies in both stores, and half of the WAL.
    await theirs('st', 'transfer', 'backups', '--source', 'other', '--max-backups', '1');
    await theirs('st', 'transfer', 'pg-wals', '--source', 'other', '--max-files', '2');
    expect((await namesIn(join(other, 'basebackups_005'))).filter((name) => name.endsWith('.json'))).toHaveLength(1);
    expect(await backupsOf(written)).toEqual(expect.arrayContaining(backups));
    for (const backup of [full, delta]) expect(await sumByOurs(written, backup)).toEqual(held);
    await theirs('st', 'transfer', 'backups', '--source', 'other');
    await theirs('st', 'transfer', 'pg-wals', '--source', 'other');
    expect(await namesIn(join(other, 'wal_005'))).toEqual([]);
    expect(await sumByOurs(written, delta)).toEqual(held);
  });

  it('is refused, not half restored, while one of its backups has parts in both', async () => {
    await using written = await startWritten();
    const held = await writeBoth(written);
    const [full = ''] = await backupsOf(written);
    // Files one by one, in no order, as `transfer backups` does not move them.
    const move = ['st', 'transfer', 'files', `basebackups_005/${full}/tar_partitions/`, '--source', 'other'];
    await written.theirs(...move, '--max-files', '2');
    await expect(sumByOurs(written, full)).rejects.toThrow(new RegExp(`cannot restore ${full}`));
    await written.theirs('st', 'transfer', 'backups', '--source', 'other');
    expect(await sumByOurs(written, full)).toEqual(held);
  });
});
