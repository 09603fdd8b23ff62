/**
 * A server that speaks Google Cloud Storage's JSON API: fake-gcs-server, built with Go into a cache outside the project.
 *
 * It asks for no token, and does not know how to tell how far an upload got (it finishes the upload instead): those two
 * are in `gcs-front.ts`.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import type { GcsLocation } from '../../src/storage/gcs/gcs-location.ts';
import { answersWell, ensureGoProgram, freePort, startServer } from './programs.ts';

const FAKE_GCS = {
  name: 'fake-gcs-server',
  module: 'github.com/fsouza/fake-gcs-server',
  version: 'v1.56.1',
};

/** A server that a test started. Disposing stops it; its objects were in memory. */
export interface GcsTestServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Makes a bucket with a name of its own; answers where it is. */
  newBucket(options?: Partial<GcsLocation>): Promise<GcsLocation>;
}

async function newBucket(endpoint: string, options: Partial<GcsLocation>): Promise<GcsLocation> {
  const bucket = `walkback-${randomBytes(6).toString('hex')}`;
  const answer = await fetch(`${endpoint}/storage/v1/b?project=test`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: bucket }),
  });
  if (!answer.ok) throw new Error(`the GCS server made no bucket: ${answer.status}`);
  return { kind: 'gcs', bucket, prefix: 'archives/one', endpoint, credentials: { kind: 'anonymous' }, ...options };
}

/** Starts a server on a free port, of the loopback interface if no other is named. `undefined`, and said so, where there is no Go to build it. */
export async function startGcsServer(address = '127.0.0.1'): Promise<GcsTestServer | undefined> {
  const program = await ensureGoProgram(FAKE_GCS);
  if (program === undefined) {
    process.stderr.write(
      'SKIPPED: tests against a server of Google Cloud Storage, since there is no go to build one\n',
    );
    return undefined;
  }
  const port = await freePort();
  const args = ['-scheme', 'http', '-backend', 'memory', '-host', address, '-port', String(port)];
  const endpoint = `http://${address}:${port}`;
  const child = await startServer({
    line: [program, ...args, '-public-host', `${address}:${port}`, '-log-level', 'error'],
    isUp: async () => answersWell(`${endpoint}/storage/v1/b?project=test`),
  });
  return {
    endpoint,
    newBucket: async (options = {}) => newBucket(endpoint, options),
    [Symbol.asyncDispose]: async () => child[Symbol.asyncDispose](),
  };
}
