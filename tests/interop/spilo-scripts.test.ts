/**
 * Spilo's own scripts, unmodified, with `bin/wal-g` as the `wal-g` on their PATH and `bin/wal-e` as the `wal-e`: its backup job, the
 * creation of a replica, the restore command and the search for a clone's backup. SPILO_SCRIPTS names the folder `postgres-appliance` of a checkout of Spilo.
 */

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ROOT } from '../support/archived-cluster.ts';
import { archiveAll, untilTrue } from '../support/backup-server.ts';
import { ensurePatroni } from '../support/patroni/install-patroni.ts';
import { serverAt, startPostgres, type TestServer } from '../support/postgres.ts';

const SCRIPTS = process.env['SPILO_SCRIPTS'];
if (SCRIPTS === undefined)
  console.warn("SKIPPED: SPILO_SCRIPTS names no folder, so Spilo's own scripts are not run with our wal-g");

const DAY_MS = 24 * 60 * 60 * 1000;
/** What Spilo is set to where it was never told of WAL-G. */
const BY_WAL_E = { USE_WALG_BACKUP: 'false', USE_WALG_RESTORE: 'false' };
const PSQL_FOLDERS = ['/usr/lib/postgresql/17/bin', '/usr/lib/postgresql/15/bin'];

describe.skipIf(SCRIPTS === undefined)("Spilo's scripts, with our wal-g", () => {
  const scripts = SCRIPTS ?? '';
  const names: string[] = [];
  let root: string;
  let archive: string;
  let server: TestServer;
  let environment: Record<string, string>;

  /** Runs a script as Spilo does, with an archive and no other surroundings than its environment directory's. */
  function run(program: string, args: readonly string[], more: Record<string, string> = {}): string {
    const { status, stdout, stderr } = spawnSync(program, args, { env: { ...environment, ...more }, encoding: 'utf8' });
    const said = `${stdout}${stderr}`;
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${said}`);
    return said;
  }

  const backups = async () =>
    (await readdir(join(archive, 'basebackups_005')))
      .filter((name) => name.endsWith('_backup_stop_sentinel.json'))
      .map((name) => name.replace('_backup_stop_sentinel.json', ''));

  /** Takes a backup by Spilo's job, `daysAgo`. */
  async function backUp(daysAgo: number, more: Record<string, string> = {}): Promise<string> {
    const said = run('bash', [join(scripts, 'scripts/postgres_backup.sh'), server.dataDirectory], more);
    const made = (await backups()).toSorted().at(-1) ?? '';
    const at = new Date(Date.now() - daysAgo * DAY_MS);
    await utimes(join(archive, 'basebackups_005', `${made}_backup_stop_sentinel.json`), at, at);
    names.push(made);
    await server.sql('insert into t select count(*) from t');
    await archiveAll(server);
    return said;
  }

  /** Starts restored data, replaying through Spilo's restore command. */
  async function start(
    folder: string,
    signal: string,
    settings: readonly string[],
    more: Record<string, string> = {},
  ): Promise<TestServer> {
    const data = join(folder, 'data');
    await mkdir(join(folder, 'sock'), { recursive: true });
    const words = Object.entries({ ...environment, ...more }).map(([name, value]) => `${name}="${value}"`);
    const command = `env ${words.join(' ')} bash ${scripts}/scripts/restore_command.sh %f %p`;
    const lines = [
      `unix_socket_directories = '${join(folder, 'sock')}'`,
      'archive_mode = off',
      `restore_command = '${command}'`,
      ...settings,
    ];
    const file = join(data, 'postgresql.conf');
    await writeFile(file, `${await readFile(file, 'utf8')}\n${lines.join('\n')}\n`);
    await writeFile(join(data, signal), '');
    const restored = serverAt(folder, 15);
    await restored.start();
    return restored;
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-spilo-'));
    archive = join(root, 'archive');
    await mkdir(archive);
    const path = [join(ROOT, 'bin'), dirname(process.execPath), process.env['PATH'], ...PSQL_FOLDERS].join(delimiter);
    environment = {
      PATH: path,
      HOME: root,
      WALG_FILE_PREFIX: archive,
      USE_WALG_BACKUP: 'true',
      USE_WALG_RESTORE: 'true',
      WALG_DOWNLOAD_CONCURRENCY: '4',
      BACKUP_NUM_TO_RETAIN: '2',
    };
    const words = Object.entries(environment).map(([name, value]) => `${name}="${value}"`);
    server = await startPostgres({
      major: 15,
      root: join(root, 'live'),
      settings: { archive_mode: 'on', archive_command: `'env ${words.join(' ')} wal-g wal-push "%p"'` },
    });
    // The job sets PGHOST to Spilo's own socket directory.
    Object.assign(environment, server.environment, { WALKBACK_PG_HOST: server.socketDirectory });
    await server.sql('create table t as select 0 as i');
    await backUp(5, BY_WAL_E);
    await backUp(4);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    if (root !== undefined) await rm(root, { recursive: true, force: true });
  });

  it('take a backup, and delete what is older than they keep', async () => {
    expect(await backups()).toHaveLength(2);
    const said = await backUp(0);
    expect(said).toContain('producing a new backup');
    expect((await backups()).toSorted()).toEqual(names.slice(1));
  });

  it.each([
    ['wal-g', {}],
    ['wal-e', BY_WAL_E],
  ])('make a replica of the newest backup by %s', async (program, more) => {
    const folder = join(root, `replica-by-${program}`);
    const data = join(folder, 'data');
    const connection = `host=${server.socketDirectory} user=postgres dbname=postgres`;
    const wanted = [`--datadir=${data}`, `--connstring=${connection}`, '--threshold_backup_size_percentage=1000'];
    const said = run('bash', [join(scripts, 'scripts/wale_restore.sh'), ...wanted], more);
    expect(said).toContain('Current cluster size');
    const replica = await start(folder, 'standby.signal', ['hot_standby = on'], more);
    try {
      await untilTrue(replica, 'select count(*) = 4 from t');
      expect(await replica.sql('select pg_is_in_recovery() as replays')).toEqual([{ replays: true }]);
    } finally {
      await replica.stop();
    }
  });

  it("find a clone's backup by its time, and restore it", async ({ skip }) => {
    const patroni = await ensurePatroni('4.1');
    if (patroni === undefined) return skip();
    const data = join(root, 'clone', 'data');
    await mkdir(join(root, 'clone'), { recursive: true });
    const target = new Date(Date.now() - 3 * DAY_MS).toISOString();
    const args = ['--scope', 'old', '--datadir', data, '--recovery-target-time', target];
    const env = { ...environment, PYTHONPATH: join(scripts, 'scripts') };
    const { stderr } = spawnSync(patroni.python, [join(scripts, 'bootstrap/clone_with_wale.py'), ...args], {
      env,
      encoding: 'utf8',
    });
    // What comes behind the restore, an upgrade under Patroni, needs Spilo's whole image.
    expect(stderr).toContain(`using wal-g backup-fetch ${data} ${names[1]}`);
    expect(stderr).not.toContain('Clone failed');
    const clone = await start(join(root, 'clone'), 'recovery.signal', [
      "recovery_target = 'immediate'",
      "recovery_target_action = 'promote'",
    ]);
    try {
      await untilTrue(clone, 'not pg_is_in_recovery()');
      expect(await clone.sql('select count(*)::int as n from t')).toEqual([{ n: 2 }]);
    } finally {
      await clone.stop();
    }
  });
});
