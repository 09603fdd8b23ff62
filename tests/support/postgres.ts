/**
 * Real PostgreSQL servers for tests, proofs and the demo: the embedded ones from the registry, on a socket of their own.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { ensurePostgres, POSTGRES_VERSIONS } from '../../scripts/toolchain.mjs';

/** The majors that embedded servers exist for. */
export const MAJORS: readonly number[] = Object.keys(POSTGRES_VERSIONS).map(Number);

/** The folder with `initdb`, `pg_ctl` and `postgres` of a major. */
export function postgresBin(major: number): string {
  return ensurePostgres(major);
}

/** What one test server should be like. */
export interface TestServerOptions {
  readonly major: number;
  /** Where to put it; a new folder under the system's temporary one otherwise. */
  readonly root?: string;
  readonly walSegmentSizeMib?: number;
  /** The folder with the server's programs; the embedded server's otherwise. */
  readonly bin?: string;
  /** Lines for postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Leave it stopped. */
  readonly start?: boolean;
}

/** A server that a test made. Disposing stops it and removes its folder. */
export interface TestServer extends AsyncDisposable {
  readonly major: number;
  /** Holds `data/` and `sock/`. */
  readonly root: string;
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly port: number;
  readonly bin: string;
  /** libpq variables by which any client reaches it. */
  readonly environment: Readonly<Record<string, string>>;
  start(): Promise<void>;
  stop(mode?: 'fast' | 'immediate' | 'smart'): Promise<void>;
  /** A new connection; the caller ends it. */
  connect(database?: string): Promise<pg.Client>;
  /** One statement in a connection of its own; its rows. */
  sql<Row extends Record<string, unknown> = Record<string, unknown>>(text: string, database?: string): Promise<Row[]>;
}

/** Runs a program to its end. @throws with everything it printed if it does not exit 0. */
export async function runProgram(
  file: string,
  args: readonly string[],
  environment?: Record<string, string>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      const output = Buffer.concat(chunks).toString();
      if (code === 0) resolve(output);
      else reject(new Error(`${file} ${args.join(' ')} ended with ${code ?? signal}:\n${output}`));
    });
  });
}

const DEFAULT_SETTINGS: Readonly<Record<string, string | number>> = {
  listen_addresses: "''",
  fsync: 'off',
  shared_buffers: "'16MB'",
  max_wal_size: "'256MB'",
  log_line_prefix: "'%m [%p] '",
};

function configurationText(socketDirectory: string, port: number, settings: TestServerOptions['settings']): string {
  const all = { ...DEFAULT_SETTINGS, unix_socket_directories: `'${socketDirectory}'`, port, ...settings };
  return `${Object.entries(all)
    .map(([name, value]) => `${name} = ${value}`)
    .join('\n')}\n`;
}

async function initialise(options: TestServerOptions, bin: string, root: string): Promise<void> {
  const size = options.walSegmentSizeMib === undefined ? [] : [`--wal-segsize=${options.walSegmentSizeMib}`];
  const flags = ['--no-sync', '-k', '--locale=C', '--encoding=UTF8', '-U', 'postgres', '-A', 'trust', ...size];
  await runProgram(join(bin, 'initdb'), [...flags, '-D', join(root, 'data')]);
  await runProgram('mkdir', ['-p', join(root, 'sock')]);
  const file = join(root, 'data', 'postgresql.conf');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text + configurationText(join(root, 'sock'), 5432, options.settings));
}

/** Makes a server (initdb) and starts it, unless told not to. */
export async function startPostgres(options: TestServerOptions): Promise<TestServer> {
  const bin = options.bin ?? postgresBin(options.major);
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'walkback-pg-')));
  const server = serverAt(root, options.major, bin);
  try {
    await initialise(options, bin, root);
    if (options.start !== false) await server.start();
    return server;
  } catch (error) {
    const log = await readFile(join(root, 'server.log'), 'utf8').catch(() => '');
    await server[Symbol.asyncDispose]();
    throw new Error(`cannot make a PostgreSQL ${options.major} for a test\n${log}`, { cause: error });
  }
}

/** A server whose folder exists already. */
export function serverAt(root: string, major: number, bin = postgresBin(major)): TestServer {
  const dataDirectory = join(root, 'data');
  const socketDirectory = join(root, 'sock');
  const control = (...args: string[]) => runProgram(join(bin, 'pg_ctl'), ['-D', dataDirectory, '-w', ...args]);
  const connect = async (database = 'postgres'): Promise<pg.Client> => {
    const client = new pg.Client({ host: socketDirectory, port: 5432, user: 'postgres', database });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const stop = async (mode = 'fast') => void (await control('stop', '-m', mode).catch(() => {}));
  return {
    major,
    root,
    dataDirectory,
    socketDirectory,
    port: 5432,
    bin,
    environment: { PGHOST: socketDirectory, PGPORT: '5432', PGUSER: 'postgres', PGDATABASE: 'postgres' },
    start: async () => void (await control('start', '-l', join(root, 'server.log'), '-t', '60')),
    stop,
    connect,
    sql: async <Row extends Record<string, unknown>>(text: string, database?: string) => {
      const client = await connect(database);
      try {
        return (await client.query<Row>(text)).rows;
      } finally {
        await client.end();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await stop('immediate');
      await rm(root, { recursive: true, force: true });
    },
  };
}
