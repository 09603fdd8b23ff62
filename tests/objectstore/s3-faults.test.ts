/** What the S3 backend does when the network or the store goes wrong. A real server, behind a proxy that breaks things. */

import { randomBytes } from 'node:crypto';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { openStore } from '../../src/storage/open.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { FaultProxy, s3Error, type Fault, type ProxiedRequest } from '../support/fault-proxy.ts';
import { startMinio } from '../support/minio.ts';

const MIB = 1024 * 1024;
/** For faults that stay: the call is to end soon. */
const QUICK = { attemptIdleMs: 300, callMs: 1_500 };
/** For faults that pass: the machine may be busy. */
const PATIENT = { attemptIdleMs: 1_000, callMs: 30_000 };
const BODY = randomBytes(3 * MIB + 77);

const server = await startMinio();
const proxy = server === undefined ? undefined : await FaultProxy.start(server.endpoint);

function real(): { server: NonNullable<typeof server>; proxy: FaultProxy } {
  if (server === undefined || proxy === undefined) throw new Error('there is no S3 server');
  return { server, proxy };
}

/** A store that is reached through the proxy, and one that is not, on the same bucket. */
async function openBoth(deadlines = PATIENT): Promise<{ store: ObjectStore; direct: ObjectStore }> {
  const location = await real().server.newBucket({ maxPartSizeBytes: 5 * MIB });
  const direct = await openStore(location);
  await direct.put('k', BODY);
  return { direct, store: await openStore({ ...location, endpoint: real().proxy.endpoint }, deadlines) };
}

function is(method: string, ...queries: string[]): (request: ProxiedRequest) => boolean {
  return (request) => request.method === method && queries.every((query) => request.path.includes(query));
}

async function timed<T>(work: Promise<T>): Promise<{ tookMs: number; error: unknown }> {
  const beganMs = performance.now();
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { tookMs: performance.now() - beganMs, error };
}

async function readAll(store: ObjectStore, key: string): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync((await store.open(key)) ?? []));
}

afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  proxy?.clear();
});

/** Faults that pass, met once or twice, and what must have happened for the test to have tested anything. */
const PASSING: readonly (readonly [string, Fault, number])[] = [
  ['a reset before the answer', { kind: 'reset' }, 2],
  ['an answer that is lost', { kind: 'loseAnswer' }, 2],
  ['a server that takes the request and says nothing', { kind: 'stall' }, 1],
  ['a body cut at its beginning', { kind: 'cut', afterBytes: 0 }, 2],
  ['a body cut in the middle', { kind: 'cut', afterBytes: 1_234_567 }, 1],
  ['a body that stalls in the middle', { kind: 'stallBody', afterBytes: 2_000_001 }, 1],
  ['a 503 that asks to slow down', s3Error(503, 'SlowDown'), 3],
  ['a 503 with Retry-After', s3Error(503, 'ServiceUnavailable', { 'retry-after': '1' }), 1],
  ['a 500', s3Error(500, 'InternalError'), 3],
  ['a 429', s3Error(429, 'TooManyRequests'), 2],
  ['a 503 from something that is no store', { kind: 'answer', status: 503, body: '<html>busy</html>' }, 2],
  ['a 502 without a body', { kind: 'answer', status: 502 }, 2],
  ['an answer that is late', { kind: 'delay', byMs: 200 }, 1],
  ['a body that was altered once', { kind: 'alter', atByte: 1_500_000 }, 1],
  ['a body that once was shortened with a length to match', { kind: 'shorten', toBytes: 1_000_000 }, 1],
];

/** Faults that stay, and the kind of failure that a read must end with. */
const LASTING: readonly (readonly [string, Fault, string])[] = [
  ['resets', { kind: 'reset' }, 'unavailable'],
  ['lost answers', { kind: 'loseAnswer' }, 'unavailable'],
  ['silence', { kind: 'stall' }, 'unavailable'],
  ['503', s3Error(503, 'SlowDown'), 'unavailable'],
  ['Retry-After beyond the deadline', s3Error(503, 'SlowDown', { 'retry-after': '3600' }), 'unavailable'],
  ['a bare 404', { kind: 'answer', status: 404 }, 'unavailable'],
  ['a 404 page of something that is no store', { kind: 'answer', status: 404, body: '<html>no</html>' }, 'unavailable'],
  ['the 404 of another bucket', s3Error(404, 'NoSuchBucket'), 'usage'],
  ['403', s3Error(403, 'AccessDenied'), 'denied'],
  ['a clock that is off', s3Error(403, 'RequestTimeTooSkewed'), 'denied'],
  ['a page where an object must be', { kind: 'answer', status: 200, body: '<html>log in</html>' }, 'corrupt'],
];

/** Faults of bodies that stay. */
const LASTING_IN_BODIES: readonly (readonly [string, Fault, string])[] = [
  ['cut at their beginning', { kind: 'cut', afterBytes: 0 }, 'unavailable'],
  ['that stall at their beginning', { kind: 'stallBody', afterBytes: 0 }, 'unavailable'],
  ['that drip', { kind: 'drip', bytes: 2_000, everyMs: 100 }, 'unavailable'],
  ['that are altered', { kind: 'alter', atByte: 1_500_000 }, 'corrupt'],
  ['that are shortened with a length to match', { kind: 'shorten', toBytes: 1_000_000 }, 'corrupt'],
];

/** A call may overstay its time by the pause and the attempt under way, and the machine may be busy. */
const LONGEST_MS = QUICK.callMs + 2 * QUICK.attemptIdleMs + 2_500;

describe.skipIf(server === undefined)('a read from S3', () => {
  it.each(PASSING)('succeeds after %s', async (_name, fault, times) => {
    const { store } = await openBoth();
    real().proxy.inject({ when: is('GET', '/k'), times, fault });
    expect((await store.get('k'))?.equals(BODY)).toBe(true);
    expect(real().proxy.count((request) => request.fault === fault.kind)).toBe(times);
  });

  it.each(LASTING)('ends in time, and never with "absent", when it meets only %s', async (_name, fault, kind) => {
    const { store } = await openBoth(QUICK);
    real().proxy.inject({ fault });
    for (const read of [
      async (): Promise<unknown> => store.get('k'),
      async (): Promise<unknown> => readAll(store, 'k'),
    ]) {
      const { tookMs, error } = await timed(read());
      expect(error).toMatchObject({ name: 'Failure', kind });
      expect(tookMs).toBeLessThan(LONGEST_MS);
    }
    // The answer to HEAD has no body, so what kind of failure it is cannot always be told.
    expect((await timed(store.stat('k'))).error).toMatchObject({ name: 'Failure' });
  });

  it.each(LASTING_IN_BODIES)('ends in time with a failure when it meets only bodies %s', async (_name, fault, kind) => {
    const { store } = await openBoth(QUICK);
    real().proxy.inject({ when: is('GET', '/k'), fault });
    const whole = await timed(store.get('k'));
    expect(whole.error).toMatchObject({ kind });
    expect(whole.tookMs).toBeLessThan(2 * LONGEST_MS);
    expect((await timed(readAll(store, 'k'))).error).toMatchObject({ kind });
  });

  it('goes on where it was cut, again and again, and reads no byte twice', async () => {
    const { store } = await openBoth();
    real().proxy.inject({ when: is('GET', '/k'), times: 6, fault: { kind: 'cut', afterBytes: 400_000 } });
    expect((await readAll(store, 'k')).equals(BODY)).toBe(true);
    const asked = real().proxy.requests.map(({ headers }) => headers['range']);
    expect(asked[0]).toBeUndefined();
    expect(asked).toHaveLength(7);
    expect(new Set(asked).size).toBe(7);
  });

  it('goes on inside a range', async () => {
    const { store } = await openBoth();
    real().proxy.inject({ when: is('GET', '/k'), times: 2, fault: { kind: 'cut', afterBytes: 300_000 } });
    const range = { startByte: 500_000, lengthBytes: 1_000_001 };
    expect((await store.get('k', { range }))?.equals(BODY.subarray(500_000, 1_500_001))).toBe(true);
  });

  it('outlives a store that is away for a moment, and fails when it stays away', async () => {
    const { store } = await openBoth();
    await real().proxy.refuse();
    const reading = store.get('k');
    setTimeout(() => void real().proxy.listen(), 800);
    expect((await reading)?.equals(BODY)).toBe(true);
    const { store: quick } = await openBoth(QUICK);
    await real().proxy.refuse();
    const { tookMs, error } = await timed(quick.get('k'));
    await real().proxy.listen();
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('ECONNREFUSED') });
    expect(tookMs).toBeLessThan(LONGEST_MS);
  });

  it('fails when the object is replaced, or deleted, while a broken body is taken up again', async () => {
    for (const change of ['replace', 'delete']) {
      const { store, direct } = await openBoth();
      real().proxy.clear();
      real().proxy.inject({ when: is('GET', '/k'), times: 1, fault: { kind: 'cut', afterBytes: 1_000_000 } });
      const pieces = await store.open('k');
      if (change === 'replace') await direct.put('k', randomBytes(BODY.byteLength));
      else await direct.delete(['k']);
      await expect(Array.fromAsync(pieces ?? [])).rejects.toMatchObject({ kind: 'conflict' });
    }
  });

  it('waits for a reader that takes its time', async () => {
    const { store } = await openBoth();
    const read: Buffer[] = [];
    for await (const piece of (await store.open('k')) ?? []) {
      if (read.push(piece) === 2) await new Promise((resolve) => setTimeout(resolve, 2 * PATIENT.attemptIdleMs));
    }
    expect(Buffer.concat(read).equals(BODY)).toBe(true);
  });

  it('ends at once, with the reason, when it is cancelled', async () => {
    const { store } = await openBoth();
    real().proxy.inject({ fault: { kind: 'stallBody', afterBytes: 100_000 } });
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(new Error('no longer wanted')), 100);
    const { tookMs, error } = await timed(store.get('k', { signal: cancel.signal }));
    expect(error).toMatchObject({ message: 'no longer wanted' });
    expect(tookMs).toBeLessThan(1_000);
  });

  it('believes a store that says NoSuchKey, and looks twice at one that says only 404', async () => {
    const { store } = await openBoth();
    real().proxy.inject({ when: is('HEAD'), times: 1, fault: { kind: 'answer', status: 404 } });
    expect(await store.stat('k')).toMatchObject({ sizeBytes: BODY.byteLength });
    real().proxy.clear();
    real().proxy.inject({ when: is('HEAD'), fault: { kind: 'answer', status: 404 } });
    await expect(store.stat('k')).rejects.toMatchObject({ kind: 'unavailable' });
    real().proxy.clear();
    real().proxy.inject({ when: is('GET'), fault: s3Error(404, 'NoSuchKey') });
    expect([await store.get('k'), await store.open('k')]).toEqual([undefined, undefined]);
  });
});

function listingPage(keys: readonly string[]): Fault {
  const time = '2026-01-02T03:04:05.000Z';
  const contents = keys.map(
    (key) => `<Contents><Key>${key}</Key><Size>1</Size><LastModified>${time}</LastModified></Contents>`,
  );
  const body = `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`;
  return { kind: 'answer', status: 200, headers: { 'content-type': 'application/xml' }, body };
}

describe.skipIf(server === undefined)('a listing of S3', () => {
  const list = async (store: ObjectStore): Promise<string[]> =>
    (await Array.fromAsync(store.list(''))).map(({ key }) => key);

  it.each(PASSING.filter(([, fault]) => fault.kind !== 'alter'))('succeeds after %s', async (_name, given, times) => {
    const { store } = await openBoth();
    const fault = 'afterBytes' in given ? { ...given, afterBytes: 100 } : given;
    real().proxy.inject({
      when: is('GET', 'list-type'),
      times,
      fault: fault.kind === 'shorten' ? { ...fault, toBytes: 200 } : fault,
    });
    expect(await list(store)).toEqual(['k']);
    expect(real().proxy.count((request) => request.fault === fault.kind)).toBe(times);
  });

  it.each(LASTING)('is never an empty one when it meets only %s', async (_name, fault) => {
    const { store } = await openBoth(QUICK);
    real().proxy.inject({ fault });
    const whole = await timed(list(store));
    expect(whole.error).toMatchObject({ name: 'Failure' });
    expect(whole.tookMs).toBeLessThan(LONGEST_MS);
    await expect(store.listFolder('')).rejects.toMatchObject({ name: 'Failure' });
  });

  it.each([
    ['out of order', ['archives/one/b', 'archives/one/a']],
    ['with a key twice', ['archives/one/a', 'archives/one/a']],
    ['of another prefix', ['archives/two/a']],
    ['with a name that cannot be decoded', ['archives/one/%zz']],
  ])('is refused when it is %s', async (_name, keys) => {
    const { store } = await openBoth();
    real().proxy.inject({ fault: listingPage(keys) });
    await expect(list(store)).rejects.toMatchObject({ kind: 'corrupt' });
  });
});

describe.skipIf(server === undefined)('a write to S3', () => {
  const beforeTheStore = PASSING.filter(([, { kind }]) => kind === 'reset' || kind === 'stall' || kind === 'answer');

  it.each(beforeTheStore)('succeeds after %s', async (_name, fault, times) => {
    const { store, direct } = await openBoth();
    real().proxy.inject({ when: is('PUT'), times, fault });
    expect(await store.put('new', BODY, { ifAbsent: true })).toBe('written');
    expect((await direct.get('new'))?.equals(BODY)).toBe(true);
    expect(real().proxy.count((request) => request.fault === fault.kind)).toBe(times);
  });

  it('knows its own object again when the answer to the upload was lost', async () => {
    const { store, direct } = await openBoth();
    real().proxy.inject({ when: is('PUT'), times: 1, fault: { kind: 'loseAnswer' } });
    expect(await store.put('new', BODY, { ifAbsent: true })).toBe('written');
    expect((await direct.get('new'))?.equals(BODY)).toBe(true);
  });

  it('tells the object of another from its own, even with the same bytes, when an attempt was lost', async () => {
    const { store, direct } = await openBoth();
    real().proxy.inject({ when: is('PUT'), times: 2, fault: { kind: 'reset' } });
    const writing = store.put('new', BODY, { ifAbsent: true });
    while (real().proxy.count(is('PUT')) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await direct.put('new', BODY, { ifAbsent: true })).toBe('written');
    expect(await writing).toBe('exists');
  });

  it.each([
    ['creating the upload', is('POST', 'uploads')],
    ['a part', is('PUT', 'partNumber=2')],
    ['the completion', is('POST', 'uploadId')],
  ])('in parts succeeds when %s is reset, refused for now, or has its answer lost', async (_name, when) => {
    const { store, direct } = await openBoth();
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

  it.each(LASTING)(
    'ends in time with a failure, and leaves nothing or all of it, when it meets only %s',
    async (_name, fault, kind) => {
      const { store, direct } = await openBoth(QUICK);
      const leftBytes = fault.kind === 'loseAnswer' ? BODY.byteLength : undefined;
      real().proxy.inject({ when: is('PUT'), fault });
      const { tookMs, error } = await timed(store.put('new', BODY));
      expect(error).toMatchObject({ kind });
      expect(tookMs).toBeLessThan(LONGEST_MS);
      expect((await direct.stat('new'))?.sizeBytes).toBe(leftBytes);
      const parts = await timed(store.put('large', randomBytes(11 * MIB)));
      expect(parts.error).toMatchObject({ kind });
      expect(await direct.stat('large')).toBeUndefined();
    },
  );

  it('is refused when the bytes were altered on their way', async () => {
    const { store, direct } = await openBoth();
    real().proxy.inject({ when: is('PUT'), times: 1, fault: s3Error(400, 'XAmzContentChecksumMismatch') });
    expect(await store.put('new', BODY)).toBe('written');
    expect((await direct.get('new'))?.equals(BODY)).toBe(true);
  });

  it('deletes after a store that was busy', async () => {
    const { store, direct } = await openBoth();
    real().proxy.inject({ when: is('POST', 'delete'), times: 2, fault: s3Error(503, 'SlowDown') });
    await store.delete(['k', 'not-there']);
    expect(await direct.stat('k')).toBeUndefined();
  });
});
