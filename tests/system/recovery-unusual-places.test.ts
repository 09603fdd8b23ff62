import { spawn } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';

import { quoteForShell } from '../../src/instance/run-program.ts';
import { postgresBin, runProgram } from '../support/postgres.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const PORT = 6543;
const MAJOR = 17;
const bin = postgresBin(MAJOR);

interface CommandEnd {
  readonly code: number | null;
  readonly output: string;
}

/** A server that nothing about is usual. */
interface Unusual {
  readonly root: string;
  readonly data: string;
  readonly etc: string;
  readonly sockets: string;
  readonly archive: string;
}

let made: Unusual | undefined;
afterEach(async () => {
  if (made === undefined) return;
  await runProgram(join(bin, 'pg_ctl'), ['-D', made.data, 'stop', '-m', 'immediate']).catch(() => {});
  await rm(made.root, { recursive: true, force: true });
  made = undefined;
});

const configText = (word: string): string => `'${word.replaceAll(/['\\]/g, (one) => one + one)}'`;

async function walkback({ archive, data }: Unusual, ...args: string[]): Promise<CommandEnd> {
  const env = {
    PATH: process.env['PATH'],
    WALKBACK_ARCHIVE: `file://${archive}`,
    PGDATA: `${data}/`,
    PGUSER: 'boss',
    PGDATABASE: 'shop',
    WALKBACK_CLUSTER_NAME: 'shop',
  };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

async function sql<R extends Record<string, unknown>>({ sockets: host }: Unusual, text: string): Promise<R[]> {
  const client = new pg.Client({ host, port: PORT, user: 'boss', database: 'shop' });
  client.on('error', () => {});
  await client.connect();
  try {
    const answer: unknown = await client.query<R>(text);
    return (Array.isArray(answer) ? answer.at(-1) : answer).rows;
  } finally {
    await client.end();
  }
}

/** Configuration as Debian has it, outside the data directory, with parts that are inside of it all the same. */
async function configure({ root, data, etc, sockets, archive }: Unusual): Promise<void> {
  await mkdir(join(etc, 'conf.d'), { recursive: true });
  for (const name of ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf'])
    await rename(join(data, name), join(etc, name));
  await writeFile(join(etc, 'pg_hba.conf'), 'local all boss trust\nlocal all all reject\n');
  const wal = quoteForShell(join(archive, 'wal_005')).replaceAll('%', '%%');
  const archiveCommand = `test ! -f ${wal}/%f && cp %p ${wal}/.%f && mv ${wal}/.%f ${wal}/%f`;
  await appendFile(
    join(etc, 'postgresql.conf'),
    [
      `data_directory = ${configText(data)}`,
      `hba_file = ${configText(join(etc, 'pg_hba.conf'))}`,
      `ident_file = ${configText(join(etc, 'pg_ident.conf'))}`,
      `unix_socket_directories = ${configText(`"${sockets}"`)}`,
      "listen_addresses = ''",
      'fsync = off',
      'archive_mode = on',
      `archive_command = ${configText(archiveCommand)}`,
      "include_dir 'conf.d'",
      `include_dir ${configText(join(data, 'extra.d'))}`,
      `include_if_exists ${configText(join(data, 'local.conf'))}`,
      `external_pid_file = ${configText(join(root, 'pid'))}`,
      '',
    ].join('\n'),
  );
  await writeFile(join(etc, 'conf.d', 'a.conf'), "shared_buffers = '16MB'\n");
  await mkdir(join(data, 'extra.d'));
  await writeFile(join(data, 'extra.d', 'old.conf'), "work_mem = '9MB'\n");
}

/** Started with options that no file has, and no database called postgres. */
async function startUnusual(
  folder: string,
  options: (one: Unusual) => string[],
  initdbFlags: (root: string) => string[] = () => [],
): Promise<Unusual> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-unusual-'));
  const [data, etc] = [join(root, folder, 'var', 'main'), join(root, folder, 'etc', 'main')];
  made = { root, data, etc, sockets: join(root, 's, o'), archive: join(root, "it's archived 100%f") };
  await mkdir(join(root, folder, 'var'), { recursive: true });
  await mkdir(made.sockets);
  await mkdir(join(made.archive, 'wal_005'), { recursive: true });
  const flags = ['--no-sync', '-k', '--locale=C', '--encoding=UTF8', '--wal-segsize=1', '-U', 'boss', '-A', 'trust'];
  await runProgram(join(bin, 'initdb'), [...flags, ...initdbFlags(root), '-D', data]);
  await configure(made);
  const given = options(made).map(quoteForShell).join(' ');
  await runProgram(join(bin, 'pg_ctl'), ['-D', data, '-w', '-l', join(root, 'log'), '-o', given, 'start']).catch(
    async (error: unknown) => {
      throw new Error(await readFile(join(root, 'log'), 'utf8'), { cause: error });
    },
  );
  const client = new pg.Client({ host: made.sockets, port: PORT, user: 'boss', database: 'template1' });
  await client.connect();
  await client.query('create database shop');
  await client.query('drop database postgres');
  await client.end();
  return made;
}

/** The whole incident, by the commands alone. */
async function recoverAndUndo(one: Unusual): Promise<void> {
  await sql(one, 'create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  expect((await walkback(one, 'backup', 'take')).output).toContain('base_');
  await rm(join(one.data, 'extra.d', 'old.conf'));
  await writeFile(join(one.data, 'extra.d', 'new.conf'), "work_mem = '7MB'\n");
  await sql(one, 'select pg_reload_conf()');
  const [row] = await sql<{ xid: string }>(
    one,
    'with gone as (delete from orders returning 1) select txid_current() as xid',
  );
  await sql(one, 'select pg_switch_wal(); select pg_sleep(1)');
  const run = await walkback(
    one,
    'recover',
    'run',
    '--before-xid',
    String(row?.xid),
    '--yes',
    '--check-database',
    'shop',
    '--sql',
    'select count(*) = 100 from orders',
  );
  expect(run.output).toContain('walkback undo');
  const id = /walkback undo (\w+)/.exec(run.output)?.[1] ?? '';
  const ask =
    "select count(*)::int as n, current_setting('work_mem') as mem, current_setting('port') as port, current_setting('config_file') as file from orders";
  const file = join(one.etc, 'postgresql.conf');
  expect(await sql(one, ask)).toEqual([{ n: 100, mem: '7MB', port: String(PORT), file }]);
  expect(await readdir(join(one.data, 'extra.d'))).toEqual(['new.conf']);
  const undone = await walkback(one, 'undo', id, '--yes');
  expect(undone.output).toContain('Undone.');
  expect(await sql(one, ask)).toEqual([{ n: 0, mem: '7MB', port: String(PORT), file }]);
  expect(await walkback(one, 'release', id, '--yes')).toMatchObject({ code: 0 });
  expect(
    (await readdir(`${one.data}.walkback/${id}`)).filter((name) => /spool|socket|kept|replaced/.test(name)),
  ).toEqual([]);
  expect((await readdir(tmpdir())).filter((name) => name.endsWith(`-${id}`))).toEqual([]);
}

describe('a recovery of a server with its configuration elsewhere', () => {
  it('goes on with config_file and a port given at its start alone, and files of include_dir as they are now', async () => {
    const one = await startUnusual("it's 100%p, ünï", ({ etc }) => [
      '-c',
      `config_file=${join(etc, 'postgresql.conf')}`,
      '-p',
      String(PORT),
    ]);
    await recoverAndUndo(one);
  });

  it('goes on with a folder of configuration given by -D, on a path too long for a socket, with WAL on a disk of its own', async () => {
    const walDisk = (root: string): string => join(root, 'wal disk');
    const one = await startUnusual(
      'long '.repeat(20).trim(),
      ({ etc }) => ['-D', etc, '-p', String(PORT)],
      (root) => ['-X', walDisk(root)],
    );
    await recoverAndUndo(one);
    expect(await readlink(join(one.data, 'pg_wal'))).toBe(walDisk(one.root));
  });
});
