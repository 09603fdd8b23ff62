import { mkdtemp, rm, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { keysOf, readOpened } from './conformance-support.ts';
import { itKeepsTheObjectStoreContract } from './conformance.ts';
import { openFailoverStore } from './failover-store.ts';
import { openFileStore } from './file/file-store.ts';
import type { AfterDeletion, ObjectStore } from './object-store.ts';
import { syncedPaths } from './testing/synced-paths.ts';

const root = await mkdtemp(join(tmpdir(), 'walkback-failover-'));
let folders = 0;

afterAll(() => rm(root, { recursive: true, force: true }));

async function newStore(): Promise<ObjectStore> {
  const path = join(root, String(++folders));
  await mkdir(path);
  return openFileStore(path);
}

const awayStore = (): ObjectStore => openFileStore(join(root, 'not-mounted'));

const UNAVAILABLE = { kind: 'unavailable' };

describe('an archive in several stores', () => {
  it('holds what any of them holds, and of the same object what the first has', async () => {
    const [one, two] = [await newStore(), await newStore()];
    const both = openFailoverStore(one, [two]);
    for (const key of ['a/1', 'a/3', 'b']) await one.put(key, Buffer.from('one'));
    for (const key of ['a/2', 'a/3', 'c/d']) await two.put(key, Buffer.from('other'));
    expect(await keysOf(both.list(''))).toEqual(['a/1', 'a/2', 'a/3', 'b', 'c/d']);
    expect(await keysOf(both.list('', { after: 'a/2' }))).toEqual(['a/3', 'b', 'c/d']);
    const { objects, folders: names } = await both.listFolder('');
    expect([objects.map(({ key }) => key), names]).toEqual([['b'], ['a/', 'c/']]);
    expect((await both.get('a/3'))?.toString()).toBe('one');
    expect((await both.stat('a/3'))?.sizeBytes).toBe(3);
    expect((await readOpened(both, 'a/2')).toString()).toBe('other');
    expect(await both.get('a/4')).toBeUndefined();
  });

  it('is written in the first, and not with ifAbsent what another has', async () => {
    const [one, two] = [await newStore(), await newStore()];
    const both = openFailoverStore(one, [two]);
    await two.put('k', Buffer.from('there'));
    expect(await both.put('k', Buffer.from('new'), { ifAbsent: true })).toBe('exists');
    expect(await both.put('n', Buffer.from('new'), { ifAbsent: true })).toBe('written');
    expect([await keysOf(one.list('')), await keysOf(two.list(''))]).toEqual([['n'], ['k']]);
    await both.delete(['k', 'n']);
    expect(await keysOf(both.list(''))).toEqual([]);
  });

  it('gives what another has while the first is away, and says of nothing then that it is absent', async () => {
    const two = await newStore();
    await two.put('k', Buffer.from('x'));
    const both = openFailoverStore(awayStore(), [two]);
    expect((await both.get('k'))?.toString()).toBe('x');
    await expect(both.get('other')).rejects.toMatchObject(UNAVAILABLE);
    await expect(keysOf(both.list(''))).rejects.toMatchObject(UNAVAILABLE);
    await expect(both.listFolder('')).rejects.toMatchObject(UNAVAILABLE);
    await expect(both.put('n', Buffer.from('x'))).rejects.toMatchObject(UNAVAILABLE);
  });

  it('is written while another is away', async () => {
    const one = await newStore();
    const both = openFailoverStore(one, [awayStore()]);
    expect(await both.put('k', Buffer.from('x'), { ifAbsent: true })).toBe('written');
    expect((await both.get('k'))?.toString()).toBe('x');
  });

  it.each([
    ['gone', 'versions', 'versions'],
    ['versions', 'unknown', 'unknown'],
    ['unknown', 'locked', 'locked'],
    ['gone', undefined, 'gone'],
  ] as const)('tells the worst of what becomes of deleted objects: %s and %s', async (first, second, told) => {
    const answering = async (answer: AfterDeletion | undefined): Promise<ObjectStore> =>
      Object.assign(await newStore(), answer === undefined ? {} : { afterDeletion: async () => answer });
    const both = openFailoverStore(await answering(first), [await answering(second)]);
    expect(await both.afterDeletion?.()).toBe(told);
  });

  it('gives what belongs together from one store: the first that has what decides', async () => {
    const [one, two] = [await newStore(), await newStore()];
    const decidedBy = (key: string): string | undefined => (key.startsWith('b/') ? 'b/whole' : undefined);
    const both = openFailoverStore(one, [two], { decidedBy });
    // The first was away in the middle of it, and the whole was written to the other.
    await one.put('b/1', Buffer.from('half'));
    await one.put('b/2', Buffer.from('half'));
    for (const key of ['b/1', 'b/whole']) await two.put(key, Buffer.from('whole'));
    expect((await both.get('b/1'))?.toString()).toBe('whole');
    expect((await readOpened(both, 'b/1')).toString()).toBe('whole');
    expect(await both.get('b/2')).toBeUndefined();
    expect(await both.stat('b/2')).toBeUndefined();
    expect(await keysOf(both.list('b/'))).toEqual(['b/1', 'b/whole']);
    expect((await both.listFolder('b/')).objects.map(({ key }) => key)).toEqual(['b/1', 'b/whole']);
    // What nobody has decided is all of theirs.
    expect(await keysOf(both.list(''))).toEqual(['b/1', 'b/2', 'b/whole']);
    const undecided = openFailoverStore(one, [await newStore()], { decidedBy });
    expect((await undecided.get('b/2'))?.toString()).toBe('half');
  });

  it('neither asks the others for what is of the first alone, nor takes it from them', async () => {
    const [one, two] = [await newStore(), await newStore()];
    for (const store of [one, two]) await store.put('own/1', Buffer.from('x'));
    await two.put('own/2', Buffer.from('x'));
    const isOfFirst = (key: string): boolean => key.startsWith('own/');
    const both = openFailoverStore(one, [two], { isOfFirst });
    expect((await both.listFolder('own/')).objects.map(({ key }) => key)).toEqual(['own/1']);
    expect(await both.put('own/2', Buffer.from('y'), { ifAbsent: true })).toBe('written');
    await both.delete(['own/1', 'own/2']);
    expect([await keysOf(one.list('')), await keysOf(two.list(''))]).toEqual([[], ['own/1', 'own/2']]);
    const beside = openFailoverStore(one, [awayStore()], { isOfFirst });
    expect(await beside.put('own/3', Buffer.from('x'), { ifAbsent: true })).toBe('written');
    expect(await keysOf(beside.list('own/'))).toEqual(['own/3']);
    await beside.delete(['own/3']);
    expect(await beside.get('own/3')).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('makes durable what it has found, where that is', async () => {
    const [one, two] = [await newStore(), await newStore()];
    const both = openFailoverStore(one, [two]);
    await one.put('a', Buffer.from('x'));
    await two.put('b', Buffer.from('x'));
    const inTwo = [join(two.address, 'b'), two.address];
    expect(await syncedPaths(async () => both.sync?.('a'))).toEqual([join(one.address, 'a'), one.address]);
    expect(await syncedPaths(async () => both.sync?.('b'))).toEqual(inTwo);
    expect(await syncedPaths(async () => both.put('b', Buffer.from('y'), { ifAbsent: true }))).toEqual(inTwo);
    expect(await syncedPaths(async () => both.sync?.('c'))).toEqual([]);
  });

  it('of one store is that store', async () => {
    const one = await newStore();
    expect(openFailoverStore(one, [])).toBe(one);
  });
});

itKeepsTheObjectStoreContract({
  name: 'several stores',
  open: async () => openFailoverStore(await newStore(), [await newStore()]),
  openMissing: async () => openFailoverStore(awayStore(), [await newStore()]),
  listedObjects: 50,
  largeBodyBytes: 100_000,
});
