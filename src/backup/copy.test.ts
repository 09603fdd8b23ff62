import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { libsodiumCipher } from '../codec/libsodium/libsodium-cipher.ts';
import { encryptingStore } from '../storage/encrypting-store.ts';
import { openFileStore } from '../storage/file/file-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { planCopy, runCopy } from './copy.ts';
import { listBackups } from './list.ts';

const FROM = openFileStore(join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive'));
const root = await mkdtemp(join(tmpdir(), 'walkback-copy-'));
let folders = 0;

afterAll(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

async function emptyStore(): Promise<ObjectStore> {
  const path = join(root, String(++folders));
  await mkdir(path);
  return openFileStore(path);
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  return (await Array.fromAsync(store.list(''))).map(({ key }) => key);
}

const backups = await listBackups(FROM);
const delta = backups.find(({ deltaFrom }) => deltaFrom !== undefined);
if (delta === undefined) throw new Error('the archive has no delta backup');

describe('a copy of an archive', () => {
  it('of all has every backup, with the same bytes, and all WAL behind the oldest', async () => {
    const to = await emptyStore();
    const plan = await planCopy(FROM, backups, { names: 'all', withHistory: true });
    const outcome = await runCopy(FROM, to, plan, { concurrency: 4 });
    expect(outcome).toEqual({
      copiedObjects: plan.objects.length,
      copiedBytes: plan.sizeBytes,
      presentObjects: 0,
    });
    expect((await listBackups(to)).map(({ name }) => name).toSorted()).toEqual(
      backups.map(({ name }) => name).toSorted(),
    );
    for (const key of await keysOf(to))
      expect((await to.get(key))?.equals((await FROM.get(key)) ?? Buffer.of(0))).toBe(true);
  });

  it('of a delta backup has all that it builds on', async () => {
    const plan = await planCopy(FROM, backups, { names: [delta.name], withHistory: false });
    const names = plan.backups.map(({ name }) => name);
    expect(names).toContain(delta.name);
    expect(names).toContain(delta.deltaFrom);
  });

  it('goes on where it was broken off, and shows no backup before all of it is there', async () => {
    const to = await emptyStore();
    const plan = await planCopy(FROM, backups, { names: 'all', withHistory: true });
    const cut = new AbortController();
    let copied = 0;
    const onCopied = (): void => void ((copied += 1) === 5 && cut.abort(new Error('enough')));
    await expect(runCopy(FROM, to, plan, { concurrency: 1, onCopied, signal: cut.signal })).rejects.toThrow('enough');
    expect(await listBackups(to)).toEqual([]);
    expect(await runCopy(FROM, to, plan, { concurrency: 4 })).toMatchObject({
      presentObjects: 5,
      copiedObjects: plan.objects.length - 5,
    });
  });

  it('never overwrites another object', async () => {
    const to = await emptyStore();
    const plan = await planCopy(FROM, backups, { names: 'all', withHistory: true });
    const key = plan.objects[0]?.key ?? '';
    await to.put(key, Buffer.from('another'));
    await expect(runCopy(FROM, to, plan, { concurrency: 2 })).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining(key),
    });
    expect((await to.get(key))?.toString()).toBe('another');
  });

  it('takes no object of the same size for the same', async () => {
    const to = await emptyStore();
    const plan = await planCopy(FROM, backups, { names: 'all', withHistory: true });
    const [first] = plan.objects;
    const other = Buffer.from((await FROM.get(first?.key ?? '')) ?? '');
    other[other.byteLength - 1] = (other.at(-1) ?? 0) ^ 1;
    await to.put(first?.key ?? '', other);
    await expect(runCopy(FROM, to, plan, { concurrency: 2 })).rejects.toMatchObject({ kind: 'conflict' });
    expect((await to.get(first?.key ?? ''))?.equals(other)).toBe(true);
  });

  it('passes over what holds the same, encrypted at another time', async () => {
    const cipher = await libsodiumCipher(randomBytes(32), 'WALG_LIBSODIUM_KEY');
    const around = (store: ObjectStore) => encryptingStore(store, { cipher, isEncrypted: () => true });
    const [from, to] = [await emptyStore(), await emptyStore()];
    const key = 'wal_005/000000010000000000000001.zst';
    for (const store of [from, to]) await around(store).put(key, Buffer.from('the same'));
    expect((await from.get(key))?.equals((await to.get(key)) ?? Buffer.of())).toBe(false);
    const object = await from.stat(key);
    if (object === undefined) throw new Error('it was not written');
    const plan = { backups: [], objects: [object], sizeBytes: object.sizeBytes };
    const opened = { from: around(from), to: around(to) };
    expect(await runCopy(from, to, plan, { concurrency: 1, opened })).toMatchObject({ presentObjects: 1 });
    await around(to).put(key, Buffer.from('not same'));
    await expect(runCopy(from, to, plan, { concurrency: 1, opened })).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('of a backup that is not there is refused', async () => {
    await expect(planCopy(FROM, backups, { names: ['base_no'], withHistory: true })).rejects.toMatchObject({
      kind: 'notInArchive',
    });
  });
});
