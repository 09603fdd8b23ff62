import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { stopPrivateServer } from '../../src/instance/private-server.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { ensureWholePostgres } from '../support/patroni/install-postgres.ts';
import { serverAt } from '../support/postgres.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { runWalkback, type Ended } from '../support/walkback-process.ts';

const PASSWORD = String.raw`a:b\c`;

let live: Recoverable;
let xid = 0;
let root: string;

beforeAll(async () => {
  live = await startRecoverable({ major: 16 });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  xid = row?.xid ?? 0;
  await archiveTail(live.uses);
  await live.server.sql(String.raw`create role copier replication login password E'a:b\\c'`);
  const hba = join(live.server.dataDirectory, 'pg_hba.conf');
  await writeFile(hba, `local replication copier scram-sha-256\n${await readFile(hba, 'utf8')}`);
  await live.server.sql('select pg_reload_conf()');
});
afterAll(async () => live[Symbol.asyncDispose]());

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-copy-'));
  await mkdir(join(root, 'env'));
  await writeFile(join(root, 'env', 'WALG_FILE_PREFIX'), join(root, 'archive'));
  await mkdir(join(root, 'archive'));
});
afterEach(async () => {
  await stopPrivateServer(join(root, 'pg/data.walkback/clone/data'), 'immediate');
  await rm(root, { recursive: true, force: true });
});

const data = (): string => join(root, 'pg/data');
const common = (): string[] => [`--datadir=${data()}`, '--scope=shop', `--archive-env-dir=${join(root, 'env')}`];

/** The rows of the cluster that was put in place. */
async function rowsOfCopy(major: number, bin: string): Promise<number> {
  const place = join(root, 'pg');
  await mkdir(join(place, 'sock'), { recursive: true });
  await using server = { ...serverAt(place, major), bin };
  await writeFile(
    join(data(), 'postgresql.auto.conf'),
    `unix_socket_directories = '${join(place, 'sock')}'\nlisten_addresses = ''\narchive_command = ''\n`,
  );
  const started = await runServer(bin, 'start');
  if (started.code !== 0) throw new Error(started.out);
  const [row] = await server.sql<{ n: number }>('select count(*)::int as n from orders');
  await runServer(bin, 'stop');
  return row?.n ?? -1;
}

async function runServer(bin: string, verb: 'start' | 'stop'): Promise<{ code: number | undefined; out: string }> {
  const { runProgram } = await import('../../src/instance/run-program.ts');
  const argv = [join(bin, 'pg_ctl'), '-w', '-D', data(), '-l', join(root, 'server.log'), verb];
  const { code, output } = await runProgram(argv, { timeoutMs: 120_000 });
  return { code, out: `${output}\n${await readFile(join(root, 'server.log'), 'utf8').catch(() => '')}` };
}

describe('a cluster made as a copy of a running server', () => {
  const copy = (bin: string, more: Record<string, string> = {}, args: readonly string[] = []): Promise<Ended> =>
    runWalkback(['bootstrap', 'basebackup', ...common(), `--bin=${bin}`, ...args], {
      PGHOST: live.server.socketDirectory,
      PGPORT: String(live.server.port),
      PGUSER: 'copier',
      PGPASSWORD: PASSWORD,
      ...more,
    });

  it('is whole and shut down before it is in place, and leaves no password behind', async (test) => {
    const bin = await ensureWholePostgres(16);
    if (bin === undefined) return test.skip();
    const refused = await copy(bin, { PGPASSWORD: 'wrong' });
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('pg_basebackup failed');
    expect(await readdir(join(root, 'pg'))).toEqual(['data.walkback']);
    const made = await copy(bin);
    expect(made.err).not.toContain('cannot');
    expect(made.code).toBe(0);
    expect(await readdir(join(root, 'pg/data.walkback/clone'))).not.toContain('pgpass');
    expect(await readdir(data())).not.toContain('backup_label');
    expect(await rowsOfCopy(16, bin)).toBe(0);
  });

  it('is shown before anything is made, and refused before anything is copied', async (test) => {
    const bin = await ensureWholePostgres(16);
    if (bin === undefined) return test.skip();
    const planned = await copy(bin, {}, ['--dry-run', '--json']);
    expect(planned.code, planned.err).toBe(0);
    const [system] = await live.server.sql<{ id: string }>(
      'select system_identifier::text as id from pg_control_system()',
    );
    expect(JSON.parse(planned.out)).toMatchObject({
      systemIdentifier: system?.id,
      major: 16,
      timeline: 1,
      isOfReplica: false,
      isCopied: false,
      writesTo: join(root, 'archive'),
    });
    expect((await copy(bin, {}, ['--dry-run'])).out).toMatch(
      /^Copy of copier@.* by pg_basebackup\n {2}server +PostgreSQL 16/,
    );
    const other = await copy(bin, {}, ['--major=17']);
    expect(other.err).toMatch(/cannot make a cluster of PostgreSQL 17: .* is PostgreSQL 16/);
    expect(other.err).not.toContain('pg_basebackup of');
    expect(await readdir(join(root, 'pg')).catch((): string[] => [])).not.toContain('data');
    await writeFile(join(root, 'env', 'WALG_FILE_PREFIX'), live.archive);
    expect((await copy(bin, {}, ['--dry-run'])).err).toContain('holds WAL of system');
  });

  it('is refused an archive that holds WAL, which both would write', async (test) => {
    const bin = await ensureWholePostgres(16);
    if (bin === undefined) return test.skip();
    await writeFile(join(root, 'env', 'WALG_FILE_PREFIX'), live.archive);
    const refused = await copy(bin);
    expect(refused.err).toContain('holds WAL of system');
    expect(refused.code).not.toBe(0);
  });
});

describe('a clone of a backup of an older major', () => {
  it('is recovered by its own, upgraded, and the recovered data are kept; its archive must be empty', async (test) => {
    const [older, newer] = [await ensureWholePostgres(16), await ensureWholePostgres(18)];
    if (older === undefined || newer === undefined) return test.skip();
    const args = ['bootstrap', 'clone', ...common(), `--bin=${older}`, `--bin=${newer}`, `--before-xid=${xid}`];
    const environment = { WALG_FILE_PREFIX: live.archive };
    await writeFile(join(root, 'env', 'WALG_FILE_PREFIX'), live.archive);
    const refused = await runWalkback([...args, '--major=18'], environment);
    expect(refused.err).toContain('begins again on timeline 1');
    await writeFile(join(root, 'env', 'WALG_FILE_PREFIX'), join(root, 'archive'));
    const older15 = await runWalkback([...args, '--major=15'], environment);
    expect(older15.err).toContain('which is older');
    const made = await runWalkback([...args, '--major=18'], environment);
    expect(made.err).toContain('by pg_upgrade, mode copy');
    expect(made.code).toBe(0);
    expect(made.out).toMatch(/history says "before LSN/);
    expect((await readFile(join(data(), 'PG_VERSION'), 'utf8')).trim()).toBe('18');
    const kept = join(root, 'pg/data.walkback/clone/recovered-16');
    expect((await readFile(join(kept, 'PG_VERSION'), 'utf8')).trim()).toBe('16');
    expect(await rowsOfCopy(18, newer)).toBe(100);
  });
});
