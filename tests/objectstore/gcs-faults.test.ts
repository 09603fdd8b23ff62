/** What the Google Cloud Storage backend does when the network or the store goes wrong. */

import { createHash, randomBytes } from 'node:crypto';

import { afterAll, describe, expect, it } from 'vitest';

import type { StoreDeadlines } from '../../src/storage/deadlines.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { itAsksTheListing } from '../support/bare-404.ts';
import { FaultProxy, type Fault, type ProxiedRequest } from '../support/fault-proxy.ts';
import { GcsFront } from '../support/gcs-front.ts';
import { startGcsServer } from '../support/gcs-server.ts';
import { BODY, itOutlivesFaults, PATIENT, type FaultedStore, type Trouble } from '../support/store-faults.ts';

const MIB = 1024 * 1024;

const server = await startGcsServer();
const front = server === undefined ? undefined : await GcsFront.start(server.endpoint);
const proxy = front === undefined ? undefined : await FaultProxy.start(front.endpoint);

function real(): { server: NonNullable<typeof server>; proxy: FaultProxy } {
  if (server === undefined || proxy === undefined) throw new Error('there is no GCS server');
  return { server, proxy };
}

/** The bucket of the test that runs. */
let bucket = '';

async function openBoth(deadlines: StoreDeadlines): Promise<{ store: ObjectStore; direct: ObjectStore }> {
  const location = await real().server.newBucket({ chunkSizeBytes: 5 * MIB });
  bucket = location.bucket;
  const direct = await openStore(location);
  return { direct, store: await openStore({ ...location, endpoint: real().proxy.endpoint }, deadlines) };
}

const WORDS: Readonly<Record<Trouble, readonly [status: number, reason: string, message: string]>> = {
  busy: [503, 'backendError', 'Backend Error'],
  broken: [500, 'backendError', 'Backend Error'],
  tooMany: [429, 'rateLimitExceeded', 'The rate of change requests to the object exceeds the limit'],
  denied: [403, 'forbidden', 'a@b.iam.gserviceaccount.com does not have storage.objects.get access'],
  skewedClock: [401, 'authError', 'Invalid Credentials'],
  noBucket: [404, 'notFound', 'The specified bucket does not exist.'],
  gone: [404, 'notFound', 'Not Found'],
};

function says(trouble: Trouble, headers: Record<string, string> = {}): Fault {
  const [status, reason, message] = WORDS[trouble];
  const words = trouble === 'gone' ? `No such object: ${bucket}/archives/one/k` : message;
  const error = { code: status, message: words, errors: [{ domain: 'global', reason, message: words }] };
  return {
    kind: 'answer',
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ error }),
  };
}

const reads = ({ method, path }: ProxiedRequest): boolean => method === 'GET' && path.includes('alt=media');
const isUpload = ({ method, path }: ProxiedRequest): boolean => method !== 'DELETE' && path.startsWith('/upload/');

const faulted: FaultedStore | undefined =
  proxy === undefined
    ? undefined
    : {
        name: 'Google Cloud Storage',
        proxy,
        openBoth,
        says,
        reads,
        lists: ({ method, path }) => method === 'GET' && path.includes('/o?prefix='),
        writes: isUpload,
        deletes: ({ method }) => method === 'DELETE',
      };

afterAll(async () => {
  await front?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

itOutlivesFaults('Google Cloud Storage', faulted);
itAsksTheListing('Google Cloud Storage', faulted);

async function openForUpload(): Promise<{ store: ObjectStore; direct: ObjectStore }> {
  const both = await openBoth(PATIENT);
  real().proxy.clear();
  return both;
}

const step =
  (form: RegExp) =>
  ({ path, headers }: ProxiedRequest): boolean =>
    path.includes('upload_id') && form.test(String(headers['content-range']));

const isBeginning = ({ path }: ProxiedRequest): boolean =>
  path.includes('uploadType=resumable') && !path.includes('upload_id');

describe.skipIf(server === undefined)('an upload in chunks to Google Cloud Storage', () => {
  it.each([
    ['its beginning', isBeginning],
    ['a chunk', step(/^bytes 5242880-/)],
    ['the last chunk', step(/\/11534336$/)],
  ])('succeeds when %s is reset, refused for now, or has its answer lost', async (_name, when) => {
    const { store, direct } = await openForUpload();
    const bytes = randomBytes(11 * MIB);
    const faults: readonly Fault[] = [{ kind: 'reset' }, says('busy'), { kind: 'loseAnswer' }];
    for (const [index, fault] of faults.entries()) {
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

  it('asks how far it got after a break, and sends only what is missing', async () => {
    const { store } = await openForUpload();
    real().proxy.inject({ when: step(/^bytes 5242880-/), times: 1, fault: { kind: 'loseAnswer' } });
    await store.put('large', randomBytes(11 * MIB));
    const ranges = real()
      .proxy.requests.map(({ headers }) => headers['content-range'])
      .filter(Boolean);
    expect(ranges).toEqual([
      'bytes 0-5242879/*',
      'bytes 5242880-10485759/*',
      'bytes */*',
      'bytes 10485760-11534335/11534336',
    ]);
  });

  it('tells the object of another from its own when its last attempt was lost', async () => {
    const { store, direct } = await openForUpload();
    const bytes = randomBytes(11 * MIB);
    const isLast = step(/\/11534336$/);
    // Until the other has written: however slow that is, no attempt of ours arrives before it.
    real().proxy.inject({ when: isLast, fault: { kind: 'reset' } });
    const writing = store.put('large', bytes, { ifAbsent: true });
    while (real().proxy.count(isLast) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await direct.put('large', bytes, { ifAbsent: true })).toBe('written');
    real().proxy.clear();
    expect(await writing).toBe('exists');
  });

  it('ends the upload when the body fails, and leaves nothing', async () => {
    const { store, direct } = await openForUpload();
    const failing = async function* (): AsyncGenerator<Buffer> {
      yield randomBytes(12 * MIB);
      throw new Error('the source failed');
    };
    await expect(store.put('large', failing())).rejects.toThrow('the source failed');
    expect(real().proxy.count(({ method, path }) => method === 'DELETE' && path.includes('upload_id'))).toBe(1);
    expect(await direct.stat('large')).toBeUndefined();
  });
});

describe.skipIf(server === undefined)('a page of a listing of Google Cloud Storage', () => {
  const item = (name: string): object => ({ name, size: '1', updated: '2026-01-02T03:04:05Z', generation: '1' });

  it.each([
    ['out of order', ['archives/one/b', 'archives/one/a'], undefined],
    ['with a key twice', ['archives/one/a', 'archives/one/a'], undefined],
    ['of another prefix', ['archives/two/a'], undefined],
    ['one that goes on for ever', [], 'again'],
  ])('is refused when it is %s', async (_name, names, nextPageToken) => {
    const { store } = await openForUpload();
    const body = JSON.stringify({ kind: 'storage#objects', items: names.map(item), nextPageToken });
    real().proxy.inject({ fault: { kind: 'answer', status: 200, body } });
    await expect(Array.fromAsync(store.list(''))).rejects.toMatchObject({ kind: 'corrupt' });
  });
});

describe.skipIf(server === undefined)("an archive with the customer's key in Google Cloud Storage", () => {
  it('is read and written with it, in one piece and in chunks, and not without', async () => {
    const key = randomBytes(32).toString('base64');
    const location = await real().server.newBucket({ chunkSizeBytes: MIB, endpoint: real().proxy.endpoint });
    const store = await openStore({ ...location, encryptionKey: key });
    const large = randomBytes(3 * MIB + 1);
    await store.put('small', BODY.subarray(0, 1000), { ifAbsent: true });
    await store.put('large', large, { ifAbsent: true });
    expect((await store.get('small'))?.byteLength).toBe(1000);
    expect((await store.get('large'))?.equals(large)).toBe(true);
    expect((await store.stat('large'))?.sizeBytes).toBe(large.byteLength);
    const other = randomBytes(32).toString('base64');
    for (const wrong of [await openStore(location), await openStore({ ...location, encryptionKey: other })]) {
      const error: unknown = await wrong.get('small').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: 'denied', remedy: expect.stringContaining('GCS_ENCRYPTION_KEY') });
      expect(String(error)).not.toContain(key);
    }
    const sums = real().proxy.requests.map(({ headers }) => headers['x-goog-encryption-key-sha256']);
    expect(sums).toContain(createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64'));
  });
});
