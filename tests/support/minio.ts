/**
 * A real S3 server for tests: MinIO, built with Go into a cache outside the project; where Go is missing, moto.
 *
 * Where neither can be had it says so, and answers `undefined`: the tests are then skipped.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

import type { S3Location } from '../../src/storage/s3/s3-location.ts';
import { runProgram } from './postgres.ts';
import { cacheFolder, ensureGoProgram, freePort, isOnPath, makeOnce, stopped, untilAnswers } from './programs.ts';

const MINIO = {
  name: 'minio',
  module: 'github.com/minio/minio',
  version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
};
const MOTO = 'moto[s3,server]==5.2.5';

/** A server that a test started. Disposing stops it and removes its data. */
export interface S3TestServer extends AsyncDisposable {
  /** moto checks neither signatures nor checksums: tests of those need `minio`. */
  readonly kind: 'minio' | 'moto';
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes a bucket with a name of its own; answers where it is. */
  newBucket(options?: Partial<S3Location>): Promise<S3Location>;
}

/** What a test server should be like. */
export interface S3TestServerOptions {
  /** MinIO only. */
  readonly region?: string;
}

/** The folder of moto's programs; `undefined` without Python. */
async function ensureMoto(): Promise<string | undefined> {
  const folder = join(cacheFolder(), 'moto-5.2.5');
  if (!existsSync(folder) && !isOnPath('python3', ['-m', 'venv', '--help'])) return undefined;
  const made = await makeOnce(folder, async () => {
    process.stderr.write(`installing ${MOTO} into ${cacheFolder()} …\n`);
    // A virtual environment holds its own path, so it is made in place, and taken away again if it fails.
    try {
      await runProgram('python3', ['-m', 'venv', folder]);
      await runProgram(join(folder, 'bin', 'pip'), ['install', '--quiet', MOTO]);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  });
  return join(made, 'bin');
}

/** How to start a server: the line, its environment, and the path that answers when it is up. */
interface Launch {
  readonly kind: S3TestServer['kind'];
  readonly line: readonly [string, ...string[]];
  readonly environment: Record<string, string>;
  readonly healthPath: string;
}

async function launchOf(
  data: string,
  port: number,
  credentials: S3TestServer['credentials'],
  options: S3TestServerOptions,
): Promise<Launch | undefined> {
  const minio = await ensureGoProgram(MINIO);
  if (minio !== undefined) {
    const region: Record<string, string> = options.region === undefined ? {} : { MINIO_SITE_REGION: options.region };
    const root = { MINIO_ROOT_USER: credentials.accessKeyId, MINIO_ROOT_PASSWORD: credentials.secretAccessKey };
    return {
      kind: 'minio',
      line: [minio, 'server', '--quiet', '--address', `127.0.0.1:${port}`, data],
      environment: {
        ...root,
        ...region,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
        MINIO_CONFIG_DIR: `${data}.config`,
      },
      healthPath: '/minio/health/ready',
    };
  }
  const moto = await ensureMoto();
  if (moto === undefined) return undefined;
  const line: Launch['line'] = [join(moto, 'moto_server'), '-H', '127.0.0.1', '-p', String(port)];
  return { kind: 'moto', line, environment: {}, healthPath: '/moto-api/' };
}

/** Starts a server on a free port of the loopback interface, with credentials and data of its own. */
export async function startMinio(options: S3TestServerOptions = {}): Promise<S3TestServer | undefined> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-s3-'));
  const port = await freePort();
  const credentials = { accessKeyId: randomBytes(8).toString('hex'), secretAccessKey: randomBytes(16).toString('hex') };
  const launch = await launchOf(join(root, 'data'), port, credentials, options);
  if (launch === undefined) {
    await rm(root, { recursive: true, force: true });
    process.stderr.write('SKIPPED: tests against a real S3 server, since neither go nor python3 is here to get one\n');
    return undefined;
  }
  await mkdir(join(root, 'data'));
  const [program, ...args] = launch.line;
  const child = spawn(program, args, {
    env: { ...process.env, ...launch.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killIt = (): void => void child.kill('SIGKILL');
  process.on('exit', killIt);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const endpoint = `http://127.0.0.1:${port}`;
  await untilAnswers(child, endpoint + launch.healthPath, () => output);
  return {
    kind: launch.kind,
    endpoint,
    credentials,
    newBucket: (location = {}) => newBucket(endpoint, credentials, options.region, location),
    [Symbol.asyncDispose]: async () => {
      process.off('exit', killIt);
      await stopped(child);
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function newBucket(
  endpoint: string,
  credentials: S3TestServer['credentials'],
  region: string | undefined,
  location: Partial<S3Location>,
): Promise<S3Location> {
  const bucket = `walkback-${randomBytes(6).toString('hex')}`;
  const client = new S3Client({ endpoint, credentials, region: region ?? 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return { kind: 's3', bucket, prefix: 'archives/one', endpoint, credentials, forcePathStyle: true, ...location };
}
