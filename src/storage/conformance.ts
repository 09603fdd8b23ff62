/**
 * The contract of `object-store.ts` as tests, for every backend.
 *
 * @module
 */

import { describe, expect, it } from 'vitest';

import { brokenBodies, wholeBodies } from './conformance-bodies.ts';
import { keysOf, readOpened, type StoreUnderTest } from './conformance-support.ts';
import { compareKeys } from './key.ts';
import type { ObjectStore } from './object-store.ts';

/** Keys that sort differently by UTF-16 units, by locale or by folder than they do by bytes. */
const ODD_KEYS = [
  'a.txt',
  'a/b',
  'a/b c+d%20&e',
  'a/b=c',
  'a0',
  'A',
  'wal_005/00000001000000000000000A.zst',
  'wal_005/00000001000000000000000A_file.lz4',
  'Zürich/ключ/鍵',
  'z\u{ff5e}',
  'z\u{1f418}',
  '~',
];

function putMany(store: ObjectStore, keys: readonly string[]): Promise<unknown> {
  const waiting = [...keys];
  const worker = async (): Promise<void> => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) await store.put(key, Buffer.from(key));
  };
  return Promise.all(Array.from({ length: 8 }, worker));
}

function listings({ open, listedObjects }: StoreUnderTest): void {
  it('lists nothing where nothing is', async () => {
    const store = await open();
    expect(await keysOf(store.list(''))).toEqual([]);
    expect(await keysOf(store.list('no/such/folder/'))).toEqual([]);
    expect(await store.listFolder('no/such/folder/')).toEqual({ objects: [], folders: [] });
  });

  it('lists keys in the order of their UTF-8 bytes', async () => {
    const store = await open();
    await putMany(store, ODD_KEYS);
    const byBytes = ODD_KEYS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await keysOf(store.list(''))).toEqual(byBytes);
    expect(ODD_KEYS.toSorted(compareKeys)).toEqual(byBytes);
    for (const key of ODD_KEYS) expect((await store.get(key))?.toString()).toBe(key);
  });

  it('lists what begins with a prefix, in the middle of a name too, and only what sorts after a key', async () => {
    const store = await open();
    await putMany(
      store,
      ['w/1', 'w/10', 'w/10/x', 'w/11', 'w/2', 'wx', 'v'].filter((key) => key !== 'w/10'),
    );
    expect(await keysOf(store.list('w/1'))).toEqual(['w/1', 'w/10/x', 'w/11']);
    expect(await keysOf(store.list('w/'))).toEqual(['w/1', 'w/10/x', 'w/11', 'w/2']);
    expect(await keysOf(store.list('w'))).toEqual(['w/1', 'w/10/x', 'w/11', 'w/2', 'wx']);
    expect(await keysOf(store.list('w/', { after: 'w/10/x' }))).toEqual(['w/11', 'w/2']);
    expect(await keysOf(store.list('w/', { after: 'w/10' }))).toEqual(['w/10/x', 'w/11', 'w/2']);
    expect(await keysOf(store.list('', { after: 'w/3' }))).toEqual(['wx']);
  });

  it('tells the objects and folders directly below a folder', async () => {
    const store = await open();
    await putMany(store, ['b/one', 'b/two/x', 'b/two/y/z', 'b/three/q', 'c']);
    const { objects, folders } = await store.listFolder('b/');
    expect(objects.map(({ key, sizeBytes }) => [key, sizeBytes])).toEqual([['b/one', 5]]);
    expect(folders).toEqual(['three/', 'two/']);
    expect((await store.listFolder('')).folders).toEqual(['b/']);
  });

  it(`lists ${listedObjects} objects completely, once each`, async () => {
    const store = await open();
    const keys = Array.from({ length: listedObjects }, (_, index) => `many/${String(index).padStart(6, '0')}`);
    await putMany(store, keys);
    expect(await keysOf(store.list('many/'))).toEqual(keys);
    expect((await store.listFolder('many/')).objects.map(({ key }) => key)).toEqual(keys);
    await store.delete(keys);
    expect(await keysOf(store.list(''))).toEqual([]);
  });
}

function reads({ open, openMissing }: StoreUnderTest): void {
  it('answers undefined for an object that is not there', async () => {
    const store = await open();
    expect([await store.get('no'), await store.stat('no'), await store.open('no/no')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await store.get('no', { range: { startByte: 0, lengthBytes: 0 } })).toBeUndefined();
  });

  it('never answers undefined, nor lists nothing, when the place itself is missing', async () => {
    const store = await openMissing();
    await expect(store.get('a/b')).rejects.toMatchObject({ name: 'Failure' });
    await expect(store.open('a')).rejects.toMatchObject({ name: 'Failure' });
    await expect(store.stat('a')).rejects.toMatchObject({ name: 'Failure' });
    await expect(keysOf(store.list(''))).rejects.toMatchObject({ name: 'Failure' });
    await expect(store.listFolder('a/')).rejects.toMatchObject({ name: 'Failure' });
    await expect(store.put('a', Buffer.from('x'))).rejects.toMatchObject({ name: 'Failure' });
  });

  it.each([
    [0, 1],
    [0, 10],
    [3, 4],
    [9, 1],
    [8, 100],
    [10, 5],
    [400, 5],
    [4, 0],
    [2, Number.MAX_SAFE_INTEGER],
  ])('cuts the range from %i of %i bytes to the object', async (startByte, lengthBytes) => {
    const store = await open();
    await store.put('ten', Buffer.from('0123456789'));
    const expected = '0123456789'.slice(startByte, startByte + lengthBytes);
    expect((await store.get('ten', { range: { startByte, lengthBytes } }))?.toString()).toBe(expected);
  });

  it('reads any range of an object of no bytes', async () => {
    const store = await open();
    await store.put('nothing', Buffer.alloc(0));
    expect(await store.stat('nothing')).toMatchObject({ key: 'nothing', sizeBytes: 0 });
    expect(await store.get('nothing')).toEqual(Buffer.alloc(0));
    expect(await store.get('nothing', { range: { startByte: 0, lengthBytes: 10 } })).toEqual(Buffer.alloc(0));
    expect(await readOpened(store, 'nothing')).toEqual(Buffer.alloc(0));
  });

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../../b', './a', 'a\0b'])('refuses %j as a key', async (key) => {
    const store = await open();
    await expect(store.get(key)).rejects.toMatchObject({ kind: 'usage' });
    await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject({ kind: 'usage' });
  });
}

function writes({ open }: StoreUnderTest): void {
  it('reads what was just written, in listings too, and what it was overwritten with', async () => {
    const store = await open();
    for (const text of ['first', 'the second one', '']) {
      expect(await store.put('k/x', Buffer.from(text))).toBe('written');
      expect((await store.get('k/x'))?.toString()).toBe(text);
      expect(await Array.fromAsync(store.list('k/'))).toMatchObject([{ key: 'k/x', sizeBytes: text.length }]);
    }
  });

  it('tells when an object was written', async () => {
    const store = await open();
    await store.put('k', Buffer.from('x'));
    const ageMs = Date.now() - ((await store.stat('k'))?.modifiedAt.getTime() ?? 0);
    expect(Math.abs(ageMs)).toBeLessThan(10_000);
  });

  it('writes with ifAbsent only what is not there', async () => {
    const store = await open();
    expect(await store.put('k', Buffer.from('one'), { ifAbsent: true })).toBe('written');
    expect(await store.put('k', Buffer.from('two'), { ifAbsent: true })).toBe('exists');
    expect((await store.get('k'))?.toString()).toBe('one');
  });

  it('lets exactly one of 20 concurrent creators write, and keeps what that one wrote', async () => {
    const store = await open();
    const names = Array.from({ length: 20 }, (_, index) => `creator ${index}`);
    const outcomes = await Promise.all(names.map((name) => store.put('k/race', Buffer.from(name), { ifAbsent: true })));
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
    expect((await store.get('k/race'))?.toString()).toBe(names[outcomes.indexOf('written')]);
    expect(await keysOf(store.list(''))).toEqual(['k/race']);
  });

  it('deletes objects, and takes absent ones for deleted', async () => {
    const store = await open();
    await putMany(store, ['a/b/c', 'a/b/d', 'e']);
    await store.delete(['a/b/c', 'not/there', 'e']);
    await store.delete([]);
    expect(await keysOf(store.list(''))).toEqual(['a/b/d']);
    await store.delete(['a/b/d']);
    expect(await store.listFolder('')).toEqual({ objects: [], folders: [] });
  });

  it('writes and deletes in the same folder at the same time', async () => {
    const store = await open();
    const churn = async (name: string): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        await store.put(`f/g/${name}`, Buffer.from(name));
        expect((await store.get(`f/g/${name}`))?.toString()).toBe(name);
        await store.delete([`f/g/${name}`]);
      }
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(churn));
    expect(await keysOf(store.list(''))).toEqual([]);
  });
}

function closing({ open }: StoreUnderTest): void {
  it('refuses every use after it was closed, also of what was begun before', async () => {
    const store = await open();
    for (const key of ['f/a', 'f/b']) await store.put(key, Buffer.from('x'));
    const listing = store.list('');
    const pieces = (await store.open('f/a')) ?? [];
    await store.close();
    await store.close();
    const uses: Record<string, () => Promise<unknown>> = {
      list: () => keysOf(store.list('')),
      'list, begun before': () => keysOf(listing),
      'open, begun before': () => Array.fromAsync(pieces),
      listFolder: () => store.listFolder(''),
      stat: () => store.stat('f/a'),
      get: () => store.get('f/a'),
      open: () => store.open('f/a'),
      put: () => store.put('f/c', Buffer.from('x')),
      delete: () => store.delete(['f/a']),
    };
    for (const [name, use] of Object.entries(uses)) {
      await expect(use(), name).rejects.toMatchObject({ name: 'Failure', kind: 'failed' });
    }
  });
}

/** Defines the tests of the contract for a backend. */
export function itKeepsTheObjectStoreContract(underTest: StoreUnderTest): void {
  describe(`${underTest.name} as an object store: listings`, () => {
    listings(underTest);
  });
  describe(`${underTest.name} as an object store: reads`, () => {
    reads(underTest);
  });
  describe(`${underTest.name} as an object store: writes`, () => {
    writes(underTest);
  });
  describe(`${underTest.name} as an object store: closing`, () => {
    closing(underTest);
  });
  describe(`${underTest.name} as an object store: bodies in pieces`, () => {
    wholeBodies(underTest);
    brokenBodies(underTest);
  });
}
