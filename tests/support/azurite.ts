/**
 * A server that speaks Azure Blob Storage's API: azurite, Microsoft's own emulator, installed with npm into a cache outside
 * the project.
 *
 * @module
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { sendRequest, type HttpRequest } from '../../src/storage/send-request.ts';
import { makeHttpAgents } from '../../src/storage/http-agents.ts';
import type { AzureLocation } from '../../src/storage/azure/azure-location.ts';
import { sharedKeyHeader } from '../../src/storage/azure/shared-key.ts';
import { runProgram } from './postgres.ts';
import { cacheFolder, freePort, isOnPath, makeOnce, stopped } from './programs.ts';

const AZURITE = '3.37.0';

/** A server that a test started. Disposing stops it, and removes what it had. */
export interface AzureTestServer extends AsyncDisposable {
  readonly port: number;
  readonly account: string;
  /** The account's key, in base64. */
  readonly key: string;
  /** The account's address. */
  readonly endpoint: string;
  /** Makes a container with a name of its own; answers where it is. */
  newContainer(options?: Partial<AzureLocation>): Promise<AzureLocation>;
  /** Soft delete: how many days deleted blobs are kept; not at all for `undefined`. */
  keepDeleted(days: number | undefined): Promise<void>;
}

/** What a test server should be like. */
export interface AzureTestServerOptions {
  /** Serves HTTPS with these PEM files, and takes tokens (whose issuer, time and audience it checks, not the signature). */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
  /** Keeps what is in blobs in files, and not in memory. */
  readonly isOnDisk?: boolean;
}

/** npm belongs to the machine's own Node, and finds its settings beside that one. */
function systemPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => !folder.includes(`${sep}.tools${sep}`)).join(delimiter);
}

/** The script of the emulator; `undefined` without npm. */
async function ensureAzurite(): Promise<string | undefined> {
  const folder = join(cacheFolder(), `azurite-${AZURITE}`);
  if (!existsSync(folder) && !isOnPath('npm', ['--version'])) return undefined;
  const made = await makeOnce(folder, async () => {
    process.stderr.write(`installing azurite@${AZURITE} into ${cacheFolder()} (once) …\n`);
    const flags = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'];
    try {
      await mkdir(folder);
      await writeFile(join(folder, 'package.json'), '{}');
      // Not --prefix: npm would look for its settings (a mirror, certificates) there.
      const line = ['-c', 'cd "$0" && exec npm "$@"', folder, 'install', ...flags, `azurite@${AZURITE}`];
      await runProgram('sh', line, { PATH: systemPath() });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  });
  return join(made, 'node_modules', 'azurite', 'dist', 'src', 'blob', 'main.js');
}

/** Two minutes: it loads a thousand modules, and the machine may be busy with other tests. */
const TRIES = 1200;

async function untilUp(child: ChildProcess, url: string, output: () => string): Promise<void> {
  for (let triesLeft = TRIES; triesLeft > 0 && child.exitCode === null; triesLeft -= 1) {
    const isUp = await fetch(url).then(
      () => true,
      (error: unknown) => error instanceof Error && /certificate|SELF_SIGNED/i.test(String(error.cause)),
    );
    if (isUp) return;
    await sleep(100);
  }
  await stopped(child);
  throw new Error(`azurite did not start:\n${output()}`);
}

/** A shared access signature for a whole account. Source: Azure Storage, "Create an account SAS". */
export function accountSas(account: string, key: string, permissions: string, endsAt: Date, types = 'sco'): string {
  const version = '2021-12-02';
  const [services, ends] = ['b', endsAt.toISOString().replace(/\.\d+Z/, 'Z')];
  const signed = [account, permissions, services, types, '', ends, '', 'https,http', version, '', ''].join('\n');
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64');
  const query = { sv: version, ss: services, srt: types, sp: permissions, se: ends, spr: 'https,http', sig: signature };
  return new URLSearchParams(query).toString();
}

/** Puts something that is no blob: a container, or the service's properties. */
async function putSigned(
  { account, key }: Pick<AzureTestServer, 'account' | 'key'>,
  url: string,
  { body = '', caFile }: { readonly body?: string; readonly caFile?: string | undefined },
): Promise<void> {
  const headers = { 'x-ms-version': '2021-12-02', 'x-ms-date': new Date().toUTCString() };
  const request: HttpRequest = { method: 'PUT', url, headers, ...(body === '' ? {} : { body: [Buffer.from(body)] }) };
  const authorization = sharedKeyHeader(account, Buffer.from(key, 'base64'), request);
  const agents = await makeHttpAgents(caFile === undefined ? {} : { caFile });
  const way = { agents, idleMs: 10_000, signal: AbortSignal.timeout(20_000) };
  const answer = await sendRequest({ ...request, headers: { ...headers, authorization } }, way);
  for await (const _ of answer.body);
  agents.http.destroy();
  agents.https.destroy();
  if (![201, 202].includes(answer.status)) throw new Error(`azurite answered ${answer.status} to PUT ${url}`);
}

/** Starts a server on a free port of the loopback interface. `undefined`, and said so, where there is no npm to get one. */
export async function startAzurite({ tls, isOnDisk = false }: AzureTestServerOptions = {}): Promise<
  AzureTestServer | undefined
> {
  const script = await ensureAzurite();
  if (script === undefined) {
    process.stderr.write('SKIPPED: tests against a server of Azure Blob Storage, since there is no npm to get one\n');
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'walkback-azurite-'));
  const port = await freePort();
  const [account, key] = [`wb${randomBytes(6).toString('hex')}`, randomBytes(64).toString('base64')];
  const place = isOnDisk ? ['--location', folder] : ['--inMemoryPersistence'];
  const flags = [...place, '--disableTelemetry', '--skipApiVersionCheck', '--silent'];
  const secure = tls === undefined ? [] : ['--cert', tls.certificateFile, '--key', tls.keyFile, '--oauth', 'basic'];
  const args = [script, '--blobHost', '127.0.0.1', '--blobPort', String(port), ...flags, ...secure];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${key}` },
    // What it writes beside objects goes here.
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killIt = (): void => void child.kill('SIGKILL');
  process.on('exit', killIt);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  await untilUp(child, origin, () => output);
  const endpoint = `${origin}/${account}`;
  return {
    port,
    account,
    key,
    endpoint,
    newContainer: async (options = {}) => {
      const container = `walkback-${randomBytes(6).toString('hex')}`;
      await putSigned({ account, key }, `${endpoint}/${container}?restype=container`, options);
      const credentials = [{ kind: 'key', key }] as const;
      return { kind: 'azure', account, container, prefix: 'archives/one', endpoint, credentials, ...options };
    },
    keepDeleted: async (days) => {
      const isOn = days === undefined ? '<Enabled>false</Enabled>' : `<Enabled>true</Enabled><Days>${days}</Days>`;
      const policy = `<DeleteRetentionPolicy>${isOn}</DeleteRetentionPolicy>`;
      const body = `<StorageServiceProperties>${policy}</StorageServiceProperties>`;
      await putSigned({ account, key }, `${endpoint}/?restype=service&comp=properties`, { body });
    },
    [Symbol.asyncDispose]: async () => {
      process.off('exit', killIt);
      await stopped(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
