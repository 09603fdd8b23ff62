/**
 * The data of the benchmarks of WAL: a server that has filled some segments and archived none, and a copy of its data
 * directory from before, on which they can be replayed.
 *
 * @module
 */

import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startPostgres, type TestServer } from '../tests/support/postgres.ts';

/** The server, its base, and folders beside it. Disposing removes all. */
export interface WalServer extends AsyncDisposable {
  readonly server: TestServer;
  readonly scratch: string;
  /** The data directory as it was before the segments were filled. */
  readonly base: string;
  /** Names of the full segments, none of which is archived. */
  readonly segments: readonly string[];
}

const MAJOR = 15;
const SEGMENT = /^[0-9A-F]{24}$/;

const statusFolder = (dataDirectory: string) => join(dataDirectory, 'pg_wal', 'archive_status');

async function statusFiles(dataDirectory: string, ending: '.ready' | '.done'): Promise<string[]> {
  const names = await readdir(statusFolder(dataDirectory));
  return names.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length));
}

/** How many files the server still wants archived. */
export async function countReady(dataDirectory: string): Promise<number> {
  return (await statusFiles(dataDirectory, '.ready')).length;
}

async function markAll(dataDirectory: string, from: '.ready' | '.done', to: '.ready' | '.done'): Promise<void> {
  const folder = statusFolder(dataDirectory);
  for (const name of await statusFiles(dataDirectory, from)) {
    await rename(join(folder, name + from), join(folder, name + to));
  }
}

/** Makes the server forget that it has archived anything. It must have no archive_command at that time. */
export async function markAllReady(dataDirectory: string): Promise<void> {
  await markAll(dataDirectory, '.done', '.ready');
}

/** Makes the server believe that it has archived everything. It must have no archive_command at that time. */
export async function markAllDone(dataDirectory: string): Promise<void> {
  await markAll(dataDirectory, '.ready', '.done');
}

/** Half of it rows as pgbench has them, half text without repetition; a third of the rows changed afterwards. */
async function fill(server: TestServer, segmentCount: number): Promise<void> {
  await server.sql('create table accounts (aid int primary key, bid int, abalance int, filler char(84))');
  await server.sql('create table documents (id int primary key, body text)');
  const rows = 20_000;
  for (let batch = 0; (await countReady(server.dataDirectory)) < segmentCount; batch += 1) {
    const [first, last] = [batch * rows, (batch + 1) * rows - 1];
    await server.sql(`insert into accounts select i, i % 100, 0, '' from generate_series(${first}, ${last}) i`);
    await server.sql(
      `insert into documents select i, encode(sha512((random() * 1e15 + i)::text::bytea), 'base64') from generate_series(${first}, ${last}) i`,
    );
    await server.sql(`update accounts set abalance = aid where aid between ${first} and ${last} and aid % 3 = 0`);
  }
}

/** Starts a server and fills at least `segmentCount` segments of 16 MiB. */
export async function startWalServer(segmentCount: number): Promise<WalServer> {
  const scratch = await mkdtemp(join(tmpdir(), 'walkback-bench-wal-'));
  const base = join(scratch, 'base');
  await mkdir(join(scratch, 'mark'));
  const settings = {
    archive_mode: 'on',
    // Empty holds WAL back without failing.
    archive_command: "''",
    shared_buffers: "'256MB'",
    max_wal_size: "'16GB'",
    checkpoint_timeout: "'1h'",
    wal_keep_size: "'16GB'",
    wal_level: 'replica',
    autovacuum: 'off',
  };
  const server = await startPostgres({ major: MAJOR, root: join(scratch, 'server'), settings });
  await server.stop();
  await cp(server.dataDirectory, base, { recursive: true });
  await server.start();
  await fill(server, segmentCount);
  const ready = await statusFiles(server.dataDirectory, '.ready');
  return {
    server,
    scratch,
    base,
    segments: ready.filter((name) => SEGMENT.test(name)).toSorted(),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** Changes a running server's archive_command; none where it is empty. */
export async function setArchiveCommand(server: TestServer, command: string): Promise<void> {
  await server.sql(`ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
  await server.sql('SELECT pg_reload_conf()');
}
