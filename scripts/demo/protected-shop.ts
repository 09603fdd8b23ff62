/**
 * The demo's server: PostgreSQL with a shop in it, an agent beside it, an archive in a folder, and a first backup.
 *
 * @module
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startPostgres, type TestServer } from '../../tests/support/postgres.ts';
import { ROOT } from '../toolchain.mjs';
import { buildShop } from './shop.ts';

const MAJOR = 17;

/** A shop that is protected. Disposing stops and removes everything. */
export interface ProtectedShop extends AsyncDisposable {
  readonly server: TestServer;
  /** By which `walkback` finds the server and its archive. */
  readonly environment: Readonly<Record<string, string>>;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

function startAgent(environment: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(join(ROOT, 'bin/walkback'), ['agent'], {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
  });
  child.on('error', () => {});
  return child;
}

/** Makes the server, the shop and the archive, and starts the agent. The server listens on a socket of its own only. */
export async function protectShop(): Promise<ProtectedShop> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-demo-'));
  const archive = join(root, 'archive/shop-demo');
  await mkdir(archive, { recursive: true });
  const spool = join(root, 'data.spool');
  const script = join(ROOT, 'src/archive/sh/walkback-archive');
  const server = await startPostgres({
    major: MAJOR,
    root,
    settings: {
      archive_mode: 'on',
      archive_command: `'sh "${script}" "${spool}" "%p"'`,
      archive_timeout: 5,
      shared_buffers: "'64MB'",
      fsync: 'on',
      synchronous_commit: 'off',
    },
  });
  const environment = {
    WALKBACK_ARCHIVE: archive,
    WALKBACK_DATA_DIRECTORY: server.dataDirectory,
    WALKBACK_BIN_DIRECTORY: server.bin,
    WALKBACK_SERVER_LOG: join(root, 'server.log'),
    WALKBACK_CLUSTER_NAME: 'shop-demo',
    WALKBACK_PG_HOST: server.socketDirectory,
    WALKBACK_PG_PORT: String(server.port),
  };
  const agent = startAgent(environment);
  const client = await server.connect();
  await buildShop(client);
  await client.end();
  return {
    server,
    environment,
    [Symbol.asyncDispose]: async () => {
      await stop(agent);
      await server[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}
