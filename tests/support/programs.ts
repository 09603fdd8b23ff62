/**
 * Programs that tests need and that no package of ours brings: built or installed once, into a cache outside the project,
 * at a fixed version.
 *
 * @module
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { get as getOverTls } from 'node:https';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isProcessAlive } from '../../src/instance/postmaster.ts';
import { runProgram } from './postgres.ts';

/** A lock without its maker's number: that was killed in between, or its pid is another process's by now. */
const STALE_LOCK_MS = 20 * 60_000;
const NAMELESS_LOCK_MS = 10_000;

/** Where programs are kept from run to run. */
export function cacheFolder(): string {
  const base = process.env['WALKBACK_CACHE'] ?? process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(base, 'walkback', 'bin');
}

/** True if a program runs here. */
export function isOnPath(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** Whether whoever holds a lock has been killed. */
async function isStale(lock: string): Promise<boolean> {
  const found = await stat(lock).catch(() => undefined);
  if (found === undefined) return false;
  const ageMs = Date.now() - found.mtimeMs;
  const pid = Number(await readFile(join(lock, 'pid'), 'utf8').catch(() => ''));
  return pid === 0 ? ageMs > NAMELESS_LOCK_MS : !isProcessAlive(pid) || ageMs > STALE_LOCK_MS;
}

/** Makes `path` by `make`, once, however many test files want it at the same time. */
export async function makeOnce(path: string, make: (fresh: string) => Promise<void>): Promise<string> {
  const lock = `${path}.lock`;
  await mkdir(cacheFolder(), { recursive: true });
  while (!existsSync(path)) {
    const isMine = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (!isMine) {
      if (await isStale(lock)) await rm(lock, { recursive: true, force: true });
      await sleep(500);
      continue;
    }
    try {
      await writeFile(join(lock, 'pid'), String(process.pid));
      if (!existsSync(path)) await make(path);
    } finally {
      await rm(lock, { recursive: true, force: true });
    }
  }
  return path;
}

/** A program that Go builds. */
export interface GoProgram {
  readonly name: string;
  /** `github.com/minio/minio` */
  readonly module: string;
  /** As `go install` takes it. */
  readonly version: string;
}

/** The path of a program built with Go; `undefined` without Go. */
export async function ensureGoProgram({ name, module, version }: GoProgram): Promise<string | undefined> {
  const program = join(cacheFolder(), `${name}-${version.replace(/^v(0\.0\.0-)?/, '').replace(/-[0-9a-f]{12}$/, '')}`);
  if (existsSync(program)) return program;
  if (!isOnPath('go', ['version'])) return undefined;
  return makeOnce(program, async () => {
    process.stderr.write(`building ${module}@${version} into ${cacheFolder()} (once, some minutes) …\n`);
    const folder = await mkdtemp(join(cacheFolder(), 'build-'));
    try {
      await runProgram('go', ['install', `${module}@${version}`], { GOBIN: folder });
      await rename(join(folder, name), program);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

const FIRST_PORT = 12_000;
/** From here on Linux gives ports to whoever connects (`ip_local_port_range`): one that is free now is taken a moment later. */
const FIRST_EPHEMERAL_PORT = 32_768;
const PORT_TRIES = 100;

/** A port of the loopback interface that nothing listens on now; by chance, as other tests look for some at the same time. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORT_TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, FIRST_EPHEMERAL_PORT);
    if (await canListen(port)) return port;
  }
  throw new Error(`none of ${PORT_TRIES} ports is free`);
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** Ends a server that a test started. */
export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function untilUp(child: ChildProcess, isUp: () => Promise<boolean>, output: () => string): Promise<void> {
  for (let triesLeft = 300; triesLeft > 0; triesLeft -= 1) {
    if (child.exitCode !== null) break;
    if (await isUp()) return;
    await sleep(100);
  }
  await stopped(child);
  throw new Error(`the server did not start:\n${output()}`);
}

/** How a server is started. */
export interface Launch {
  readonly line: readonly [program: string, ...args: string[]];
  readonly environment?: Record<string, string>;
  readonly isUp: () => Promise<boolean>;
}

/** True if something at `url` answers that all is well. @param caFile the authority that its certificate is trusted by. */
export async function answersWell(url: string, caFile?: string): Promise<boolean> {
  if (caFile === undefined) return (await fetch(url).catch(() => undefined))?.ok === true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const asked = getOverTls(url, { ca: await readFile(caFile) }, (answer) => {
    answer.resume();
    resolve(answer.statusCode === 200);
  });
  asked.on('error', () => resolve(false));
  return promise;
}

/** Starts a server and waits until it is up. Disposing ends it. @throws with what it printed if it does not start. */
export async function startServer({ line, environment, isUp }: Launch): Promise<AsyncDisposable> {
  const [program, ...args] = line;
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const killIt = (): void => void child.kill('SIGKILL');
  process.on('exit', killIt);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  await untilUp(child, isUp, () => output);
  return {
    [Symbol.asyncDispose]: async () => {
      process.off('exit', killIt);
      await stopped(child);
    },
  };
}
