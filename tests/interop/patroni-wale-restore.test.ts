/** Patroni's own `patroni_wale_restore`, unmodified, with `bin/wal-e` as the `wal-e` on its PATH: a replica made of the newest backup. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { quoted, ROOT, settingText } from '../support/archived-cluster.ts';
import { archiveAll, untilTrue } from '../support/backup-server.ts';
import { ensurePatroni } from '../support/patroni/install-patroni.ts';
import { runProgram, serverAt, startPostgres, type TestServer } from '../support/postgres.ts';

const MAJOR = 17;
const patroni = await ensurePatroni('4.1');

/** What daemontools call so: the program behind, with a variable for each file of a directory. */
const ENVDIR = `#!/bin/sh
for file in "$1"/*; do export "$(basename "$file")=$(cat "$file")"; done
shift
exec "$@"
`;

describe.skipIf(patroni === undefined)("Patroni's wale_restore, with our wal-e", () => {
  let root: string;
  let server: TestServer;
  let path: string;

  const envdir = (): string => join(root, 'wal-e.d');
  const walE = (...words: string[]): string =>
    [`PATH=${quoted(path)}`, 'envdir', quoted(envdir()), 'wal-e', ...words].join(' ');

  /** Runs the script as Patroni runs it for a replica. */
  function restore(data: string, ...more: string[]): { status: number | null; said: string } {
    const connection = `host=${server.socketDirectory} port=${server.port} user=postgres dbname=postgres`;
    const given = ['--scope', 'shop', '--role', 'replica', '--datadir', data, '--connstring', connection];
    const args = ['-m', 'patroni.scripts.wale_restore', ...given, '--envdir', envdir(), '--retries', '0', ...more];
    const env = { PATH: path, HOME: root };
    const { status, stdout, stderr } = spawnSync(patroni?.python ?? '', args, { env, encoding: 'utf8', cwd: root });
    return { status, said: `${stdout}${stderr}` };
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-wale-'));
    const [archive, programs] = [join(root, 'archive'), join(root, 'programs')];
    for (const folder of [archive, programs, envdir()]) await mkdir(folder);
    await writeFile(join(programs, 'envdir'), ENVDIR);
    await chmod(join(programs, 'envdir'), 0o755);
    await symlink(join(ROOT, 'bin/wal-e'), join(programs, 'wal-e'));
    path = [programs, dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
    await writeFile(join(envdir(), 'WALE_FILE_PREFIX'), `file://localhost${archive}`);
    server = await startPostgres({
      major: MAJOR,
      root: join(root, 'live'),
      settings: { archive_mode: 'on', archive_command: settingText(walE('wal-push', '"%p"')) },
    });
    for (const [name, value] of Object.entries(server.environment)) await writeFile(join(envdir(), name), value);
    await server.sql('create table t as select i from generate_series(1, 1000) i');
  }, 120_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    if (root !== undefined) await rm(root, { recursive: true, force: true });
  });

  it('finds no backup in an empty archive, and says so', () => {
    const { status, said } = restore(join(root, 'none'));
    expect(said).toContain('wal-e did not find any backups');
    expect(status).toBe(2);
  });

  it('reads how far the newest backup is behind, and makes a replica of it that replays from the archive', async () => {
    await runProgram('sh', ['-c', walE('backup-push', quoted(server.dataDirectory), '--pool-size', '2')]);
    await server.sql('insert into t select i from generate_series(1001, 1500) i');
    await runProgram('sh', ['-c', walE('backup-push', quoted(server.dataDirectory))]);
    await server.sql('insert into t select i from generate_series(1501, 1700) i');
    await archiveAll(server);

    const tooFar = restore(join(root, 'too far'), '--threshold_megabytes', '0');
    expect(tooFar.said).toContain('wal-e backup size diff is over threshold');
    expect(tooFar.status).toBe(2);
    expect(existsSync(join(root, 'too far'))).toBe(false);

    const data = join(root, 'replica', 'data');
    const near = restore(data, '--threshold_backup_size_percentage', '10000', '--use_iam', '1');
    expect(near.said).toContain('Thresholds are OK, using wal-e basebackup');
    expect(near.status).toBe(0);
    // It asks the leader how far that is, and goes by nothing else where it gets no answer.
    expect(near.said).not.toMatch(/Traceback|could not/);

    await mkdir(join(root, 'replica', 'sock'));
    const lines = [
      `unix_socket_directories = '${join(root, 'replica', 'sock')}'`,
      'archive_mode = off',
      `restore_command = ${settingText(walE('wal-fetch', '"%f"', '"%p"', '-p', '1'))}`,
    ];
    const file = join(data, 'postgresql.conf');
    await writeFile(file, `${await readFile(file, 'utf8')}\n${lines.join('\n')}\n`);
    await writeFile(join(data, 'standby.signal'), '');
    const replica = serverAt(join(root, 'replica'), MAJOR);
    await replica.start();
    try {
      await untilTrue(replica, 'select count(*) = 1700 from t');
      expect(await replica.sql('select pg_is_in_recovery() as replays')).toEqual([{ replays: true }]);
    } finally {
      await replica.stop();
    }
  }, 180_000);
});
