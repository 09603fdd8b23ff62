import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import type { WalgSurroundings } from './run-walg.ts';
import { runLine } from './testing/run-line.ts';

const ARCHIVE = fileURLToPath(new URL('../../../fixtures/walg/pg15-lz4-v305-forks/archive', import.meta.url));

const run = async (line: string, given: WalgSurroundings = {}) =>
  runLine(line.split(' '), { environment: { WALG_FILE_PREFIX: ARCHIVE }, ...given });

describe("WAL-G's command line", () => {
  it('lists backups in the columns that scripts cut by blanks', async () => {
    const { code, out, err } = await run('backup-list');
    const [header, first] = out.split('\n');
    expect(header?.split(/ +/)).toEqual(['backup_name', 'modified', 'wal_file_name', 'storage_name']);
    expect(first?.split(/ +/)).toEqual([
      'base_000000010000000000000002',
      expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      '000000010000000000000002',
      'default',
    ]);
    expect(code).toBe(0);
    expect(err).toMatch(/^INFO: \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} List backups from storages: \[default\]\n$/);
  });

  it('lists backups as JSON, with their details when asked', async () => {
    const plain: unknown = JSON.parse((await run('backup-list --json')).out);
    expect(plain).toContainEqual({
      backup_name: 'base_000000020000000000000004',
      time: expect.any(String),
      wal_file_name: '000000020000000000000004',
      storage_name: 'default',
    });
    const detailed: unknown = JSON.parse((await run('backup-list --json --pretty --detail')).out);
    expect(detailed).toContainEqual(
      expect.objectContaining({ start_lsn: 67_108_904, pg_version: 150_018, is_permanent: false }),
    );
  });

  it('shows the timelines with their segments', async () => {
    const { out, code } = await run('wal-show');
    expect(code).toBe(0);
    expect(out.split('\n').slice(1, 5)).toEqual([
      '| TLI | PARENT TLI | SWITCHPOINT LSN | START SEGMENT            | END SEGMENT              | SEGMENT RANGE | SEGMENTS COUNT | STATUS | BACKUPS COUNT |',
      '+-----+------------+-----------------+--------------------------+--------------------------+---------------+----------------+--------+---------------+',
      '|   1 |          0 |             0/0 | 000000010000000000000002 | 000000010000000000000006 |             5 |              5 | OK     |             2 |',
      '|   2 |          1 |       0/308D450 | 000000020000000000000003 | 000000020000000000000007 |             5 |              5 | OK     |             2 |',
    ]);
  });

  it('does not check from a backup of another line: that would answer another question', async () => {
    const { code, err } = await run(
      'wal-verify integrity --json --lsn 0/7000000 --timeline 2 --backup-name base_000000010000000000000005_D_000000010000000000000002',
    );
    expect([code, err]).toEqual([1, expect.stringContaining('cannot check from base_000000010000000000000005_D_')]);
  });

  it('fetches everything where a script has an empty mask, and an empty specification', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-walg-mask-'));
    try {
      const fetch = ['backup-fetch', join(folder, 'data'), 'LATEST', '--mask', '', '--restore-spec', ''];
      const archive = fileURLToPath(new URL('../../../fixtures/walg/pg15-zstd-v309/archive', import.meta.url));
      expect(await runLine(fetch, { environment: { WALG_FILE_PREFIX: archive } })).toMatchObject({ code: 0 });
      expect(await readFile(join(folder, 'data/PG_VERSION'), 'utf8')).toBe('15\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('encrypts whatever is put where a key is set, and decrypts it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-walg-put-'));
    try {
      await writeFile(join(folder, 'dump.sql'), 'select 1;');
      const environment = { WALG_FILE_PREFIX: join(folder, 'archive'), WALG_LIBSODIUM_KEY: 'k'.repeat(40) };
      await mkdir(environment.WALG_FILE_PREFIX);
      const line = async (...words: readonly string[]) => runLine(words, { environment });
      expect((await line('st', 'put', '--no-compress', join(folder, 'dump.sql'), 'extra/dump.sql')).code).toBe(0);
      const stored = await readFile(join(folder, 'archive/extra/dump.sql'));
      expect(stored.includes('select')).toBe(false);
      expect((await line('st', 'cat', '--decrypt', 'extra/dump.sql')).out).toBe('select 1;');
      expect((await line('st', 'get', 'extra/dump.sql', join(folder, 'back'))).code).toBe(0);
      expect(await readFile(join(folder, 'back'), 'utf8')).toBe('select 1;');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('verifies the line of a server that is told', async () => {
    const { out } = await run('wal-verify timeline integrity --json --lsn 0/9000000 --timeline 3');
    expect(JSON.parse(out)).toMatchObject({
      integrity: { status: 'OK' },
      timeline: { status: 'OK', details: { current_timeline_id: 3, highest_storage_timeline_id: 3 } },
    });
  });

  it('lists folders and objects of the storage', async () => {
    expect((await run('st ls')).out.split('\n')[1]).toMatch(
      /^dir +0 +0001-01-01 00:00:00 \+0000 UTC basebackups_005\/ /,
    );
    const below = async (line: string): Promise<string[]> =>
      (await run(line)).out.split('\n').flatMap((row) => /UTC +(\S+)/.exec(row)?.[1] ?? []);
    const all = await below('st ls -r');
    expect(all).toContain('wal_005/00000002.history.lz4');
    expect(all.findLastIndex((name) => name.split('/').length === 2)).toBeLessThan(
      all.findIndex((name) => name.split('/').length === 3),
    );
    const backups = await below('st ls -r basebackups_005/');
    expect(backups[0]).toMatch(/^base_[0-9A-F]{24}_backup_stop_sentinel\.json$/);
    expect(backups.at(-1)).toMatch(/^\/base_[0-9A-F_D]{24,}\/tar_partitions\//);
    expect((await run('st cat wal_005/00000002.history.lz4 --decompress')).out).toContain('0/308D450');
    expect((await run('st cat nosuch')).code).toBe(1);
  });

  it('says which local file the storage tools cannot read or write', async () => {
    const put = await run('st put /nonexistent/file to', { environment: { WALG_FILE_PREFIX: tmpdir() } });
    expect(put).toMatchObject({ code: 1, err: expect.stringContaining('cannot read /nonexistent/file') });
    const get = await run('st get wal_005/00000002.history.lz4 /nonexistent/file');
    expect(get).toMatchObject({ code: 1, err: expect.stringContaining('cannot write /nonexistent/file') });
  });

  it('exits with 1 and shows how it is used for what it does not understand', async () => {
    for (const line of ['nosuch', 'backup-list --nosuch', 'backup-mark', 'wal-verify', 'wal-receive']) {
      const { code, err } = await run(line);
      expect([line, code]).toEqual([line, 1]);
      expect(err).toMatch(/^Error: /);
    }
  });

  it('stays above 125 for a server in archive recovery, whatever is wrong', async () => {
    for (const line of ['nosuch', 'wal-fetch', 'wal-fetch --help', 'wal-fetch 00000002.history /nonexistent/x']) {
      const { code } = await run(line, { listener: 'restore_command', environment: {} });
      expect([line, code > 125]).toEqual([line, true]);
    }
  });

  it('names what takes the place of a command that is not there', async () => {
    expect((await run('daemon /run/x')).err).toContain('walkback agent');
  });

  it('refuses to write to another storage than the primary one, to read one that is none, and deleting by the beginning of a name', async () => {
    expect((await run('st rm --target other wal_005/x')).err).toContain('only "default"');
    expect((await run('backup-list --target-storage other')).err).toContain('there is none of this name');
    expect((await run('backup-list --target-storage default')).code).toBe(0);
    expect((await run('st rm wal_005/')).err).toContain('not the whole name of one object');
  });

  it('takes the archive from a flag, as every setting', async () => {
    const { code } = await run(`backup-list --walg-file-prefix=${ARCHIVE}`, { environment: {} });
    expect(code).toBe(0);
  });

  it('says in one line that a setting of WAL-G changes nothing here, wherever it is set', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-run-walg-'));
    const config = join(folder, 'walg.json');
    await writeFile(config, JSON.stringify({ WALG_FILE_PREFIX: ARCHIVE, WALG_STOP_BACKUP_TIMEOUT: '5m' }));
    const environment = { WALG_CONFIG_PATH: config, WALG_UPLOAD_WAL_METADATA: 'BULK' };
    const plain = await run('backup-list --json', { environment: { WALG_FILE_PREFIX: ARCHIVE } });
    const { out, err } = await run('--walg-tar-size-threshold 1 backup-list --json', { environment });
    expect(out).toBe(plain.out);
    for (const name of ['WALG_STOP_BACKUP_TIMEOUT', 'WALG_UPLOAD_WAL_METADATA', 'WALG_TAR_SIZE_THRESHOLD'])
      expect(err.split(`WARNING`).filter((line) => line.includes(`${name} changes nothing here: `))).toHaveLength(1);
    await rm(folder, { recursive: true });
  });

  it('takes a secret from a flag, and says who can read it', async () => {
    const { code, err } = await run('backup-list --aws-secret-access-key hunter2');
    expect([code, err]).toEqual([0, expect.stringContaining('WARNING')]);
    expect(err).toContain('--aws-secret-access-key can be read by every user of this host');
    expect(err).not.toContain('hunter2');
  });

  it('refuses a backup without its list of files by every word that is true in Go, and any that is no boolean', async () => {
    const push = async (value: string) =>
      run('backup-push /nonexistent', {
        environment: { WALG_FILE_PREFIX: ARCHIVE, WALG_WITHOUT_FILES_METADATA: value },
      });
    for (const value of ['1', 't', 'T', 'TRUE', 'true', 'True'])
      expect((await push(value)).err).toContain('without its list of files');
    expect((await push('yes')).err).toContain('cannot use "yes" of WALG_WITHOUT_FILES_METADATA');
    for (const value of ['0', 'F', 'false']) expect((await push(value)).err).not.toContain('its list of files');
  });

  it('refuses to push to the storage that a variable names, as by its flag', async () => {
    const environment = { WALG_FILE_PREFIX: ARCHIVE, WALG_TARGET_STORAGE: 'other' };
    for (const line of ['wal-push /x', 'backup-push /x'])
      expect((await run(line, { environment })).err).toContain('cannot write to the storage "other"');
  });

  it('tells its commands and those of a group', async () => {
    expect((await run('--help')).out).toContain('wal-fetch');
    const { out } = await run('st --help');
    expect(out).toContain('st ls');
    expect(out).not.toContain('backup-list');
  });
});
