import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { PARTS_ON_THEIR_WAY } from '../part-room.ts';
import { openS3Store } from './s3-store.ts';

const PART_BYTES = 64 * 1024;
const PARTS = 6;

/** What the server has seen. */
const seen = { now: 0, most: 0, ended: [] as string[] };

/** As much of S3 as an upload in parts needs. It takes its time with a part, and refuses those of keys with `bad`. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '' } = request;
  const isPart = method === 'PUT';
  if (isPart) seen.now += 1;
  seen.most = Math.max(seen.most, seen.now);
  try {
    for await (const _ of request);
    if (isPart) await sleep(100);
  } finally {
    if (isPart) seen.now -= 1;
  }
  if (method === 'DELETE') seen.ended.push(url);
  response.setHeader('etag', '"e"');
  if (url.includes('bad') && url.includes('partNumber=3')) {
    response.statusCode = 403;
    return void response.end('<Error><Code>AccessDenied</Code><Message>no</Message></Error>');
  }
  const texts: Record<string, string> = {
    POST: url.includes('uploads')
      ? '<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>'
      : '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>',
  };
  response.end(texts[method]);
}

const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
const store = await openS3Store({
  kind: 's3',
  bucket: 'b',
  prefix: '',
  endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
  forcePathStyle: true,
  credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  maxPartSizeBytes: PART_BYTES,
});

afterAll(async () => {
  await store.close();
  server.closeAllConnections();
  server.close();
});

beforeEach(() => Object.assign(seen, { now: 0, most: 0, ended: [] }));

async function* body(): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < PARTS; part += 1) yield Buffer.alloc(PART_BYTES, part);
}

async function putSeveral(names: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const options = signal === undefined ? {} : { signal };
  const all = await Promise.allSettled(names.map((name) => store.put(name, body(), options)));
  return all.map(({ status }) => status);
}

const MANY = ['1', '2', '3', '4', '5', '6'];

describe('the parts of several uploads to S3', () => {
  it('are a few on their way at once, all uploads together', async () => {
    expect(new Set(await putSeveral(MANY))).toEqual(new Set(['fulfilled']));
    expect(seen.most).toBe(PARTS_ON_THEIR_WAY);
  });

  it('leave their turns to others when an upload fails or is given up', async () => {
    expect(new Set(await putSeveral(MANY.map((name) => `bad-${name}`)))).toEqual(new Set(['rejected']));
    expect(seen.ended.length).toBe(MANY.length);
    const givenUp = putSeveral(MANY, AbortSignal.timeout(150));
    expect(new Set(await givenUp)).toEqual(new Set(['rejected']));
    await expect.poll(() => seen.now).toBe(0);
    seen.most = 0;
    expect(new Set(await putSeveral(MANY))).toEqual(new Set(['fulfilled']));
    expect(seen.most).toBe(PARTS_ON_THEIR_WAY);
  });
});
