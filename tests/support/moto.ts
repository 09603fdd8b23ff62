/**
 * moto as a cloud with IAM: users, policies and keys, which it checks for every request once it has an administrator.
 *
 * @module
 */

import { IamAccounts } from '../../src/bucket/s3/iam-accounts.ts';
import { S3Api } from '../../src/bucket/s3/s3-request.ts';
import { DEFAULT_STORE_DEADLINES } from '../../src/storage/deadlines.ts';
import { S3Connection } from '../../src/storage/s3/connection.ts';
import { ensureMoto, newCredentials } from './minio.ts';
import { answersWell, freePort, startServer } from './programs.ts';
import { join } from 'node:path';

/** A server that a test started. Disposing stops it. */
export interface MotoServer extends AsyncDisposable {
  readonly endpoint: string;
  /** Of a user who may do everything. */
  readonly administrator: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes a user who may do these actions, on everything. */
  newUser(name: string, actions: readonly string[]): Promise<MotoServer['administrator']>;
}

/** Makes a user with a policy of its own, as whoever `credentials` are. */
async function makeUser(
  endpoint: string,
  credentials: MotoServer['administrator'],
  name: string,
  actions: readonly string[],
): Promise<MotoServer['administrator']> {
  const location = { kind: 's3', bucket: 'none', prefix: '', endpoint, forcePathStyle: true, credentials } as const;
  const connection = await S3Connection.open({ ...location, region: 'us-east-1' }, DEFAULT_STORE_DEADLINES);
  using api = await S3Api.open(connection);
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Sid: 'All', Effect: 'Allow', Action: actions, Resource: ['*'] }],
  } as const;
  const users = new IamAccounts(api, { endpoint, region: 'us-east-1' }, 'none', { writer: policy, viewer: policy });
  const wish = { role: 'writer', name } as const;
  await users.create(wish);
  await users.allow(wish);
  const made = await users.makeKey(wish);
  connection.close();
  return {
    accessKeyId: made['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: made['AWS_SECRET_ACCESS_KEY'] ?? '',
  };
}

/** Starts one on a free port of the loopback interface. `undefined`, and said so, without Python. */
export async function startMoto(): Promise<MotoServer | undefined> {
  const folder = await ensureMoto();
  if (folder === undefined) {
    process.stderr.write('SKIPPED: tests against moto, since there is no python3 to get it\n');
    return undefined;
  }
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = await startServer({
    line: [join(folder, 'moto_server'), '-H', '127.0.0.1', '-p', String(port)],
    isUp: async () => answersWell(`${endpoint}/moto-api/`),
  });
  const administrator = await makeUser(endpoint, newCredentials(), 'administrator', ['*']);
  // From here on it checks who asks.
  await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' });
  return {
    endpoint,
    administrator,
    newUser: async (name, actions) => makeUser(endpoint, administrator, name, actions),
    [Symbol.asyncDispose]: async () => child[Symbol.asyncDispose](),
  };
}
