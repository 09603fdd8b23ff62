/**
 * A server that we start ourselves on a data directory of ours: a rehearsal, a throw-away copy, or the kept data while
 * an undo promotes it. It goes on when we end; its `postmaster.pid` finds it again.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure } from '../base/failure.ts';
import { connect, sqlStateOf, type Connection, type ConnectionSettings } from './connection.ts';
import { isProcessAlive, runningPostmaster, untilReaped } from './postmaster.ts';
import { privateServerArguments, privateSessionParameters, type PrivateServerSettings } from './private-settings.ts';

/** What is needed to start one. */
export interface PrivateServer {
  readonly dataDirectory: string;
  /** The folder with `postgres`. */
  readonly bin: string;
  readonly logFile: string;
  readonly user: string;
  readonly settings: PrivateServerSettings;
}

const POLL_MS = 20;
const LOG_TAIL_BYTES = 64 * 1024;
const STOP_TIMEOUT_MS = 300_000;

/** How it is reached: by its own socket directory alone. */
export function privateConnection(server: PrivateServer, database = 'postgres'): ConnectionSettings {
  const { socketDirectory, port, major } = server.settings;
  const parameters = privateSessionParameters(major);
  return { host: socketDirectory, port, user: server.user, database, connectTimeoutMs: 5000, parameters };
}

/** Starts it, unless it runs already. Returns as soon as the process exists; {@link untilItAnswers} waits. */
export async function startPrivateServer(server: PrivateServer): Promise<void> {
  if ((await runningPostmaster(server.dataDirectory)) !== undefined) return;
  await untilReaped(server.dataDirectory);
  const log = await open(server.logFile, 'a', 0o600);
  try {
    const args = ['-D', server.dataDirectory, ...privateServerArguments(server.settings)];
    const child = spawn(join(server.bin, 'postgres'), args, { detached: true, stdio: ['ignore', log.fd, log.fd] });
    await once(child, 'spawn');
    child.unref();
    while ((await runningPostmaster(server.dataDirectory)) === undefined) {
      if (child.exitCode !== null || child.signalCode !== null) throw await ended(server);
      await sleep(POLL_MS);
    }
  } finally {
    await log.close();
  }
}

/** The error lines at the end of the log. */
async function lastErrors(logFile: string): Promise<string[]> {
  const text = (await readFile(logFile).catch(() => Buffer.alloc(0))).subarray(-LOG_TAIL_BYTES).toString();
  const lines = text.split('\n').filter((line) => /(FATAL|PANIC|ERROR|HINT|DETAIL):/.test(line));
  return lines.slice(-6);
}

async function ended(server: PrivateServer): Promise<Failure> {
  return new Failure('failed', {
    message: `cannot go on with the server on ${server.dataDirectory}: it has ended`,
    remedy: `Its log says why: ${server.logFile}`,
    facts: await lastErrors(server.logFile),
  });
}

/** Fails with what its log says if it no longer runs. */
export async function checkItRuns(server: PrivateServer): Promise<void> {
  if ((await runningPostmaster(server.dataDirectory)) === undefined) throw await ended(server);
}

const NO_SUCH_DATABASE = '3D000';

/** Connects to it, whatever databases its data hold: `postgres` may have been dropped, or not have been made yet. */
export async function connectToPrivate(server: PrivateServer): Promise<Connection> {
  try {
    return await connect(privateConnection(server));
  } catch (error) {
    if (sqlStateOf(error) !== NO_SUCH_DATABASE) throw error;
    return connect(privateConnection(server, 'template1'));
  }
}

/** Connects to it; `undefined` while it does not take connections. @throws {Failure} `failed` if it has ended. */
export async function tryConnect(server: PrivateServer, database?: string): Promise<Connection | undefined> {
  try {
    return await (database === undefined ? connectToPrivate(server) : connect(privateConnection(server, database)));
  } catch (error) {
    if (!isFailure(error, 'unavailable')) throw error;
    await checkItRuns(server);
    return undefined;
  }
}

/** Connects once it answers. @throws {Failure} `failed` if it ends, the reason of `signal` if that aborts. */
export async function untilItAnswers(server: PrivateServer, signal?: AbortSignal): Promise<Connection> {
  for (;;) {
    signal?.throwIfAborted();
    const connection = await tryConnect(server);
    if (connection !== undefined) return connection;
    await sleep(POLL_MS);
  }
}

/** Stops it (fast) and waits for its end; one that is stopped is fine. Works without a connection. */
export async function stopPrivateServer(dataDirectory: string, mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
  const postmaster = await runningPostmaster(dataDirectory);
  if (postmaster === undefined) return;
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  process.kill(postmaster.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  while (isProcessAlive(postmaster.pid) && (await runningPostmaster(dataDirectory)) !== undefined) {
    if (Date.now() > deadline) {
      throw new Failure('unavailable', {
        message: `cannot stop the server on ${dataDirectory}: process ${postmaster.pid} still runs`,
        remedy: 'Look at its log, end it, and go on.',
      });
    }
    await sleep(POLL_MS);
  }
}
