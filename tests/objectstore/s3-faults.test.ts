/** What the S3 backend does when the network or the store goes wrong. A real server, behind a proxy that breaks things. */

import { randomBytes } from 'node:crypto';

import { afterAll, describe, expect, it } from 'vitest';

import type { StoreDeadlines } from '../../src/storage/deadlines.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { FaultProxy, s3Error, type Fault, type ProxiedRequest } from '../support/fault-proxy.ts';
import { startMinio } from '../support/minio.ts';
import {
  BODY,
  CountedBody,
  itOutlivesFaults,
  PATIENT,
  type FaultedStore,
  type Trouble,
} from '../support/store-faults.ts';

const MIB = 1024 * 1024;

const server = await startMinio();
const proxy = server === undefined ? undefined : await FaultProxy.start(server.endpoint);

function real(): { server: NonNullable<typeof server>; proxy: FaultProxy } {
  if (server === undefined || proxy === undefined) throw new Error('there is no S3 server');
  return { server, proxy };
}

/** A store that is reached through the proxy, and one that is not, on the same bucket. */
async function openBoth(deadlines: StoreDeadlines): Promise<{ store: ObjectStore; direct: ObjectStore }> {
  const location = await real().server.newBucket({ maxPartSizeBytes: 5 * MIB });
  const direct = await openStore(location);
  return { direct, store: await openStore({ ...location, endpoint: real().proxy.endpoint }, deadlines) };
}

async function withObject(): Promise<{ store: ObjectStore; direct: ObjectStore }> {
  const both = await openBoth(PATIENT);
  await both.direct.put('k', BODY);
  return both;
}

function is(method: string, ...queries: string[]): (request: ProxiedRequest) => boolean {
  return (request) => request.method === method && queries.every((query) => request.path.includes(query));
}

const WORDS: Readonly<Record<Trouble, readonly [status: number, code: string]>> = {
  busy: [503, 'SlowDown'],
  broken: [500, 'InternalError'],
  tooMany: [429, 'TooManyRequests'],
  denied: [403, 'AccessDenied'],
  skewedClock: [403, 'RequestTimeTooSkewed'],
  noBucket: [404, 'NoSuchBucket'],
  gone: [404, 'NoSuchKey'],
};

const faulted: FaultedStore | undefined =
  proxy === undefined
    ? undefined
    : {
        name: 'S3',
        proxy,
        openBoth,
        says: (trouble, headers) => s3Error(...WORDS[trouble], headers),
        reads: is('GET', '/k'),
        lists: is('GET', 'list-type'),
        writes: is('PUT'),
        deletes: is('POST', 'delete'),
      };

afterAll(async () => server?.[Symbol.asyncDispose]());

itOutlivesFaults('S3', faulted);

describe.skipIf(server === undefined)('an object of S3', () => {
  it('is looked at twice when the store says only 404', async () => {
    const { store } = await withObject();
    real().proxy.inject({ when: is('HEAD'), times: 1, fault: { kind: 'answer', status: 404 } });
    expect(await store.stat('k')).toMatchObject({ sizeBytes: BODY.byteLength });
    real().proxy.clear();
    real().proxy.inject({ when: is('HEAD'), fault: { kind: 'answer', status: 404 } });
    await expect(store.stat('k')).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

function listingPage(keys: readonly string[]): Fault {
  const time = '2026-01-02T03:04:05.000Z';
  const contents = keys.map(
    (key) => `<Contents><Key>${key}</Key><Size>1</Size><LastModified>${time}</LastModified></Contents>`,
  );
  const body = `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`;
  return { kind: 'answer', status: 200, headers: { 'content-type': 'application/xml' }, body };
}

describe.skipIf(server === undefined)('a page of a listing of S3', () => {
  const list = async (store: ObjectStore): Promise<string[]> =>
    (await Array.fromAsync(store.list(''))).map(({ key }) => key);

  it.each([
    ['out of order', ['archives/one/b', 'archives/one/a']],
    ['with a key twice', ['archives/one/a', 'archives/one/a']],
    ['of another prefix', ['archives/two/a']],
    ['with a name that cannot be decoded', ['archives/one/%zz']],
  ])('is refused when it is %s', async (_name, keys) => {
    const { store } = await withObject();
    real().proxy.inject({ fault: listingPage(keys) });
    await expect(list(store)).rejects.toMatchObject({ kind: 'corrupt' });
  });
});

describe.skipIf(server === undefined)('an upload to S3', () => {
  it.each([
    ['creating the upload', is('POST', 'uploads')],
    ['a part', is('PUT', 'partNumber=2')],
    ['the completion', is('POST', 'uploadId')],
  ])('in parts succeeds when %s is reset, refused for now, or has its answer lost', async (_name, when) => {
    const { store, direct } = await withObject();
    const bytes = randomBytes(11 * MIB);
    for (const [index, fault] of [
      { kind: 'reset' } as const,
      s3Error(503, 'SlowDown'),
      { kind: 'loseAnswer' } as const,
    ].entries()) {
      for (const ifAbsent of [true, false]) {
        const key = `large-${index}-${ifAbsent}`;
        real().proxy.clear();
        real().proxy.inject({ when, times: 1, fault });
        expect(await store.put(key, bytes, { ifAbsent })).toBe('written');
        expect(real().proxy.count((request) => request.fault !== undefined)).toBe(1);
        expect((await direct.get(key))?.equals(bytes)).toBe(true);
      }
    }
  });

  it('in parts ends with the failure of a part, and neither reads nor sends the rest', async () => {
    const { store, direct } = await withObject();
    real().proxy.inject({ when: is('PUT', 'partNumber=2&'), fault: s3Error(403, 'AccessDenied') });
    const body = new CountedBody(30, 5 * MIB);
    await expect(store.put('large', body)).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('AccessDenied'),
    });
    expect(body.givenCount).toBeLessThan(10);
    expect(real().proxy.count(is('PUT', 'partNumber='))).toBeLessThan(10);
    expect(real().proxy.count(is('DELETE', 'uploadId='))).toBe(1);
    expect(await direct.stat('large')).toBeUndefined();
  });

  it('is refused when the bytes were altered on their way', async () => {
    const { store, direct } = await withObject();
    real().proxy.inject({ when: is('PUT'), times: 1, fault: s3Error(400, 'XAmzContentChecksumMismatch') });
    expect(await store.put('new', BODY)).toBe('written');
    expect((await direct.get('new'))?.equals(BODY)).toBe(true);
  });
});
