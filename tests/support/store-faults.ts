/**
 * What every store that is reached over HTTP does when the network or the server goes wrong: one suite for all, each with
 * the words in which its server says what is wrong.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { StoreDeadlines } from '../../src/storage/deadlines.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import type { Fault, FaultProxy, ProxiedRequest } from './fault-proxy.ts';

const MIB = 1024 * 1024;
/** For faults that stay: the call is to end soon. */
export const QUICK = { attemptIdleMs: 300, callMs: 1_500 };
/** For faults that pass: the machine may be busy. */
export const PATIENT = { attemptIdleMs: 1_000, callMs: 30_000 };
export const BODY = randomBytes(3 * MIB + 77);

/** A body that comes in pieces, and counts those that were taken. */
export class CountedBody implements AsyncIterable<Uint8Array> {
  givenCount = 0;
  readonly #pieceCount: number;
  readonly #pieceBytes: number;

  constructor(pieceCount: number, pieceBytes: number) {
    this.#pieceCount = pieceCount;
    this.#pieceBytes = pieceBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const piece = Buffer.alloc(this.#pieceBytes);
    for (; this.givenCount < this.#pieceCount; this.givenCount += 1) yield piece;
  }
}

/** What a server can say. `gone`: the answer to a request for an object that is not there, with the words that prove it. */
export type Trouble = 'busy' | 'broken' | 'tooMany' | 'denied' | 'skewedClock' | 'noBucket' | 'gone';

/** A store behind a proxy, and its server's language. */
export interface FaultedStore {
  /** For test titles. */
  readonly name: string;
  readonly proxy: FaultProxy;
  /** A store that is reached through the proxy, and one that is not, on the same new place. Writes of more than 5 MiB are in parts. */
  readonly openBoth: (deadlines: StoreDeadlines) => Promise<{ store: ObjectStore; direct: ObjectStore }>;
  /** The answer in the server's words. */
  readonly says: (trouble: Trouble, headers?: Record<string, string>) => Fault;
  /** Which requests read an object's bytes, list, write a small object, delete. */
  readonly reads: (request: ProxiedRequest) => boolean;
  readonly lists: (request: ProxiedRequest) => boolean;
  readonly writes: (request: ProxiedRequest) => boolean;
  readonly deletes: (request: ProxiedRequest) => boolean;
}

type Passing = readonly [name: string, fault: Fault, times: number];
type Lasting = readonly [name: string, fault: Fault, kind: string];

/** Faults that pass, met once or a few times, and what must have happened for the test to have tested anything. */
export function passing({ says }: Pick<FaultedStore, 'says'>): readonly Passing[] {
  return [
    ['a reset before the answer', { kind: 'reset' }, 2],
    ['an answer that is lost', { kind: 'loseAnswer' }, 2],
    ['a server that takes the request and says nothing', { kind: 'stall' }, 1],
    ['a body cut at its beginning', { kind: 'cut', afterBytes: 0 }, 2],
    ['a body cut in the middle', { kind: 'cut', afterBytes: 1_234_567 }, 1],
    ['a body that stalls in the middle', { kind: 'stallBody', afterBytes: 2_000_001 }, 1],
    ['a 503 that asks to slow down', says('busy'), 3],
    ['a 503 with Retry-After', says('busy', { 'retry-after': '1' }), 1],
    ['a 500', says('broken'), 3],
    ['a 429', says('tooMany'), 2],
    ['a 503 from something that is no store', { kind: 'answer', status: 503, body: '<html>busy</html>' }, 2],
    ['a 502 without a body', { kind: 'answer', status: 502 }, 2],
    ['an answer that is late', { kind: 'delay', byMs: 200 }, 1],
    ['a body that was altered once', { kind: 'alter', atByte: 1_500_000 }, 1],
    ['a body that once was shortened with a length to match', { kind: 'shorten', toBytes: 1_000_000 }, 1],
  ];
}

/** Faults that stay, and the kind of failure that a read must end with. */
export function lasting({ says }: Pick<FaultedStore, 'says'>): readonly Lasting[] {
  return [
    ['resets', { kind: 'reset' }, 'unavailable'],
    ['lost answers', { kind: 'loseAnswer' }, 'unavailable'],
    ['silence', { kind: 'stall' }, 'unavailable'],
    ['503', says('busy'), 'unavailable'],
    ['Retry-After beyond the deadline', says('busy', { 'retry-after': '3600' }), 'unavailable'],
    ['a bare 404', { kind: 'answer', status: 404 }, 'unavailable'],
    [
      'a 404 page of something that is no store',
      { kind: 'answer', status: 404, body: '<html>no</html>' },
      'unavailable',
    ],
    ['the 404 of another bucket', says('noBucket'), 'usage'],
    ['403', says('denied'), 'denied'],
    ['a clock that is off', says('skewedClock'), 'denied'],
    ['a page where an object must be', { kind: 'answer', status: 200, body: '<html>log in</html>' }, 'corrupt'],
  ];
}

/** Faults of bodies that stay. */
const LASTING_IN_BODIES: readonly Lasting[] = [
  ['cut at their beginning', { kind: 'cut', afterBytes: 0 }, 'unavailable'],
  ['that stall at their beginning', { kind: 'stallBody', afterBytes: 0 }, 'unavailable'],
  ['that drip', { kind: 'drip', bytes: 2_000, everyMs: 100 }, 'unavailable'],
  ['that are altered', { kind: 'alter', atByte: 1_500_000 }, 'corrupt'],
  ['that are shortened with a length to match', { kind: 'shorten', toBytes: 1_000_000 }, 'corrupt'],
];

/** A call may overstay its time by the pause and the attempt under way, and the machine may be busy. */
const LONGEST_MS = QUICK.callMs + 2 * QUICK.attemptIdleMs + 2_500;

/** How long something took, and what it threw. */
export async function timed<T>(work: Promise<T>): Promise<{ tookMs: number; error: unknown }> {
  const beganMs = performance.now();
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { tookMs: performance.now() - beganMs, error };
}

/** All bytes of an object, piece by piece. */
export async function readAll(store: ObjectStore, key: string): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync((await store.open(key)) ?? []));
}

/** Both stores, with an object `k` that holds {@link BODY}. */
export async function withObject(
  { openBoth }: FaultedStore,
  deadlines: StoreDeadlines = PATIENT,
): Promise<{ store: ObjectStore; direct: ObjectStore }> {
  const both = await openBoth(deadlines);
  await both.direct.put('k', BODY);
  return both;
}

function readsThatEndWell(under: FaultedStore): void {
  const { proxy, reads } = under;
  it.each(passing(under))('succeeds after %s', async (_name, fault, times) => {
    const { store } = await withObject(under);
    proxy.inject({ when: reads, times, fault });
    expect((await store.get('k'))?.equals(BODY)).toBe(true);
    expect(proxy.count((request) => request.fault === fault.kind)).toBe(times);
  });

  it('goes on where it was cut, again and again, and reads no byte twice', async () => {
    const { store } = await withObject(under);
    proxy.inject({ when: reads, times: 6, fault: { kind: 'cut', afterBytes: 400_000 } });
    expect((await readAll(store, 'k')).equals(BODY)).toBe(true);
    const asked = proxy.requests.filter(reads).map(({ headers }) => headers['range'] ?? headers['x-ms-range']);
    expect(asked).toHaveLength(7);
    expect(new Set(asked).size).toBe(7);
  });

  it('goes on inside a range', async () => {
    const { store } = await withObject(under);
    proxy.inject({ when: reads, times: 2, fault: { kind: 'cut', afterBytes: 300_000 } });
    const range = { startByte: 500_000, lengthBytes: 1_000_001 };
    expect((await store.get('k', { range }))?.equals(BODY.subarray(500_000, 1_500_001))).toBe(true);
  });

  it('waits for a reader that takes its time', async () => {
    const { store } = await withObject(under);
    const read: Buffer[] = [];
    for await (const piece of (await store.open('k')) ?? []) {
      if (read.push(piece) === 2) await new Promise((resolve) => setTimeout(resolve, 2 * PATIENT.attemptIdleMs));
    }
    expect(Buffer.concat(read).equals(BODY)).toBe(true);
  });

  it('believes a store that says in its own words that there is no such object', async () => {
    const { store } = await withObject(under);
    proxy.inject({ when: reads, fault: under.says('gone') });
    expect([await store.get('k'), await store.open('k')]).toEqual([undefined, undefined]);
  });
}

function readsThatDoNot(under: FaultedStore): void {
  const { proxy, reads } = under;
  it.each(lasting(under))(
    'ends in time, and never with "absent", when it meets only %s',
    async (_name, fault, kind) => {
      const { store } = await withObject(under, QUICK);
      proxy.inject({ fault });
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
    },
  );

  it.each(LASTING_IN_BODIES)('ends in time with a failure when it meets only bodies %s', async (_name, fault, kind) => {
    const { store } = await withObject(under, QUICK);
    proxy.inject({ when: reads, fault });
    const whole = await timed(store.get('k'));
    expect(whole.error).toMatchObject({ kind });
    expect(whole.tookMs).toBeLessThan(2 * LONGEST_MS);
    expect((await timed(readAll(store, 'k'))).error).toMatchObject({ kind });
  });

  it('names the permission that is missing, and the bucket that is not there', async () => {
    const { store } = await withObject(under, QUICK);
    proxy.inject({ when: reads, fault: under.says('denied') });
    const denied = (await timed(store.get('k'))).error;
    expect(denied).toMatchObject({ kind: 'denied', message: expect.stringMatching(/get|read/i) });
    proxy.clear();
    proxy.inject({ fault: under.says('noBucket') });
    expect((await timed(store.get('k'))).error).toMatchObject({ message: expect.stringMatching(/bucket|container/) });
  });
}

function readsWhileThingsChange(under: FaultedStore): void {
  const { proxy, reads } = under;
  it('outlives a store that is away for a moment, and fails when it stays away', async () => {
    const { store } = await withObject(under);
    await proxy.refuse();
    const reading = store.get('k');
    setTimeout(() => void proxy.listen(), 800);
    expect((await reading)?.equals(BODY)).toBe(true);
    const { store: quick } = await withObject(under, QUICK);
    await proxy.refuse();
    const { tookMs, error } = await timed(quick.get('k'));
    await proxy.listen();
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('ECONNREFUSED') });
    expect(tookMs).toBeLessThan(LONGEST_MS);
  });

  it('fails when the object is replaced, or deleted, while a broken body is taken up again', async () => {
    for (const change of ['replace', 'delete']) {
      const { store, direct } = await withObject(under);
      proxy.clear();
      proxy.inject({ when: reads, times: 1, fault: { kind: 'cut', afterBytes: 1_000_000 } });
      const pieces = await store.open('k');
      if (change === 'replace') await direct.put('k', randomBytes(BODY.byteLength));
      else await direct.delete(['k']);
      await expect(Array.fromAsync(pieces ?? [])).rejects.toMatchObject({ kind: 'conflict' });
    }
  });

  it('ends at once, with the reason, when it is cancelled', async () => {
    const { store } = await withObject(under);
    proxy.inject({ fault: { kind: 'stallBody', afterBytes: 100_000 } });
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(new Error('no longer wanted')), 100);
    const { tookMs, error } = await timed(store.get('k', { signal: cancel.signal }));
    expect(error).toMatchObject({ message: 'no longer wanted' });
    expect(tookMs).toBeLessThan(1_000);
  });
}

function listings(under: FaultedStore): void {
  const { proxy, lists } = under;
  const list = async (store: ObjectStore): Promise<string[]> =>
    (await Array.fromAsync(store.list(''))).map(({ key }) => key);
  const fits = passing(under).filter(([, fault]) => fault.kind !== 'alter');

  it.each(fits)('succeeds after %s', async (_name, given, times) => {
    const { store } = await withObject(under);
    const fault = 'afterBytes' in given ? { ...given, afterBytes: 100 } : given;
    proxy.inject({ when: lists, times, fault: fault.kind === 'shorten' ? { ...fault, toBytes: 100 } : fault });
    expect(await list(store)).toEqual(['k']);
    expect(proxy.count((request) => request.fault === fault.kind)).toBe(times);
  });

  it.each(lasting(under))('is never an empty one when it meets only %s', async (_name, fault) => {
    const { store } = await withObject(under, QUICK);
    proxy.inject({ fault });
    const whole = await timed(list(store));
    expect(whole.error).toMatchObject({ name: 'Failure' });
    expect(whole.tookMs).toBeLessThan(LONGEST_MS);
    await expect(store.listFolder('')).rejects.toMatchObject({ name: 'Failure' });
  });
}

function writes(under: FaultedStore): void {
  const { proxy, writes: isWrite, deletes } = under;
  const beforeTheStore = passing(under).filter(([, { kind }]) => ['reset', 'stall', 'answer'].includes(kind));

  it.each(beforeTheStore)('succeeds after %s', async (_name, fault, times) => {
    const { store, direct } = await withObject(under);
    proxy.inject({ when: isWrite, times, fault });
    expect(await store.put('new', BODY, { ifAbsent: true })).toBe('written');
    expect((await direct.get('new'))?.equals(BODY)).toBe(true);
    expect(proxy.count((request) => request.fault === fault.kind)).toBe(times);
  });

  it('knows its own object again when the answer to the upload was lost', async () => {
    const { store, direct } = await withObject(under);
    proxy.inject({ when: isWrite, times: 1, fault: { kind: 'loseAnswer' } });
    expect(await store.put('new', BODY, { ifAbsent: true })).toBe('written');
    expect((await direct.get('new'))?.equals(BODY)).toBe(true);
  });

  it('tells the object of another from its own, even with the same bytes, when an attempt was lost', async () => {
    const { store, direct } = await withObject(under);
    // Until the other has written: however slow that is, no attempt of ours arrives before it.
    proxy.inject({ when: isWrite, fault: { kind: 'reset' } });
    const writing = store.put('new', BODY, { ifAbsent: true });
    while (proxy.count(isWrite) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await direct.put('new', BODY, { ifAbsent: true })).toBe('written');
    proxy.clear();
    expect(await writing).toBe('exists');
  });

  it.each(lasting(under))(
    'ends in time with a failure, and leaves nothing or all of it, when it meets only %s',
    async (_name, fault, kind) => {
      const { store, direct } = await withObject(under, QUICK);
      const leftBytes = fault.kind === 'loseAnswer' ? BODY.byteLength : undefined;
      proxy.inject({ when: isWrite, fault });
      const { tookMs, error } = await timed(store.put('new', BODY));
      expect(error).toMatchObject({ kind });
      expect(tookMs).toBeLessThan(LONGEST_MS);
      expect((await direct.stat('new'))?.sizeBytes).toBe(leftBytes);
      const parts = await timed(store.put('large', randomBytes(11 * MIB)));
      expect(parts.error).toMatchObject({ kind });
      expect(await direct.stat('large')).toBeUndefined();
    },
  );

  it('deletes after a store that was busy', async () => {
    const { store, direct } = await withObject(under);
    proxy.inject({ when: deletes, times: 2, fault: under.says('busy') });
    await store.delete(['k', 'not-there']);
    expect(await direct.stat('k')).toBeUndefined();
  });
}

/** Defines the tests for a store; none where its server is missing, which its start has said. */
export function itOutlivesFaults(name: string, given: FaultedStore | undefined): void {
  if (given === undefined) return;
  beforeEach(() => given.proxy.clear());
  afterAll(async () => given.proxy[Symbol.asyncDispose]());
  describe(`a read from ${name}`, () => {
    readsThatEndWell(given);
    readsThatDoNot(given);
    readsWhileThingsChange(given);
  });
  describe(`a listing of ${name}`, () => {
    listings(given);
  });
  describe(`a write to ${name}`, () => {
    writes(given);
  });
}
