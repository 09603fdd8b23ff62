/** `wal-g backup-fetch` of a part of a backup that is told by its user data, with its tablespace in a new place, on a real server. */

import { appendFile, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { quoted, ROOT, settingText } from '../support/archived-cluster.ts';
import { untilTrue } from '../support/backup-server.ts';
import { runProgram, serverAt, startPostgres, type TestServer } from '../support/postgres.ts';

const WALG = join(ROOT, 'bin/wal-g');
const COUNT = 'select count(*)::int as rows from';

let root = '';
let config = '';
let server: TestServer;
let oldPlace = '';
let newPlace = '';

const walg = (...args: string[]) => runProgram(WALG, args, { ...server.environment, WALG_CONFIG_PATH: config });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walg in part '));
  [oldPlace, newPlace, config] = [join(root, 'old disk'), join(root, 'new disk'), join(root, 'walg.json')];
  for (const folder of ['archive', 'old disk', 'new disk']) await mkdir(join(root, folder));
  await writeFile(config, JSON.stringify({ WALG_FILE_PREFIX: join(root, 'archive') }));
  const command = `${quoted(WALG)} --config ${quoted(config)} wal-push "%p"`;
  server = await startPostgres({
    major: 17,
    root: join(root, 'server'),
    walSegmentSizeMib: 1,
    settings: { archive_mode: 'on', archive_command: settingText(command), autovacuum: 'off' },
  });
  await server.sql(`create tablespace fast location '${oldPlace}'`);
  for (const database of ['shop', 'other']) {
    await server.sql(`create database ${database} strategy file_copy`);
    await server.sql('create table plain as select generate_series(1, 1000) as i', database);
    await server.sql('create table placed tablespace fast as select generate_series(1, 2000) as i', database);
  }
});
afterEach(async () => {
  await server.stop('immediate');
  await rm(root, { recursive: true, force: true });
});

async function tablespaceOid(): Promise<string> {
  const [row] = await server.sql<{ oid: string }>("select oid::text from pg_tablespace where spcname = 'fast'");
  return row?.oid ?? '';
}

/** A file for `--restore-spec`: one tablespace, in the new place. */
async function writeSpec(oid: string): Promise<string> {
  const path = join(root, 'spec.json');
  const place = { loc: newPlace, link: `pg_tblspc/${oid}` };
  await writeFile(path, JSON.stringify({ [oid]: place, base_prefix: '/var/lib/nowhere', tablespaces: [oid] }));
  return path;
}

/** Starts what was fetched into `<root>/restored/data`, and recovers it to where its backup ended. */
async function startFetched(): Promise<TestServer> {
  const place = join(root, 'restored');
  await mkdir(join(place, 'sock'));
  const lines = [
    `unix_socket_directories = '${join(place, 'sock')}'`,
    'archive_mode = off',
    `restore_command = ${settingText(`${quoted(WALG)} --config ${quoted(config)} wal-fetch "%f" "%p"`)}`,
    "recovery_target = 'immediate'",
    "recovery_target_action = 'promote'",
  ];
  await appendFile(join(place, 'data/postgresql.conf'), `\n${lines.join('\n')}\n`);
  await writeFile(join(place, 'data/recovery.signal'), '');
  const restored = serverAt(place, 17);
  await restored.start();
  await untilTrue(restored, 'not pg_is_in_recovery()');
  return restored;
}

describe('a backup that is fetched in part', () => {
  it('has the database that was asked for, in the new place of its tablespace, and not the rows of the other', async () => {
    const oid = await tablespaceOid();
    await walg('backup-push', server.dataDirectory, '--add-user-data', '{"ticket":7}');
    await server.sql('insert into plain values (0); insert into placed values (0)', 'shop');
    await walg('backup-push', server.dataDirectory, '--add-user-data', '{"ticket":8}');
    await server.stop('immediate');
    await rm(oldPlace, { recursive: true });

    const data = join(root, 'restored/data');
    const spec = await writeSpec(oid);
    const which = ['--restore-only', 'shop', '--restore-spec', spec, '--target-user-data', '{"ticket":7}'];
    await walg('backup-fetch', data, ...which);
    const restored = await startFetched();
    try {
      expect(await restored.sql(`${COUNT} plain`, 'shop')).toEqual([{ rows: 1000 }]);
      expect(await restored.sql(`${COUNT} placed`, 'shop')).toEqual([{ rows: 2000 }]);
      for (const table of ['plain', 'placed'])
        await expect(restored.sql(`${COUNT} ${table}`, 'other')).rejects.toThrow(/could not open file/);

      expect(await readlink(join(data, 'pg_tblspc', oid))).toBe(newPlace);
      const [row] = await restored.sql<{ path: string }>("select pg_relation_filepath('placed') as path", 'shop');
      const inNewPlace = join(newPlace, (row?.path ?? '').replace(`pg_tblspc/${oid}/`, ''));
      expect((await readFile(inNewPlace)).length).toBeGreaterThan(2000 * 28);
    } finally {
      await restored.stop('immediate');
    }
  });
});
