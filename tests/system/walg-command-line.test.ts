/**
 * A server whose commands are `wal-g …`, answered by walkback: archived, backed up, restored and recovered by them alone.
 */

import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { quoted, ROOT, settingText, until } from '../support/archived-cluster.ts';
import { archiveAll, untilTrue } from '../support/backup-server.ts';
import { runProgram, serverAt, startPostgres, type TestServer } from '../support/postgres.ts';

const WALG = join(ROOT, 'bin/wal-g');
const SUM = "select count(*)::int as rows, md5(string_agg(t::text, ',' order by i)) as sum from t";

describe('a server whose commands are called wal-g', () => {
  let root: string;
  let server: TestServer;
  let environment: Record<string, string>;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'walg in place '));
    const archive = join(root, 'archive');
    await mkdir(archive);
    const config = join(root, 'walg.json');
    await writeFile(config, JSON.stringify({ WALG_FILE_PREFIX: archive, WALG_DELTA_MAX_STEPS: 3 }));
    const command = `${quoted(WALG)} --config ${quoted(config)} wal-push "%p"`;
    server = await startPostgres({
      major: 17,
      root: join(root, 'server'),
      walSegmentSizeMib: 1,
      settings: { archive_mode: 'on', archive_command: settingText(command), wal_log_hints: 'on' },
    });
    environment = { ...server.environment, WALG_CONFIG_PATH: config };
    await server.sql('create table t as select i, md5(i::text) from generate_series(1, 20000) i');
  });
  afterAll(async () => {
    await server.stop('immediate');
    await rm(root, { recursive: true, force: true });
  });

  const walg = (...args: string[]) => runProgram(WALG, args, environment);
  const listed = async () =>
    JSON.parse(/^\[.*\]$/m.exec(await walg('backup-list', '--json', '--detail'))?.[0] ?? '[]') as {
      backup_name: string;
      user_data?: unknown;
    }[];

  async function restore(name: string, selector: string): Promise<TestServer> {
    const data = join(root, name, 'data');
    await walg('backup-fetch', data, selector);
    await mkdir(join(root, name, 'sock'));
    const lines = [
      `unix_socket_directories = '${join(root, name, 'sock')}'`,
      'archive_mode = off',
      `restore_command = ${settingText(`WALG_CONFIG_PATH=${quoted(environment['WALG_CONFIG_PATH'] ?? '')} ${quoted(WALG)} wal-fetch "%f" "%p"`)}`,
      "recovery_target_action = 'promote'",
    ];
    await appendFile(join(data, 'postgresql.conf'), `\n${lines.join('\n')}\n`);
    await writeFile(join(data, 'recovery.signal'), '');
    return serverAt(join(root, name), 17);
  }

  /** The names in the data directory, once no server runs on it. */
  async function untilStopped({ dataDirectory }: TestServer): Promise<string[]> {
    await until('the server stops', async () => !(await readdir(dataDirectory)).includes('postmaster.pid'));
    return readdir(dataDirectory);
  }

  it('is backed up, full and as a delta, and recovered to the end of its archive', async () => {
    await walg('backup-push', server.dataDirectory, '--add-user-data', '{"ticket":7}');
    await server.sql("update t set md5 = 'changed' where i <= 100");
    await walg('backup-push', server.dataDirectory);
    await server.sql('insert into t select i, md5(i::text) from generate_series(20001, 60000) i');
    const [held] = await server.sql(SUM);
    await archiveAll(server);
    const backups = await listed();
    expect(backups.map(({ backup_name: name }) => name)).toEqual([
      expect.stringMatching(/^base_[0-9A-F]{24}$/),
      expect.stringMatching(/^base_[0-9A-F]{24}_D_[0-9A-F]{24}$/),
    ]);
    expect(backups[0]?.user_data).toEqual({ ticket: 7 });

    const restored = await restore('restored', 'LATEST');
    try {
      await restored.start();
      await untilTrue(restored, 'not pg_is_in_recovery()');
      expect((await restored.sql(SUM))[0]).toEqual(held);
      expect(await readdir(join(restored.dataDirectory, 'pg_wal/.wal-g/prefetch'))).toContain('running');
    } finally {
      await restored.stop();
    }
  });

  it('stays down at a hole, where the exit code of WAL-G would have opened it', async () => {
    const wal = join(root, 'archive', 'wal_005');
    const segments = (await readdir(wal)).filter((name) => /^[0-9A-F]{24}\./.test(name)).toSorted();
    await rm(join(wal, segments.at(-3) ?? ''));
    const [full] = await listed();
    const restored = await restore('with a hole', full?.backup_name ?? '');
    // It may accept queries on its way to the hole; there it stops.
    await restored.start().catch(() => {});
    const data = await untilStopped(restored);
    expect(data).toContain('recovery.signal');
    await expect(restored.sql('select 1')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  });

  it('is backed up as a delta on the backup whose user data a variable tells, and not on the latest', async () => {
    const [full] = await listed();
    await runProgram(WALG, ['backup-push', server.dataDirectory], {
      ...environment,
      WALG_DELTA_FROM_USER_DATA: '{"ticket":7}',
    });
    const name = (await listed()).at(-1)?.backup_name ?? '';
    expect(name).toMatch(new RegExp(`_D_${(full?.backup_name ?? '').slice('base_'.length)}$`));
    expect(await listed()).toHaveLength(3);
    await walg('delete', 'target', name, '--confirm');
  });

  it('is verified, and what it no longer needs is deleted', async () => {
    expect(await walg('wal-verify', 'timeline')).toContain('timeline check status: OK');
    const [full, delta] = await listed();
    await expect(walg('delete', 'before', delta?.backup_name ?? '')).rejects.toThrow(/FIND_FULL/);
    expect(await walg('delete', 'before', 'FIND_FULL', delta?.backup_name ?? '')).toContain('Dry run');
    expect(await walg('delete', 'target', delta?.backup_name ?? '', '--confirm')).toContain('deleted successfully');
    expect(await listed()).toEqual([expect.objectContaining({ backup_name: full?.backup_name })]);
    await walg('backup-mark', full?.backup_name ?? '');
    await expect(walg('delete', 'target', full?.backup_name ?? '', '--confirm')).rejects.toThrow(/is kept/);
    await expect(walg('delete', 'everything', '--confirm')).rejects.toThrow(/FORCE/);
  });
});
