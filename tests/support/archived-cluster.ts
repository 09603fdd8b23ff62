/**
 * A cluster with an archive, for tests of the WAL's way out and in: a server that has archived, a cold copy of its data
 * directory as the base, and committed rows whose WAL is only in the archive.
 *
 * @module
 */

import { appendFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { pushWalFile } from '../../src/archive/push.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { runProgram, serverAt, startPostgres, type TestServer } from './postgres.ts';

/** The repository. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** The two scripts. */
export const ARCHIVE_SCRIPT = join(ROOT, 'src/archive/sh/walkback-archive');
export const RESTORE_SCRIPT = join(ROOT, 'src/archive/sh/walkback-restore');

/** Quotes a word for a shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line as the value of a server setting. */
export function settingText(command: string): string {
  return `'${command.replaceAll("'", "''")}'`;
}

/** Waits until `condition` holds. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs = 30_000,
  pauseMs = 50,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((done) => setTimeout(done, pauseMs));
  }
}

/** A folder with a `walkback` program in it, for PATH. */
export async function programFolder(root: string): Promise<string> {
  const folder = join(root, 'bin');
  await mkdir(folder, { recursive: true });
  const line = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(join(ROOT, 'src/main.ts'))} "$@"\n`;
  await writeFile(join(folder, 'walkback'), line, { mode: 0o755 });
  return folder;
}

/** One committed row, and where the server was after it. */
export interface Marker {
  readonly rows: number;
  readonly lsn: string;
  /** The segment that holds the row's commit. */
  readonly segment: string;
}

/** A cluster whose WAL is in an archive. */
export interface ArchivedCluster extends AsyncDisposable {
  readonly major: number;
  /** Has a space in it, as the paths of servers may. */
  readonly root: string;
  readonly store: ObjectStore;
  readonly archivePath: string;
  readonly primary: TestServer;
  readonly markers: readonly Marker[];
  /** A new server from the base, with lines for its configuration and a signal file; stopped. */
  restored(given: RestoredOptions): Promise<RestoredServer>;
}

/** A server that was restored. */
export interface RestoredServer extends TestServer {
  /** Adds lines to its configuration, which a start reads. */
  configure(settings: Readonly<Record<string, string>>): Promise<void>;
}

/** How a server is restored. */
export interface RestoredOptions {
  readonly signal: 'recovery.signal' | 'standby.signal';
  readonly settings: Readonly<Record<string, string>>;
}

async function addMarkers(primary: TestServer, count: number): Promise<Marker[]> {
  const markers: Marker[] = [];
  for (let rows = 1; rows <= count; rows += 1) {
    await primary.sql('INSERT INTO t SELECT count(*) + 1 FROM t');
    const [row] = await primary.sql<{ lsn: string; segment: string }>(
      'SELECT l.lsn::text, pg_walfile_name(l.lsn) AS segment FROM (SELECT pg_current_wal_insert_lsn() AS lsn) l',
    );
    if (row === undefined) throw new Error('the server has no WAL position');
    markers.push({ rows, lsn: row.lsn, segment: row.segment });
    await primary.sql('SELECT pg_switch_wal()');
  }
  return markers;
}

async function isRunning({ bin, dataDirectory }: TestServer): Promise<boolean> {
  return runProgram(join(bin, 'pg_ctl'), ['status', '-D', dataDirectory]).then(
    () => true,
    () => false,
  );
}

/**
 * Starts a server in archive recovery and waits for its end: true if it opened for writing, false if it stopped.
 * (`pg_ctl start` comes back as soon as a server in recovery can be read from.)
 */
export async function opens(server: TestServer): Promise<boolean> {
  await server.start().catch(() => {});
  for (;;) {
    const rows = await server.sql<{ open: boolean }>('SELECT NOT pg_is_in_recovery() AS open').catch(() => undefined);
    if (rows?.[0]?.open === true) return true;
    if (rows === undefined && !(await isRunning(server))) return false;
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** How many rows a server has. */
export async function rowsOf(server: TestServer): Promise<number> {
  const [row] = await server.sql<{ n: number }>('SELECT count(*)::int AS n FROM t');
  return row?.n ?? -1;
}

/** Makes a cluster with `count` rows, each in a segment (1 MiB) of its own; nothing is archived yet. */
export async function archivedCluster(major: number, count: number): Promise<ArchivedCluster> {
  const root = await mkdtemp(join(tmpdir(), 'walkback wal-'));
  const archivePath = join(root, 'archive');
  await mkdir(archivePath);
  // Empty: nothing is archived, and nothing has to fail, which takes a server three seconds when it stops.
  const settings = { archive_mode: 'on', archive_command: "''" };
  const primary = await startPostgres({ major, root: join(root, 'live'), walSegmentSizeMib: 1, settings });
  await primary.sql('CREATE TABLE t (i int)');
  await primary.sql('SELECT pg_switch_wal()');
  await primary.stop();
  await cp(primary.dataDirectory, join(root, 'base'), { recursive: true });
  await primary.start();
  const markers = await addMarkers(primary, count);
  const store = await openStore({ kind: 'file', path: archivePath });
  return {
    major,
    root,
    store,
    archivePath,
    primary,
    markers,
    restored: (given) => restore({ major, root }, given),
    [Symbol.asyncDispose]: async () => {
      await primary.stop('immediate');
      await store.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Archives what the primary has ready, without a server in between. */
export async function pushAll({ primary, store }: Pick<ArchivedCluster, 'primary' | 'store'>): Promise<void> {
  const files = await readdir(join(primary.dataDirectory, 'pg_wal/archive_status'));
  for (const entry of files.filter((name) => name.endsWith('.ready'))) {
    await pushWalFile({ store, path: join(primary.dataDirectory, 'pg_wal', entry.slice(0, -'.ready'.length)) });
  }
}

let made = 0;

async function restore(cluster: { major: number; root: string }, given: RestoredOptions): Promise<RestoredServer> {
  made += 1;
  const root = join(cluster.root, `server ${made}`);
  const data = join(root, 'data');
  await mkdir(join(root, 'sock'), { recursive: true });
  await cp(join(cluster.root, 'base'), data, { recursive: true });
  await writeFile(join(data, given.signal), '');
  const settings = {
    unix_socket_directories: settingText(join(root, 'sock')),
    archive_mode: 'off',
    hot_standby: 'on',
    wal_retrieve_retry_interval: settingText('200ms'),
    ...given.settings,
  };
  const configure = async (lines: Readonly<Record<string, string>>) => {
    const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}\n`);
    await appendFile(join(data, 'postgresql.auto.conf'), text.join(''));
  };
  await configure(settings);
  return { ...serverAt(root, cluster.major), configure };
}
