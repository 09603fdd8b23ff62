/**
 * `walkback log`, `show` and `window` as processes, of a real server that is half archived: what the operator of an
 * incident types, and what a program reads.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { startPostgres, type TestServer } from '../support/postgres.ts';
import { PROGRAM, runWalkback, startWalkback } from '../support/walkback-process.ts';

let server: TestServer;
let folder: string;
let environment: Record<string, string>;
let deletedXid: number;

const start = (args: readonly string[], more: Record<string, string> = {}) =>
  startWalkback(args, { ...environment, ...more });

const run = async (args: readonly string[], more: Record<string, string> = {}) =>
  runWalkback(args, { ...environment, ...more });

async function archiveAll(): Promise<void> {
  const [before] = await server.sql<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name');
  const last = async () => {
    const [row] = await server.sql<{ last: string | null }>('select last_archived_wal as last from pg_stat_archiver');
    return row?.last ?? '';
  };
  await vi.waitUntil(async () => (await last()) >= (before?.name ?? '~'), { timeout: 60_000, interval: 100 });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-log-'));
  const archive = join(folder, 'shop');
  await mkdir(archive);
  server = await startPostgres({
    major: 17,
    settings: {
      archive_mode: 'on',
      archive_command: `'WALKBACK_ARCHIVE=${archive} ${PROGRAM} wal push "%p"'`,
      wal_level: 'replica',
    },
  });
  environment = { WALKBACK_ARCHIVE: archive, PGDATA: server.dataDirectory, WALKBACK_TIME_ZONE: 'UTC' };
  await server.sql('create table orders (id int primary key, note text)');
  await server.sql("insert into orders select n, 'x' from generate_series(1, 20000) n");
  await server.sql('analyze orders');
  await server.sql('create unlogged table scratch (id int)');
  await server.sql('insert into scratch values (1)');
  await archiveAll();
  const [row] = await server.sql<{ xid: string }>(
    'with gone as (delete from orders where id > 40 returning 1) select pg_current_xact_id()::text as xid from gone limit 1',
  );
  deletedXid = Number(row?.xid);
  await server.sql("insert into orders values (5000, 'after')");
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('a server whose newest WAL is not archived yet', () => {
  it('has in its log what pg_wal alone holds, marked as large', async () => {
    const { code, out } = await run(['log', '--op', 'delete']);
    expect(code).toBe(0);
    const line = out.split('\n').find((text) => text.includes(` ${deletedXid} `));
    expect(line).toMatch(/^▌ \d\d:\d\d:\d\d\.\d{3} {3}\d+ +orders -19,960/);
    expect(out).toContain(`    walkback show ${deletedXid}`);
    expect(out.split('\n').every((text) => text.length <= 80)).toBe(true);
  });

  it('shows the transaction, and that neither side can be reached before there is a backup', async () => {
    const { code, out } = await run(['show', String(deletedXid)]);
    expect(code).toBe(0);
    expect(out).toContain('  did      orders   -19,960');
    expect(out).toMatch(/ {2}after {4}\d+, .* later {2}orders \+1/);
    expect(out).toContain('no, neither side: there is no backup from before it');
  });

  it('says of an unlogged table that is asked for that the WAL has nothing of its rows', async () => {
    const { code, out } = await run(['log', '--table', 'scratch', '--op', 'insert']);
    expect([code, out]).toEqual([0, expect.stringContaining('No transaction that was asked for is here.')]);
    expect(out).toContain('scratch is or was unlogged: what was done to its rows');
    const { out: json } = await run(['log', '--table', 'scratch', '--op', 'insert', '--json'], { PGDATA: '' });
    const { remarks } = JSON.parse(json) as { remarks: { kind: string; table: string }[] };
    expect(remarks).toEqual([{ kind: 'unloggedTable', table: expect.stringMatching(/\.public\.scratch$/) }]);
  });

  it('says what is on the server alone', async () => {
    const { out } = await run(['window']);
    expect(out).toMatch(/On the server alone: \d+ commits, the last \d+, today /);
  });

  it('gives the archive alone where no data directory is set', async () => {
    const { out } = await run(['log', '--json'], { PGDATA: '' });
    const log = JSON.parse(out) as { transactions: { xid: number }[]; end: { kind: string } };
    expect(log.end.kind).toBe('endOfArchive');
    expect(log.transactions.some(({ xid }) => xid === deletedXid)).toBe(false);
  });

  it('gives pg_wal alone where no archive is set', async () => {
    const pgWal = join(server.dataDirectory, 'pg_wal');
    const { code, out } = await run(['log', '--pg-wal', pgWal, '--xid', String(deletedXid), '--ndjson'], {
      WALKBACK_ARCHIVE: '',
      PGDATA: '',
    });
    expect(code).toBe(0);
    const [first, end] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({ xid: deletedXid, changes: [{ table: 'orders', deleted: 19_960 }] });
    expect(end).toMatchObject({ end: { kind: 'endOfArchive' } });
  });

  it('refuses a clock reading without a zone', async () => {
    const { code, err } = await run(['log', '--around', '08:00'], { WALKBACK_TIME_ZONE: '' });
    expect([code, err]).toEqual([64, expect.stringContaining('--around 08:00 --tz UTC')]);
  });
});

describe('a log that is followed', () => {
  it('goes on with what is archived meanwhile, and ends when it is stopped', async () => {
    const child = start(['log', '--follow', '--ndjson', '--table', 'orders'], { PGDATA: '' });
    let seen = '';
    child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await expect.poll(() => seen, { timeout: 30_000 }).toContain('"inserted":20000');
      expect(seen).not.toContain(`"xid":${deletedXid},`);
      await archiveAll();
      await expect.poll(() => seen, { timeout: 30_000 }).toContain(`"xid":${deletedXid},`);
    } finally {
      child.kill('SIGINT');
    }
    expect(await ended).toBe(130);
  });
});
