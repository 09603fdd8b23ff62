/**
 * The program as a process: protecting a real server through it, what its screens then say, and the exit codes that
 * servers hear when it cannot even start.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startPostgres, type TestServer } from '../support/postgres.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAM = join(ROOT, 'bin/walkback');

interface End {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(
  args: readonly string[],
  options: { cwd?: string; environment?: Record<string, string>; program?: string } = {},
): Promise<End> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.program ?? PROGRAM, args, {
      cwd: options.cwd ?? tmpdir(),
      env: { PATH: process.env['PATH'] ?? '', ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
    });
  });
}

/** Switches to another segment and waits until the one before it is archived. */
async function archived(server: TestServer): Promise<void> {
  const [before] = await server.sql<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name');
  const last = async () => {
    const [row] = await server.sql<{ last: string | null }>('select last_archived_wal as last from pg_stat_archiver');
    return row?.last ?? '';
  };
  await expect.poll(last, { timeout: 60_000 }).toSatisfy((name: string) => name >= (before?.name ?? '~'));
}

describe('a server protected from the command line', () => {
  let server: TestServer;
  let folder: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walkback-cli-'));
    const archive = join(folder, 'shop');
    await mkdir(archive);
    const settings = {
      archive_mode: 'on',
      archive_command: `'WALKBACK_ARCHIVE=${archive} ${PROGRAM} wal push "%p"'`,
      wal_level: 'replica',
      max_wal_senders: 4,
    };
    server = await startPostgres({ major: 17, settings });
    environment = { WALKBACK_ARCHIVE: archive, PGDATA: server.dataDirectory, WALKBACK_TIME_ZONE: 'UTC' };
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('asks for a backup while there is none, and exits 2', async () => {
    await archived(server);
    const { code, out } = await run(['status'], { environment });
    expect(code).toBe(2);
    expect(out).toMatch(/^shop: ACT NOW\n/);
    expect(out).toContain('walkback backup take');
  });

  it('takes a backup and lists it', async () => {
    const taken = await run(['backup', 'take', '--json'], { environment });
    expect(taken).toMatchObject({ code: 0 });
    const { name }: { name: string } = JSON.parse(taken.out);
    const listed: { backups: { name: string }[] } = JSON.parse(
      (await run(['backup', 'list', '--json'], { environment })).out,
    );
    expect(listed.backups.map((backup) => backup.name)).toEqual([name]);
    const shown = await run(['backup', 'show', 'LATEST'], { environment });
    expect(shown.out).toContain(`${name}\n`);
  });

  it('has a window that ends with the last archived commit', async () => {
    await server.sql('create table t (id int)');
    await archived(server);
    const { code, out } = await run(['window', '--json'], { environment });
    expect(code).toBe(0);
    const found: { timelines: { windows: { lastCommit: { time: string } }[] }[] } = JSON.parse(out);
    const last = Date.parse(found.timelines[0]?.windows[0]?.lastCommit.time ?? '');
    expect(Math.abs(Date.now() - last)).toBeLessThan(60_000);
  });

  it('is the same by the files of a directory, for walkback, as wal-g and as wal-e', async () => {
    const directory = join(folder, 'env');
    await mkdir(directory);
    await Promise.all(
      Object.entries(environment).map(([name, value]) => writeFile(join(directory, name), `${value}\n`)),
    );
    const count = async (args: readonly string[], given: Record<string, string>) => {
      const { code, out, err } = await run(args, { environment: given });
      expect({ code, err }).toEqual({ code: 0, err: expect.any(String) });
      return (out.match(/base_[0-9A-F]{24}/g) ?? []).length;
    };
    expect(await count(['--env-dir', directory, 'backup', 'list'], {})).toBe(1);
    expect(await count(['backup', 'list'], { WALKBACK_ENV_DIR: directory, WALKBACK_ARCHIVE: '/nowhere' })).toBe(1);
    // As wal-g, and with another directory named by the environment than by the flag.
    await writeFile(join(directory, 'WALG_FILE_PREFIX'), environment['WALKBACK_ARCHIVE'] ?? '');
    await rm(join(directory, 'WALKBACK_ARCHIVE'));
    expect(await count(['--env-dir', directory, 'wal-g', 'backup-list'], { WALKBACK_ENV_DIR: '/nowhere' })).toBe(1);
    expect(await count(['--env-dir', directory, 'wal-e', 'backup-list', 'LATEST'], {})).toBe(1);
    for (const program of ['wal-g', 'wal-e'])
      expect(await run(['--env-dir', directory, program, 'wal-fetch', 'A'.repeat(24), 'x'])).toMatchObject({
        code: 74,
      });
  });

  it('is the same by a file of settings, for walkback and as wal-g', async () => {
    const [ours, walgs] = [join(folder, 'settings.yaml'), join(folder, 'walg.yaml')];
    const { WALKBACK_ARCHIVE: archive = '' } = environment;
    await writeFile(ours, `archive: ${archive}\n`);
    await writeFile(walgs, `WALG_FILE_PREFIX: ${archive}\n`);
    const listed = { code: 0, out: expect.stringMatching(/base_[0-9A-F]{24}/) };
    expect(await run(['backup', 'list', '--config', ours])).toMatchObject(listed);
    expect(await run(['wal-g', 'backup-list', '--config', walgs])).toMatchObject(listed);
  });

  it('is all right then', async () => {
    const { code, out } = await run(['status'], { environment });
    expect(out).toMatch(/✔|\+ +archiver/);
    expect(code === 0 || /disk/.test(out)).toBe(true);
    interface Shown {
      readonly level: string;
      readonly findings: readonly { readonly topic: string; readonly level: string }[];
      readonly numbers: unknown;
    }
    const { level, findings, numbers }: Shown = JSON.parse((await run(['status', '--json'], { environment })).out);
    expect(numbers).toMatchObject({ backup: { count: 1 }, holes: { count: 0 }, recovery: { underWayCount: 0 } });
    expect(findings.filter((finding) => finding.topic !== 'disk' && finding.level !== 'ok')).toEqual([]);
    expect(['ok', 'look', 'act']).toContain(level);
  });
});

describe('a program that cannot load', () => {
  let broken: string;
  let dataDirectory: string;

  beforeAll(async () => {
    broken = await mkdtemp(join(tmpdir(), 'walkback-broken-'));
    dataDirectory = join(broken, 'data');
    await mkdir(dataDirectory);
    await cp(join(ROOT, 'src/main.ts'), join(broken, 'main.ts'));
    await writeFile(join(broken, 'package.json'), '{"type":"module"}');
  });
  afterAll(async () => rm(broken, { recursive: true, force: true }));

  const start = (args: readonly string[]) =>
    run([join(broken, 'main.ts'), ...args], { cwd: dataDirectory, program: process.execPath });

  it.each([
    [['wal', 'push', 'x'], '', (code: number) => code > 0 && code < 126],
    [['wal', 'fetch', 'x', 'y'], '', (code: number) => code > 125 && code !== 143],
    [['--env-dir', '/e', 'wal', 'fetch', 'x', 'y'], '', (code: number) => code > 125 && code !== 143],
    [['--env-dir=/e', 'wal-g', 'wal-fetch', 'x', 'y'], '', (code: number) => code > 125 && code !== 143],
    [['wal-e', '--terse', 'wal-fetch', 'x', 'y'], '', (code: number) => code > 125 && code !== 143],
    [['wal-fetch', 'x', 'y'], 'recovery.signal', (code: number) => code > 125 && code !== 143],
    [['wal', 'fitch', 'x', 'y'], 'recovery.signal', (code: number) => code > 125 && code !== 143],
    [['wal', 'fetch', 'x', 'y'], 'standby.signal', (code: number) => code > 0 && code < 126],
  ] as const)('answers %j of a server with %j so that nothing is lost', async (args, signalFile, isRight) => {
    if (signalFile !== '') await writeFile(join(dataDirectory, signalFile), '');
    const { code } = await start(args);
    await rm(join(dataDirectory, signalFile === '' ? 'none' : signalFile), { force: true });
    expect(code !== null && isRight(code), `exit code ${code}`).toBe(true);
  });

  it.each([
    ['never settles', 'export const runProgram = () => new Promise(() => {});'],
    ['throws later', 'export const runProgram = () => new Promise(() => setTimeout(() => { throw new Error(); }, 1));'],
    [
      'rejects aside',
      'export const runProgram = async () => { void Promise.reject(new Error()); await new Promise(() => {}); };',
    ],
  ])('ends as a bug above 125 when the rest of it %s', async (_name, text) => {
    await mkdir(join(broken, 'cli'), { recursive: true });
    await writeFile(join(broken, 'cli/run-program.ts'), text);
    expect((await start(['wal', 'fetch', 'x', 'y'])).code).toBe(198);
  });
});
