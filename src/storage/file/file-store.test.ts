import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { itKeepsTheObjectStoreContract } from '../conformance.ts';
import { openStore } from '../open.ts';
import type { ObjectStore } from '../object-store.ts';
import { syncedPaths } from '../testing/synced-paths.ts';

const roots: string[] = [];

async function newRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-store-'));
  roots.push(root);
  return root;
}

async function openAt(path: string): Promise<ObjectStore> {
  return openStore({ kind: 'file', path });
}

afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true, force: true });
});

itKeepsTheObjectStoreContract({
  name: 'a folder',
  open: async () => openAt(await newRoot()),
  openMissing: async () => openAt(join(await newRoot(), 'not-mounted')),
  listedObjects: 300,
  largeBodyBytes: 3_000_000,
});

describe('an archive in a folder', () => {
  it('hides files that a writer, WAL-G too, is still writing, and keeps its own out of sight', async () => {
    const root = await newRoot();
    const store = await openAt(root);
    await store.put('wal_005/a.zst', Buffer.from('a'));
    await writeFile(join(root, 'wal_005', 'b.zst.tmp.20260512T101112Z-0123456789abcdef'), 'half');
    expect((await Array.fromAsync(store.list(''))).map(({ key }) => key)).toEqual(['wal_005/a.zst']);
    expect((await store.listFolder('wal_005/')).objects).toHaveLength(1);
    await expect(store.get('wal_005/b.zst.tmp.20260512T101112Z-0123456789abcdef')).rejects.toMatchObject({
      kind: 'usage',
    });
  });

  it.runIf(process.platform === 'linux')(
    'makes durable what is there before it says so: who wrote it may have been killed right before that',
    async () => {
      const root = await newRoot();
      await mkdir(join(root, 'a', 'b'), { recursive: true });
      await writeFile(join(root, 'a', 'b', 'x'), 'x');
      const store = await openAt(root);
      const withNames = ['a/b/x', 'a/b', 'a', ''].map((key) => join(root, key));
      expect(await syncedPaths(() => store.put('a/b/x', Buffer.from('x'), { ifAbsent: true }))).toEqual(withNames);
      expect(await syncedPaths(async () => store.sync?.('a/b/x'))).toEqual(withNames);
      expect(await syncedPaths(async () => store.sync?.('a/c/y'))).toEqual([]);
    },
  );

  it('leaves no temporary file behind when a body fails', async () => {
    const root = await newRoot();
    const store = await openAt(root);
    const failing = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('half');
      throw new Error('the source failed');
    };
    await expect(store.put('f/x', failing())).rejects.toThrow('the source failed');
    expect(await readdir(join(root, 'f'))).toEqual([]);
  });

  it('says that its root is not there, and how to make one, where others would say that an object is absent', async () => {
    const root = join(await newRoot(), 'not-mounted');
    await expect((await openAt(root)).get('wal_005/x')).rejects.toMatchObject({
      kind: 'unavailable',
      remedy: expect.stringContaining(`mkdir -p ${root}`),
    });
  });

  it('does not follow a symbolic link out of the archive', async () => {
    const root = await newRoot();
    const outside = await newRoot();
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(outside, join(root, 'way-out'));
    await symlink(join(outside, 'secret'), join(root, 'secret'));
    const store = await openAt(root);
    await expect(store.get('way-out/secret')).rejects.toMatchObject({ kind: 'refused' });
    await expect(store.put('way-out/new', Buffer.from('x'))).rejects.toMatchObject({ kind: 'refused' });
    await expect(store.put('way-out/new/deep', Buffer.from('x'))).rejects.toMatchObject({ kind: 'refused' });
    await expect(store.get('secret')).rejects.toMatchObject({ kind: 'refused' });
    await expect(Array.fromAsync(store.list(''))).rejects.toMatchObject({ kind: 'refused' });
    expect(await readdir(outside)).toEqual(['secret']);
  });

  it('may itself be reached through a symbolic link', async () => {
    const root = await newRoot();
    const link = join(await newRoot(), 'archive');
    await symlink(root, link);
    const store = await openAt(link);
    await store.put('a/b', Buffer.from('x'));
    expect((await Array.fromAsync(store.list('')))[0]?.key).toBe('a/b');
    expect(await readdir(root)).toEqual(['a']);
    await store.delete(['a/b']);
    expect(await readdir(root)).toEqual([]);
  });

  it('refuses an object where a folder is, and a folder where an object is', async () => {
    const root = await newRoot();
    const store = await openAt(root);
    await store.put('a/b', Buffer.from('x'));
    await expect(store.put('a', Buffer.from('x'))).rejects.toMatchObject({ kind: 'conflict' });
    await expect(store.put('a/b/c', Buffer.from('x'))).rejects.toMatchObject({ kind: 'conflict' });
    expect([await store.get('a'), await store.get('a/b/c')]).toEqual([undefined, undefined]);
  });

  it.runIf(process.getuid?.() !== 0)('names the permission that is missing', async () => {
    const root = await newRoot();
    await mkdir(join(root, 'closed'));
    await writeFile(join(root, 'closed', 'x'), 'x');
    await chmod(join(root, 'closed'), 0);
    const store = await openAt(root);
    const outcome = await store.get('closed/x').catch((error: unknown) => error);
    await chmod(join(root, 'closed'), 0o700);
    expect(outcome).toMatchObject({ kind: 'denied', message: expect.stringContaining(join(root, 'closed')) });
  });
});
