/**
 * A real S3 server for tests: MinIO, built with Go into a cache outside the project; where Go is missing, moto.
 *
 * Where neither can be had it says so, and answers `undefined`: the tests are then skipped.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

import type { S3Location } from '../../src/storage/s3/s3-location.ts';
import { selfSigned } from './certificates.ts';
import { runProgram } from './postgres.ts';
import {
  answersWell,
  cacheFolder,
  ensureGoProgram,
  freePort,
  isOnPath,
  makeOnce,
  startServer,
  type Launch,
} from './programs.ts';

const MINIO = {
  name: 'minio',
  module: 'github.com/minio/minio',
  version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
};
const MOTO = 'moto[s3,server]==5.2.5';
const LOOPBACK = '127.0.0.1';
/** What MinIO calls its certificate and key. */
const MINIO_FILES = { cert: 'public.crt', key: 'private.key' };

/** A server that a test started. Disposing stops it and removes its data. */
export interface S3TestServer extends AsyncDisposable {
  /** moto checks neither signatures nor checksums: tests of those need `minio`. */
  readonly kind: 'minio' | 'moto' | 'versitygw';
  /** `http://127.0.0.1:PORT`, or https. */
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes a bucket with a name of its own; answers where it is. */
  newBucket(options?: Partial<S3Location>): Promise<S3Location>;
}

/** What a test server should be like; all of it MinIO's only. */
export interface S3TestServerOptions {
  readonly region?: string;
  /** Speaks https, with a certificate that its own authority signed. */
  readonly isEncrypted?: boolean;
  /** The key of the key service, with which the server encrypts where it is asked to. */
  readonly kmsKeyId?: string;
  /** The address that it listens on; loopback unless told. */
  readonly host?: string;
  /** More settings of the server, as variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The folder of the programs of moto; `undefined` without Python. */
export async function ensureMoto(): Promise<string | undefined> {
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
interface S3Launch {
  readonly kind: S3TestServer['kind'];
  readonly line: Launch['line'];
  readonly environment: Record<string, string>;
  readonly healthPath: string;
}

async function launchOf(
  root: string,
  port: number,
  credentials: S3TestServer['credentials'],
  options: S3TestServerOptions,
): Promise<S3Launch | undefined> {
  const minio = await ensureGoProgram(MINIO);
  if (minio !== undefined) {
    const environment: Record<string, string> = {
      MINIO_ROOT_USER: credentials.accessKeyId,
      MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      MINIO_CONFIG_DIR: join(root, 'config'),
      ...options.environment,
    };
    if (options.region !== undefined) environment['MINIO_SITE_REGION'] = options.region;
    if (options.kmsKeyId !== undefined)
      environment['MINIO_KMS_SECRET_KEY'] = `${options.kmsKeyId}:${randomBytes(32).toString('base64')}`;
    const listen = ['--quiet', '--address', `${options.host ?? LOOPBACK}:${port}`, '--certs-dir', join(root, 'certs')];
    const line: Launch['line'] = [minio, 'server', ...listen, join(root, 'data')];
    return { kind: 'minio', line, environment, healthPath: '/minio/health/ready' };
  }
  const moto = await ensureMoto();
  if (moto === undefined) return undefined;
  const line: Launch['line'] = [join(moto, 'moto_server'), '-H', options.host ?? LOOPBACK, '-p', String(port)];
  return { kind: 'moto', line, environment: {}, healthPath: '/moto-api/' };
}

/** Starts a server on a free port of the loopback interface, with credentials and data of its own. */
export async function startMinio(options: S3TestServerOptions = {}): Promise<S3TestServer | undefined> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-s3-'));
  const port = await freePort();
  const credentials = newCredentials();
  const launch = await launchOf(root, port, credentials, options);
  if (launch === undefined) {
    await rm(root, { recursive: true, force: true });
    process.stderr.write('SKIPPED: tests against a real S3 server, since neither go nor python3 is here to get one\n');
    return undefined;
  }
  await mkdir(join(root, 'data'));
  const isEncrypted = options.isEncrypted === true;
  const caFile = isEncrypted ? (await selfSigned(join(root, 'certs'), MINIO_FILES)).cert : undefined;
  const endpoint = `${caFile === undefined ? 'http' : 'https'}://${options.host ?? LOOPBACK}:${port}`;
  const child = await startServer({ ...launch, isUp: async () => answersWell(endpoint + launch.healthPath, caFile) });
  const place: BucketPlace = { endpoint, credentials, region: options.region ?? 'us-east-1', caFile };
  return {
    kind: launch.kind,
    endpoint,
    credentials,
    newBucket: async (location = {}) => newBucket(place, location),
    [Symbol.asyncDispose]: async () => {
      await child[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Credentials that nobody else has. */
export function newCredentials(): S3TestServer['credentials'] {
  return { accessKeyId: randomBytes(8).toString('hex'), secretAccessKey: randomBytes(16).toString('hex') };
}

/** Where a bucket is made. */
export interface BucketPlace {
  readonly endpoint: string;
  readonly credentials: S3TestServer['credentials'];
  readonly region: string;
  readonly caFile: string | undefined;
}

/** Makes a bucket with a name of its own. */
export async function newBucket(place: BucketPlace, location: Partial<S3Location>): Promise<S3Location> {
  const { endpoint, credentials, region, caFile } = place;
  const bucket = `walkback-${randomBytes(6).toString('hex')}`;
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile) };
  const client = new S3Client({
    endpoint,
    credentials,
    region,
    forcePathStyle: true,
    requestHandler: { httpsAgent: new Agent(ca) },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  const trust = caFile === undefined ? {} : { caFile };
  const way = { endpoint, credentials, forcePathStyle: true, ...trust };
  return { kind: 's3', bucket, prefix: 'archives/one', ...way, ...location };
}
