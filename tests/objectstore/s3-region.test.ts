/** A bucket of AWS whose region nobody has named, behind a proxy that leads to what answers as AWS does. */

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { openStore } from '../../src/storage/open.ts';
import { TestAuthority } from '../support/certificates.ts';
import { ForwardProxy } from '../support/forward-proxy.ts';

const FIRST = 'backups.s3.us-east-1.amazonaws.com';
const ITS_OWN = 'backups.s3.eu-central-1.amazonaws.com';
const errorOf = (code: string): string => `<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
let folder = '';

/** Answers as AWS in both regions, of which the second has the bucket. */
function answerAsAws(asked: string[]): RequestListener {
  const objects = new Map<string, Buffer>();
  const answerWhole = ({ method = '', url = '', headers }: IncomingMessage, answer: ServerResponse, body: Buffer) => {
    asked.push(`${method} ${headers.host}`);
    if (headers.host !== ITS_OWN) {
      answer.writeHead(301, { 'x-amz-bucket-region': 'eu-central-1' }).end(errorOf('PermanentRedirect'));
      return;
    }
    const path = url.replace(/\?.*/, '');
    if (method === 'PUT') objects.set(path, body);
    const found = objects.get(path);
    const told = { etag: '"1"', 'last-modified': new Date(0).toUTCString() };
    if (found === undefined) answer.writeHead(404).end(errorOf('NoSuchKey'));
    else answer.writeHead(200, told).end(method === 'PUT' ? '' : found);
  };
  return (request, answer) =>
    void Array.fromAsync(request).then((pieces) => answerWhole(request, answer, Buffer.concat(pieces)));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-s3-region-'));
  for (const name of ['AWS_REGION', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('is found by the answer to the first request, for writing and for reading', async () => {
  const authority = await TestAuthority.make(folder);
  const { cert, key } = await authority.sign('aws', `DNS:${FIRST},DNS:${ITS_OWN}`);
  const asked: string[] = [];
  const aws = createServer({ cert: await readFile(cert), key: await readFile(key) }, answerAsAws(asked));
  aws.listen(0, '127.0.0.1');
  await once(aws, 'listening');
  const address = aws.address();
  if (typeof address !== 'object' || address === null) throw new Error('it has no port');
  await using proxy = await ForwardProxy.start(
    new Map([
      [FIRST, address.port],
      [ITS_OWN, address.port],
    ]),
  );
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const reached = { proxy: { https: proxy.url }, caFile: authority.cert };
  const location = { kind: 's3', bucket: 'backups', prefix: 'db', credentials, ...reached } as const;
  const [store, other] = [await openStore(location), await openStore(location)];
  try {
    expect(await store.get('k')).toBeUndefined();
    expect(asked).toEqual([`GET ${FIRST}`, `GET ${ITS_OWN}`]);
    expect(await other.put('k', Buffer.from('x'))).toBe('written');
    expect(asked.slice(2)).toEqual([`PUT ${FIRST}`, `PUT ${ITS_OWN}`]);
    expect((await store.get('k'))?.toString()).toBe('x');
  } finally {
    await store.close();
    await other.close();
    aws.close();
  }
});
