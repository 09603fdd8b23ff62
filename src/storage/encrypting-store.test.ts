import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { generateKey } from 'openpgp';
import { afterAll, describe, expect, it } from 'vitest';

import { inPieces } from '../../tests/support/pieces.ts';
import type { Cipher } from '../base/cipher.ts';
import { libsodiumCipher } from '../codec/libsodium/libsodium-cipher.ts';
import { openKeyRing } from '../codec/openpgp/key-ring.ts';
import { openPgpCipher } from '../codec/openpgp/openpgp-cipher.ts';
import { readOpened } from './conformance-support.ts';
import { encryptingStore } from './encrypting-store.ts';
import type { ObjectStore } from './object-store.ts';
import { openStore } from './open.ts';

const roots: string[] = [];
const isEncrypted = (key: string): boolean => key.startsWith('wal_005/');
const cipher = await libsodiumCipher(randomBytes(32), 'WALG_LIBSODIUM_KEY');
const otherCipher = await libsodiumCipher(randomBytes(32), 'WALG_LIBSODIUM_KEY_PATH');

async function openPgp(): Promise<Cipher> {
  const { privateKey } = await generateKey({ type: 'curve25519', userIDs: [{ name: 'a test' }], format: 'armored' });
  return openPgpCipher(await openKeyRing({ armored: privateKey, passphrase: undefined, source: 'x' }), 'x');
}

async function storesOf(): Promise<{ stored: ObjectStore; store: ObjectStore; withOtherKey: ObjectStore }> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-encrypting-'));
  roots.push(root);
  const stored = await openStore({ kind: 'file', path: root });
  return {
    stored,
    store: encryptingStore(stored, { cipher, isEncrypted }),
    withOtherKey: encryptingStore(stored, { cipher: otherCipher, isEncrypted }),
  };
}

async function damage(store: ObjectStore, key: string, atByte: number): Promise<void> {
  const bytes = (await store.get(key)) ?? Buffer.alloc(0);
  bytes[atByte] = (bytes[atByte] ?? 0) ^ 1;
  await store.put(key, bytes);
}

const pgpCipher = await openPgp();

afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true, force: true });
});

describe('a store that encrypts', () => {
  it.each([
    ['libsodium', cipher],
    ['OpenPGP', pgpCipher],
  ])('gives back what was put, whole, as a stream, and any range of it: %s', async (_, given) => {
    const { stored } = await storesOf();
    const store = encryptingStore(stored, { cipher: given, isEncrypted });
    const bytes = randomBytes(50_000);
    expect(await store.put('wal_005/a', bytes)).toBe('written');
    expect(await store.put('wal_005/b', inPieces(bytes, 3333), { ifAbsent: true })).toBe('written');
    expect(await store.put('wal_005/b', bytes, { ifAbsent: true })).toBe('exists');
    for (const key of ['wal_005/a', 'wal_005/b']) {
      expect((await stored.get(key))?.includes(bytes.subarray(0, 100))).toBe(false);
      expect((await store.get(key))?.equals(bytes)).toBe(true);
      expect((await readOpened(store, key)).equals(bytes)).toBe(true);
      for (const [startByte, lengthBytes] of [
        [0, 1],
        [8191, 2],
        [20_000, 30_000],
        [49_999, 99],
        [60_000, 5],
        [3, 0],
      ] as const) {
        const range = await store.get(key, { range: { startByte, lengthBytes } });
        expect(range?.equals(bytes.subarray(startByte, startByte + lengthBytes))).toBe(true);
      }
    }
  });

  it('leaves other keys as they are, and answers that nothing is there as its store does', async () => {
    const { stored, store } = await storesOf();
    await store.put('basebackups_005/x.json', Buffer.from('{}'));
    expect((await stored.get('basebackups_005/x.json'))?.toString()).toBe('{}');
    expect((await store.get('basebackups_005/x.json'))?.toString()).toBe('{}');
    expect(await store.get('wal_005/nothing')).toBeUndefined();
    expect(await store.open('wal_005/nothing')).toBeUndefined();
    expect(await store.get('wal_005/nothing', { range: { startByte: 0, lengthBytes: 5 } })).toBeUndefined();
  });

  it('tells a wrong key from a damaged object by the other objects', async () => {
    const { stored, store, withOtherKey } = await storesOf();
    for (const name of ['a', 'b', 'c']) await store.put(`wal_005/${name}`, Buffer.from(`object ${name}`));
    const wrong = expect.objectContaining({
      kind: 'denied',
      message: expect.stringMatching(
        /wal_005\/b: the key from WALG_LIBSODIUM_KEY_PATH is not the one .* any of 2 other/,
      ),
    });
    await expect(withOtherKey.get('wal_005/b')).rejects.toEqual(wrong);
    await expect(readOpened(withOtherKey, 'wal_005/b')).rejects.toEqual(wrong);
    await damage(stored, 'wal_005/b', 30);
    const damaged = expect.objectContaining({
      kind: 'corrupt',
      message: expect.stringMatching(/wal_005\/b: its beginning is damaged.*WALG_LIBSODIUM_KEY opens wal_005\/a/),
    });
    await expect(store.get('wal_005/b')).rejects.toEqual(damaged);
    await expect(readOpened(store, 'wal_005/b')).rejects.toEqual(damaged);
  });

  it('does not guess where there is no other object', async () => {
    const { store, withOtherKey } = await storesOf();
    await store.put('wal_005/only', Buffer.from('one'));
    await expect(withOtherKey.get('wal_005/only')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('there is no other object'),
    });
  });
});
