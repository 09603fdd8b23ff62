/**
 * A second opinion on S3: versitygw, on a folder, built with Go into a cache outside the project.
 *
 * @module
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newBucket, newCredentials, type S3TestServer } from './minio.ts';
import { answersWell, ensureGoProgram, freePort, startServer } from './programs.ts';

const VERSITYGW = { name: 'versitygw', module: 'github.com/versity/versitygw/cmd/versitygw', version: 'v1.8.0' };

/** Starts one on a free port of the loopback interface. `undefined`, and said so, where there is no Go to build it. */
export async function startVersitygw(): Promise<S3TestServer | undefined> {
  const program = await ensureGoProgram(VERSITYGW);
  if (program === undefined) {
    process.stderr.write('SKIPPED: tests against versitygw, since there is no go to build it\n');
    return undefined;
  }
  const root = await mkdtemp(join(tmpdir(), 'walkback-versitygw-'));
  await mkdir(join(root, 'data'));
  const port = await freePort();
  const credentials = newCredentials();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = await startServer({
    line: [program, '--quiet', '--port', `127.0.0.1:${port}`, '--health', '/health', 'posix', join(root, 'data')],
    environment: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    isUp: async () => answersWell(`${endpoint}/health`),
  });
  return {
    kind: 'versitygw',
    endpoint,
    credentials,
    newBucket: async (location = {}) =>
      newBucket({ endpoint, credentials, region: 'us-east-1', caFile: undefined }, location),
    [Symbol.asyncDispose]: async () => {
      await child[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}
