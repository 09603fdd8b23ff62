/**
 * The data of the benchmarks: a server whose data directory is about as large as asked and compresses about 2.5 times,
 * half rows as pgbench has them, half text without repetition.
 *
 * @module
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startPostgres, type TestServer } from '../tests/support/postgres.ts';

/** The server, and folders beside it. Disposing removes all. */
export interface BenchServer extends AsyncDisposable {
  readonly server: TestServer;
  readonly scratch: string;
  /** Where its archive_command copies WAL: `wal_005/` of a folder. */
  readonly archive: string;
  /** Changes a share of one table's rows, and writes them out. */
  readonly change: () => Promise<void>;
}

/** Of the rows that {@link BenchServer.change} changes, beside each other. */
export const CHANGED_SHARE = 0.02;

const MAJOR = 15;
const ROWS_PER_MIB = 3300;

/** Starts a server with about `sizeMib` of tables. */
export async function startBenchServer(sizeMib: number): Promise<BenchServer> {
  const scratch = await mkdtemp(join(tmpdir(), 'walkback-bench-'));
  const archive = join(scratch, 'archive');
  await mkdir(join(archive, 'wal_005'), { recursive: true });
  const server = await startPostgres({
    major: MAJOR,
    root: join(scratch, 'server'),
    settings: {
      archive_mode: 'on',
      archive_command: `'test ! -e ${scratch}/archiving || cp %p ${archive}/wal_005/%f'`,
      shared_buffers: "'128MB'",
      max_wal_size: "'4GB'",
      wal_level: 'replica',
      autovacuum: 'off',
    },
  });
  await fill(server, sizeMib);
  await mkdir(join(scratch, 'archiving'));
  return {
    server,
    scratch,
    archive,
    change: async () => {
      const last = Math.round(sizeMib * ROWS_PER_MIB * CHANGED_SHARE);
      // In the room of the rows that the last time has left: the tables stay as large as they were.
      await server.sql('vacuum accounts');
      await server.sql(`update accounts set abalance = abalance + 1 where aid <= ${last}`);
      await server.sql('checkpoint');
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

async function fill(server: TestServer, sizeMib: number): Promise<void> {
  const rows = Math.round(sizeMib * ROWS_PER_MIB);
  await server.sql('create table accounts (aid int, bid int, abalance int, filler char(84))');
  await server.sql('create table documents (id int, body text)');
  await server.sql(`insert into accounts select i, i % 100, 0, '' from generate_series(1, ${rows}) i`);
  await server.sql(
    `insert into documents select i, encode(sha512((random() * 1e15 + i)::text::bytea), 'base64') from generate_series(1, ${rows}) i`,
  );
  await server.sql('alter table accounts add primary key (aid)');
  // The first one changes every page.
  await server.sql('vacuum');
  await server.sql('checkpoint');
}
