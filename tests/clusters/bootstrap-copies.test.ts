import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { until } from '../support/archived-cluster.ts';
import { ensureWholePostgres } from '../support/patroni/install-postgres.ts';
import { endAllOf, endProcess, processesOf } from '../support/patroni/processes.ts';
import { serverAt } from '../support/postgres.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { runWalkback, startWalkback, type Ended } from '../support/walkback-process.ts';

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
  await endAllOf(root);
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

describe('a clone that is killed while it is upgraded', { timeout: 600_000 }, () => {
  const folder = (): string => join(root, 'pg/data.walkback/clone');
  const read = (...path: string[]): Promise<string> => readFile(join(folder(), ...path), 'utf8').catch(() => '');

  /** Starts it, and waits for a moment of its upgrade. `undefined` where there are no servers for it. */
  async function startUpgrade(isReached: () => Promise<boolean>, ...more: string[]) {
    const [older, newer] = [await ensureWholePostgres(16), await ensureWholePostgres(18)];
    if (older === undefined || newer === undefined) return undefined;
    const bins = [`--bin=${older}`, `--bin=${newer}`];
    const args = ['bootstrap', 'clone', ...common(), ...bins, `--before-xid=${xid}`, '--major=18', ...more];
    const environment = { WALG_FILE_PREFIX: live.archive };
    const child = startWalkback(args, environment);
    await until('the moment of its upgrade', isReached, 120_000, 5);
    return { child, newer, goOn: () => runWalkback(args, environment) };
  }

  const isAside = async () => (await read('recovered-16/PG_VERSION')) !== '';
  const isMade = async () => (await read('data/PG_VERSION')).startsWith('18');
  const isUpgrading = async () =>
    (await readdir(join(folder(), 'data/pg_upgrade_output.d')).catch(() => [])).length > 0;
  const isServed = async () => (await read('recovered-16/postmaster.pid')).includes('ready');
  /** pg_upgrade, held still where it has a server on the recovered data. */
  const isHeld = async () => {
    if (!(await isUpgrading()) || !(await isServed())) return false;
    const held = processesOf(root).filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('pg_upgrade'));
    for (const pid of held) process.kill(pid, 'SIGSTOP');
    // A server that is about to end is none to be held at.
    await sleep(200);
    if (await isServed()) return true;
    for (const pid of held) process.kill(pid, 'SIGCONT');
    return false;
  };
  const isUpgraded = async () => (await read('upgraded.log')).includes('ready to accept connections');
  const isLinked = async () => (await readdir(join(folder(), 'recovered-16/global'))).includes('pg_control.old');

  it.for([
    ['the recovered data were moved aside', isAside],
    ['the new cluster was made', isMade],
    ['pg_upgrade was at work', isUpgrading],
    ['it was upgraded, and not analyzed', isUpgraded],
  ] as const)('with all that it has started, once %s, goes on and is whole', async ([, isReached], { skip }) => {
    const begun = await startUpgrade(isReached);
    if (begun === undefined) return skip();
    await endAllOf(root);
    expect(await read('recovered-16/PG_VERSION')).toBe('16\n');
    expect(await readdir(join(folder(), 'recovered-16/global'))).toContain('pg_control');
    const next = await begun.goOn();
    expect(next.code, next.err).toBe(0);
    expect(next.err).toContain('going on with clone');
    expect(await rowsOfCopy(18, begun.newer)).toBe(100);
  });

  it('alone, and leaves pg_upgrade at work, goes on without it and is whole', async ({ skip }) => {
    const begun = await startUpgrade(isHeld);
    if (begun?.child.pid === undefined) return skip();
    await endProcess(begun.child.pid);
    const next = await begun.goOn();
    expect(next.code, next.err).toBe(0);
    expect(next.err).toContain('going on with clone');
    expect(await rowsOfCopy(18, begun.newer)).toBe(100);
  });

  it('with its files linked already, begins anew and is whole', async ({ skip }) => {
    const begun = await startUpgrade(async () => (await isAside()) && isLinked(), '--upgrade-mode=link');
    if (begun === undefined) return skip();
    await endAllOf(root);
    const next = await begun.goOn();
    expect(next.code, next.err).toBe(0);
    expect(next.err).toContain('its files are linked into a new cluster that was not finished');
    expect(await rowsOfCopy(18, begun.newer)).toBe(100);
  });
});
