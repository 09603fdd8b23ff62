/**
 * A server that speaks Google Cloud Storage's JSON API: fake-gcs-server, built with Go into a cache outside the project.
 *
 * It asks for no token, and does not know how to tell how far an upload got (it finishes the upload instead): those two
 * are in `gcs-front.ts`.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { GcsLocation } from '../../src/storage/gcs/gcs-location.ts';
import { makeHttpAgents } from '../../src/storage/http-agents.ts';
import { sendRequest } from '../../src/storage/send-request.ts';
import { selfSigned } from './certificates.ts';
import { answersWell, ensureGoProgram, freePort, startServer } from './programs.ts';

const FAKE_GCS = {
  name: 'fake-gcs-server',
  module: 'github.com/fsouza/fake-gcs-server',
  version: 'v1.56.1',
};

/** A server that a test started. Disposing stops it; its objects were in memory. */
export interface GcsTestServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, or https. */
  readonly endpoint: string;
  /** Makes a bucket with a name of its own; answers where it is. */
  newBucket(options?: Partial<GcsLocation>): Promise<GcsLocation>;
}

/** What a test server should be like. */
export interface GcsTestServerOptions {
  /** The address that it listens on; loopback unless told. */
  readonly address?: string;
  /** Speaks https, with a certificate that is its own authority. */
  readonly isEncrypted?: boolean;
}

async function makeBucket(endpoint: string, bucket: string, trust: Pick<GcsLocation, 'caFile'>): Promise<void> {
  const agents = await makeHttpAgents(trust);
  const url = `${endpoint}/storage/v1/b?project=test`;
  const headers = { 'content-type': 'application/json' };
  const body = [Buffer.from(JSON.stringify({ name: bucket }))];
  const way = { agents, idleMs: 10_000, signal: AbortSignal.timeout(20_000) };
  const answer = await sendRequest({ method: 'POST', url, headers, body }, way);
  for await (const _ of answer.body);
  agents.http.destroy();
  agents.https.destroy();
  if (answer.status !== 200) throw new Error(`the GCS server made no bucket: ${answer.status}`);
}

async function newBucket(
  endpoint: string,
  trust: Pick<GcsLocation, 'caFile'>,
  options: Partial<GcsLocation>,
): Promise<GcsLocation> {
  const bucket = `walkback-${randomBytes(6).toString('hex')}`;
  await makeBucket(endpoint, bucket, trust);
  const credentials = { kind: 'anonymous' } as const;
  return { kind: 'gcs', bucket, prefix: 'archives/one', endpoint, credentials, ...trust, ...options };
}

/** Starts a server on a free port. `undefined`, and said so, where there is no Go to build it. */
export async function startGcsServer({
  address = '127.0.0.1',
  isEncrypted = false,
}: GcsTestServerOptions = {}): Promise<GcsTestServer | undefined> {
  const program = await ensureGoProgram(FAKE_GCS);
  if (program === undefined) {
    process.stderr.write(
      'SKIPPED: tests against a server of Google Cloud Storage, since there is no go to build one\n',
    );
    return undefined;
  }
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'walkback-gcs-'));
  const tls = isEncrypted ? await selfSigned(folder, { cert: 'cert.pem', key: 'key.pem' }) : undefined;
  const secure = tls === undefined ? [] : ['-cert-location', tls.cert, '-private-key-location', tls.key];
  const scheme = tls === undefined ? 'http' : 'https';
  const args = ['-scheme', scheme, ...secure, '-backend', 'memory', '-host', address, '-port', String(port)];
  const endpoint = `${scheme}://${address}:${port}`;
  const child = await startServer({
    line: [program, ...args, '-public-host', `${address}:${port}`, '-log-level', 'error'],
    isUp: async () => answersWell(`${endpoint}/storage/v1/b?project=test`, tls?.cert),
  });
  const trust = tls === undefined ? {} : { caFile: tls.cert };
  return {
    endpoint,
    newBucket: async (options = {}) => newBucket(endpoint, trust, options),
    [Symbol.asyncDispose]: async () => {
      await child[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
