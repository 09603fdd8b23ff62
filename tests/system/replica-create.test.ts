import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { takeBackup } from '../../src/backup/take.ts';
import { noProgress } from '../../src/base/progress.ts';
import { readServerPosition } from '../../src/instance/replication-connection.ts';
import { archiveAll, startArchivingServer, untilTrue, type ArchivingServer } from '../support/backup-server.ts';
import { serverAt, type TestServer } from '../support/postgres.ts';
import { runWalkback, startWalkback } from '../support/walkback-process.ts';
import { until } from '../support/archived-cluster.ts';

const MAJOR = 16;

describe('walkback replica create', () => {
  let leader: ArchivingServer;
  let standby: TestServer | undefined;
  let place = '';
  beforeAll(async () => {
    leader = await startArchivingServer(MAJOR, { wal_level: 'replica', wal_keep_size: "'64MB'" });
    place = join(leader.scratch, 'replica');
    await mkdir(place);
    await leader.server.sql('create table rows as select generate_series(1, 1000) as number');
    // Enough for a restore to be killed in the middle of it.
    await leader.server.sql(
      "create table bulk as select string_agg(md5(a::text || b), '') as noise from generate_series(1, 2000) a, generate_series(1, 1000) b group by a",
    );
    await leader.server.sql('create role standby with login replication');
    await takeBackup({
      store: leader.store,
      instance: leader.source,
      dataDirectory: leader.server.dataDirectory,
      compression: 'zstd',
      concurrency: 2,
      onProgress: noProgress,
    });
    await leader.server.sql('insert into rows values (1001)');
  });
  afterAll(async () => {
    await standby?.[Symbol.asyncDispose]();
    await leader[Symbol.asyncDispose]();
  });

  const conninfo = () =>
    `host=${leader.server.socketDirectory} port=${leader.server.port} user=standby dbname=postgres`;
  const data = () => join(place, 'data');

  /** As Patroni calls it: keys of its configuration as flags, with underscores. */
  const args = (more: readonly string[] = []) => [
    'replica',
    'create',
    '--no_leader=1',
    '--retries=2',
    '--threshold_megabytes=102400',
    '--threshold_backup_size_percentage=1000',
    '--scope=shop',
    '--role=replica',
    `--datadir=${data()}`,
    `--connstring=${conninfo()}`,
    ...more,
  ];
  const environment = () => ({ WALKBACK_ARCHIVE: `file://${leader.archive}` });

  it('asks the leader where it is', async () => {
    const [system] = await leader.server.sql<{ id: string }>(
      'select system_identifier::text as id from pg_control_system()',
    );
    const { host, port } = leader.connection;
    const position = await readServerPosition([{ host, port, user: 'standby', database: 'postgres' }]);
    expect(position).toMatchObject({
      systemIdentifier: BigInt(system?.id ?? 0),
      majorVersion: MAJOR,
      walSegmentSizeBytes: 16 * 1024 * 1024,
      line: { timeline: 1, ancestors: [] },
      isReplica: false,
    });
  });

  it('says where from, and changes nothing, when it is asked to', async () => {
    const { code, out } = await runWalkback(args(['--dry-run', '--json']), environment());
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ source: 'archive', timeline: 1 });
    expect(await readdir(place)).not.toContain('data');
  });

  it('follows the archive alone for the leader of a standby cluster, and only then without keys', async () => {
    const alone = args(['--dry-run', '--json']).map((arg) => (arg.startsWith('--connstring') ? '--connstring=' : arg));
    const refused = await runWalkback(alone, environment());
    expect(refused.err).toMatch(/cannot make a replica without a leader/);
    await archiveAll(leader.server);
    const { code, out, err } = await runWalkback([...alone, '--follow-archive'], environment());
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ source: 'archive', timeline: 1 });
  });

  it('leaves it to the leader where that is cheaper, with 80, and says why', async () => {
    const costly = args().map((arg) => (arg.startsWith('--threshold_mega') ? '--threshold_megabytes=0' : arg));
    const { code, err } = await runWalkback(costly, environment());
    expect(code).toBe(80);
    expect(err).toMatch(/more than 0 MB, were written since base_/);
    expect(err).toMatch(/Patroni goes on with its next method/);
  });

  it('replaces nothing that is there', async () => {
    await mkdir(data());
    await writeFile(join(data(), 'precious'), '');
    const { code, err } = await runWalkback(args(), environment());
    expect(code).toBe(80);
    expect(err).toMatch(/it is not empty/);
    expect(await readdir(data())).toEqual(['precious']);
    await rm(data(), { recursive: true });
  });

  it('killed half way, it has left nothing that a server starts on; and the next one makes it', async () => {
    const child = startWalkback(args(), environment());
    const ended = new Promise((resolve) => child.once('close', resolve));
    await until('it restores', async () =>
      (await readdir(`${data()}.walkback`).catch((): string[] => [])).includes('replica'),
    );
    child.kill('SIGKILL');
    await ended;
    expect(await readdir(place)).not.toContain('data');
    const { code, out, err } = await runWalkback(args(['--json']), environment());
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ source: 'archive' });
    expect(await readdir(`${data()}.walkback`)).toEqual([]);
  });

  it('makes a replica that follows', async () => {
    expect(await readdir(data())).toContain('standby.signal');
    await mkdir(join(place, 'sock'));
    const configuration = await readFile(join(data(), 'postgresql.conf'), 'utf8');
    const lines = [
      `unix_socket_directories = '${join(place, 'sock')}'`,
      'archive_mode = off',
      `restore_command = 'false'`,
      `primary_conninfo = '${conninfo()}'`,
    ];
    await writeFile(join(data(), 'postgresql.conf'), `${configuration}\n${lines.join('\n')}\n`);
    standby = serverAt(place, MAJOR);
    await standby.start();
    await untilTrue(standby, 'exists (select from rows where number = 1001) and pg_is_in_recovery()');
  });

  it('never takes a backup that is behind the fork, however new', async () => {
    // The standby opens timeline 2; the old leader writes on, and is backed up: the newest backup there is.
    await leader.server.sql('insert into rows values (1002)');
    await untilTrue(standby as TestServer, 'exists (select from rows where number = 1002)');
    await standby?.sql('select pg_promote()');
    await untilTrue(standby as TestServer, 'not pg_is_in_recovery()');
    await leader.server.sql('insert into rows values (2000)');
    await archiveAll(leader.server);
    const behind = await takeBackup({
      store: leader.store,
      instance: leader.source,
      dataDirectory: leader.server.dataDirectory,
      compression: 'zstd',
      concurrency: 2,
      onProgress: noProgress,
    });
    const promoted = args(['--dry-run']).map((arg) => {
      if (arg.startsWith('--connstring')) return `--connstring=host=${join(place, 'sock')} port=5432 user=standby`;
      return arg.startsWith('--datadir') ? `--datadir=${join(leader.scratch, 'another', 'data')}` : arg;
    });
    await mkdir(join(leader.scratch, 'another'));
    const { code, out } = await runWalkback(promoted, environment());
    expect(code).toBe(0);
    expect(out).not.toContain(behind.name);
    expect(out).toMatch(
      /^from the leader: .*(replay would go on along the abandoned line|00000002\.history is not in the archive)/,
    );
  });
});
