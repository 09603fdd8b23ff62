/**
 * `walkback log` beside a server that goes on working: what is committed in the segment that is being written, prepared
 * transactions, and names that changed before the log begins.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { writeCatalogSnapshot } from '../../src/archive/catalog-snapshots.ts';
import { databasesOf, readCatalog } from '../../src/instance/read-catalog.ts';
import { openStore } from '../../src/storage/open.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';
import { runWalkback, startWalkback } from '../support/walkback-process.ts';

let folder: string;
let server: TestServer;
let environment: Record<string, string>;

const start = (args: readonly string[]) => startWalkback(args, environment);

interface LoggedJson {
  readonly xid: number;
  readonly outcome: string;
  readonly gid: string | null;
  readonly changes: readonly { readonly table: string | null; readonly inserted: number }[];
}

async function logged(...args: readonly string[]): Promise<readonly LoggedJson[]> {
  const { out, err } = await runWalkback(['log', '--json', ...args], environment);
  if (out === '') throw new Error(err);
  const { transactions } = JSON.parse(out) as { transactions: readonly LoggedJson[] };
  return transactions;
}

const now = async (): Promise<string> => {
  const [row] = await server.sql<{ at: string }>(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
  );
  return row?.at ?? '';
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-live-'));
  const archive = join(folder, 'shop');
  const wal = join(archive, 'wal_005');
  await mkdir(wal, { recursive: true });
  server = await startPostgres({
    major: 17,
    walSegmentSizeMib: 1,
    settings: {
      archive_mode: 'on',
      archive_command: `'cp %p ${wal}/.%f && mv ${wal}/.%f ${wal}/%f'`,
      max_prepared_transactions: 5,
      autovacuum: 'off',
      wal_keep_size: "'256MB'",
    },
  });
  environment = { WALKBACK_ARCHIVE: archive, PGDATA: server.dataDirectory, WALKBACK_TIME_ZONE: 'UTC' };
  await server.sql('create table orders (id int, note text)');
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('a log that is followed beside its server', () => {
  it('tells of a commit while its segment is being written, each once, over the end of the segment', async () => {
    const child = start(['log', '--follow', '--ndjson', '--table', 'orders']);
    let seen = '';
    child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const counts = () =>
      seen
        .split('\n')
        .filter((line) => line !== '')
        .flatMap((line) => (JSON.parse(line) as LoggedJson).changes.map(({ inserted }) => inserted));
    try {
      await server.sql('insert into orders select n from generate_series(1, 3) n');
      await expect.poll(counts, { timeout: 30_000 }).toEqual([3]);
      await server.sql('insert into orders select n from generate_series(1, 5) n');
      await expect.poll(counts, { timeout: 30_000 }).toEqual([3, 5]);
      // Into the next segments, with a transaction that writes in several.
      await server.sql("insert into orders select n, repeat('x', 500) from generate_series(1, 6000) n");
      await server.sql('insert into orders select n from generate_series(1, 7) n');
      await expect.poll(counts, { timeout: 30_000 }).toEqual([3, 5, 6000, 7]);
      await server.sql('select pg_switch_wal()');
      await server.sql('insert into orders select n from generate_series(1, 9) n');
      await expect.poll(counts, { timeout: 30_000 }).toEqual([3, 5, 6000, 7, 9]);
    } finally {
      child.kill('SIGINT');
    }
    expect(await ended).toBe(130);
  });
});

describe('a log that is followed without a span', () => {
  it('begins with the newest segment, not with all there is, and says where', async () => {
    await server.sql("insert into orders select n, repeat('x', 500) from generate_series(1, 20000) n");
    await server.sql('select pg_switch_wal()');
    await server.sql('insert into orders select n from generate_series(1, 11) n');
    const child = start(['log', '--follow', '--table', 'orders']);
    let seen = '';
    child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await expect.poll(() => seen, { timeout: 30_000 }).toContain('orders +11');
      await server.sql('insert into orders select n from generate_series(1, 13) n');
      await expect.poll(() => seen, { timeout: 30_000 }).toContain('orders +13');
    } finally {
      child.kill('SIGINT');
    }
    expect(await ended).toBe(130);
    expect(seen).toMatch(/^Begins at [\dA-F]+\/[\dA-F]+, in the newest WAL there is: --since begins earlier\.$/m);
    expect(seen).not.toContain('orders +20,000');
  });
});

describe('a transaction that was prepared in a span', () => {
  it('is in it as prepared, whether it ended later or not at all', async () => {
    const since = await now();
    await server.sql("begin; insert into orders values (1); prepare transaction 'ends'");
    await server.sql("begin; insert into orders values (2); prepare transaction 'stays'");
    const until = await now();
    await server.sql("commit prepared 'ends'");
    const inSpan = await logged('--since', since, '--until', until);
    expect(inSpan.map(({ gid, outcome }) => [gid, outcome])).toEqual([
      ['ends', 'prepared'],
      ['stays', 'prepared'],
    ]);
    const all = await logged('--since', since);
    expect(all.map(({ gid, outcome }) => [gid, outcome])).toEqual([
      ['ends', 'commitPrepared'],
      ['stays', 'prepared'],
    ]);
    await server.sql("rollback prepared 'stays'");
  });
});

/** Rows by table since a time, where nobody can be asked for names. */
async function insertedWithoutServer(since: string): Promise<[string | null, number][]> {
  const kept = environment;
  environment = { ...kept, PGDATA: '' };
  try {
    const list = await logged('--since', since, '--pg-wal', join(server.dataDirectory, 'pg_wal'));
    return list.flatMap(({ changes }) =>
      changes.map(({ table, inserted }): [string | null, number] => [table, inserted]),
    );
  } finally {
    environment = kept;
  }
}

describe('names that changed before a log begins', () => {
  it('are followed from the last snapshot, without a server', async () => {
    const store = await openStore({ kind: 'file', path: join(folder, 'shop') });
    const connection = { host: server.socketDirectory, port: server.port, user: 'postgres', database: 'postgres' };
    await writeCatalogSnapshot(store, await readCatalog(databasesOf(connection)));
    await store.close();
    await server.sql('truncate orders');
    await server.sql('create table lines (id int)');
    await server.sql('alter table orders rename to orders_old; alter table lines rename to orders');
    for (let n = 0; n < 4; n += 1) {
      await server.sql('select pg_switch_wal()');
      await server.sql('select txid_current()');
    }
    await server.sql('checkpoint');
    const since = await now();
    await server.sql('insert into orders values (1), (2)');
    await server.sql('insert into orders_old values (1), (2), (3)');
    expect(await insertedWithoutServer(since)).toEqual([
      ['orders', 2],
      ['orders_old', 3],
    ]);
  });

  it('are a copied database’s as they were its template’s', async () => {
    await server.sql('create database shop');
    await server.sql('create table carts (id int)', 'shop');
    await server.sql('create database copy template shop strategy file_copy');
    const since = await now();
    await server.sql('insert into carts select n from generate_series(1, 4) n', 'copy');
    expect(await insertedWithoutServer(since)).toEqual([['carts', 4]]);
  });

  it('of a table that is not known are refused, with the nearest', async () => {
    const { code, err, out } = await runWalkback(['log', '--json', '--table', 'ordres'], environment);
    expect([code, out]).toEqual([64, '']);
    expect(err).toContain('walkback log --table orders');
  });
});
