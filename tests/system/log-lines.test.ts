/**
 * `walkback log` over a failover: before, during and after a promotion; and the files that a server keeps for later in its
 * `pg_wal`.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startPostgres, type TestServer } from '../support/postgres.ts';
import { runWalkback, startWalkback } from '../support/walkback-process.ts';

let folder: string;
let server: TestServer;
let environment: Record<string, string>;

interface Log {
  readonly timeline: number;
  readonly end: { readonly kind: string };
  readonly transactions: readonly {
    readonly xid: number;
    readonly timeline: number;
    readonly changes: readonly { readonly table: string | null; readonly inserted: number }[];
  }[];
}

async function logged(...args: readonly string[]): Promise<Log> {
  const { out, err } = await runWalkback(['log', '--json', ...args], environment);
  if (out === '') throw new Error(err);
  return JSON.parse(out) as Log;
}

const inserted = ({ transactions }: Log) =>
  transactions.flatMap(({ timeline, changes }) => changes.map((change) => [timeline, change.inserted]));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-lines-'));
  const archive = join(folder, 'shop');
  const wal = join(archive, 'wal_005');
  await mkdir(wal, { recursive: true });
  server = await startPostgres({
    major: 16,
    walSegmentSizeMib: 1,
    settings: {
      archive_mode: 'on',
      archive_command: `'cp %p ${wal}/.%f && mv ${wal}/.%f ${wal}/%f'`,
      autovacuum: 'off',
      min_wal_size: "'16MB'",
    },
  });
  environment = { WALKBACK_ARCHIVE: archive, PGDATA: server.dataDirectory, WALKBACK_TIME_ZONE: 'UTC' };
  await server.sql('create table orders (id int, note text)');
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('a pg_wal with files that the server keeps for later', () => {
  it('ends where the server writes, and what the files held before is not told again', async () => {
    for (let n = 0; n < 6; n += 1) {
      await server.sql("insert into orders select n, repeat('x', 300) from generate_series(1, 3000) n");
      await server.sql('checkpoint');
    }
    const [row] = await server.sql<{ name: string }>('select pg_walfile_name(pg_current_wal_insert_lsn()) as name');
    const pgWal = join(server.dataDirectory, 'pg_wal');
    const later = (await readdir(pgWal)).filter((name) => /^[0-9A-F]{24}$/.test(name) && name > (row?.name ?? ''));
    expect(later.length).toBeGreaterThan(2);
    await server.sql('insert into orders values (1)');
    const log = await logged('--pg-wal', pgWal);
    expect(log.end.kind).toBe('endOfArchive');
    const xids = log.transactions.map(({ xid }) => xid);
    expect(new Set(xids).size).toBe(xids.length);
    expect(log.transactions.at(-1)?.changes).toMatchObject([{ table: 'orders', inserted: 1 }]);
  });
});

describe('a log over a failover', () => {
  it('goes from the old timeline to the new one, and --timeline gives either', async () => {
    const child = startWalkback(['log', '--follow', '--ndjson', '--table', 'orders'], environment);
    let [followed, told] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (followed += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await server.sql('insert into orders select n from generate_series(1, 11) n');
      await expect.poll(() => followed, { timeout: 30_000 }).toContain('"inserted":11');
      await server.stop();
      await writeFile(join(server.dataDirectory, 'standby.signal'), '');
      await server.start();
      // What is read while it replays is what was read before.
      expect(inserted(await logged('--table', 'orders')).at(-1)).toEqual([1, 11]);
      await server.sql('select pg_promote()');
      await server.sql('insert into orders select n from generate_series(1, 22) n');
      await server.sql('checkpoint');
      await server.sql('insert into orders select n from generate_series(1, 33) n');
      await expect.poll(() => told, { timeout: 30_000 }).toContain('timeline 2 has branched off');
    } finally {
      child.kill('SIGINT');
    }
    expect(await ended).toBe(130);
    const log = await logged('--table', 'orders');
    expect(log.timeline).toBe(2);
    expect(inserted(log).slice(-3)).toEqual([
      [1, 11],
      [2, 22],
      [2, 33],
    ]);
    const old = await logged('--timeline', '1', '--table', 'orders');
    expect([old.timeline, inserted(old).at(-1)]).toEqual([1, [1, 11]]);
    await server.sql('select pg_switch_wal()');
    const pgWal = join(server.dataDirectory, 'pg_wal');
    environment = { ...environment, PGDATA: '' };
    expect(inserted(await logged('--table', 'orders', '--timeline', '2', '--pg-wal', pgWal)).slice(-2)).toEqual([
      [2, 22],
      [2, 33],
    ]);
    await expect(logged('--timeline', '7')).rejects.toThrow('timeline 7');
  });
});
