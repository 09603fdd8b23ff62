/**
 * Encrypted objects, read through a store as everybody reads them, so that a wrong key is told from damage too.
 *
 * @module
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Cipher } from '../../../src/base/cipher.ts';
import { libsodiumCipher } from '../../../src/codec/libsodium/libsodium-cipher.ts';
import { openKeyRing } from '../../../src/codec/openpgp/key-ring.ts';
import { openPgpCipher } from '../../../src/codec/openpgp/openpgp-cipher.ts';
import { encryptingStore } from '../../../src/storage/encrypting-store.ts';
import { openStore } from '../../../src/storage/open.ts';
import { FIXTURES } from '../../../tests/support/fixture-archive.ts';
import { inPieces, joined, pages } from '../../../tests/support/pieces.ts';
import type { HostileKind, HostileTrials } from './hostile-kind.ts';
import { OBJECT, objectKind, type SoundObject } from './object-trials.ts';

const CONTENTS = [Buffer.alloc(0), pages(1), pages(100), pages(8192), pages(8193), pages(30_000), pages(70_000)];

async function sodium(): Promise<Cipher> {
  return libsodiumCipher(Buffer.alloc(32, 7), 'WALG_LIBSODIUM_KEY');
}

async function openPgp(): Promise<Cipher> {
  const armored = await readFile(join(FIXTURES, 'keys/fixture-private.asc'), 'utf8');
  const source = 'WALG_PGP_KEY_PATH';
  return openPgpCipher(await openKeyRing({ armored, passphrase: undefined, source }), source);
}

async function soundObjects(cipher: Cipher): Promise<readonly SoundObject[]> {
  const whole = CONTENTS.map(async (content) => ({ content, stored: await cipher.encrypt(content) }));
  const content = pages(300_000);
  const streamed = await joined(cipher.encryptStream(inPieces(content, 10_000)));
  return [...(await Promise.all(whole)), { content, stored: streamed }];
}

/** A store in which the object at hand is a file. */
async function trialsIn(root: string, kind: { name: string; weight: number }, cipher: Cipher): Promise<HostileTrials> {
  const stored = await openStore({ kind: 'file', path: root });
  const store = encryptingStore(stored, { cipher, isEncrypted: () => true });
  await store.put('wal_005/sound', pages(500));
  const file = join(root, OBJECT);
  async function* opened(bytes: Buffer): AsyncGenerator<Buffer> {
    await writeFile(file, bytes);
    yield* (await store.open(OBJECT)) ?? [];
  }
  const trials = await objectKind({
    ...kind,
    isProven: true,
    sound: () => soundObjects(cipher),
    whole: async (bytes) => {
      await writeFile(file, bytes);
      return (await store.get(OBJECT)) ?? Buffer.alloc(0);
    },
    stream: opened,
  }).prepare();
  return {
    tryOne: (random) => trials.tryOne(random),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function encrypted(name: string, weight: number, open: () => Promise<Cipher>): HostileKind {
  return {
    name,
    weight,
    prepare: async () => trialsIn(await mkdtemp(join(tmpdir(), 'walkback-hostile-')), { name, weight }, await open()),
  };
}

/** The kinds. */
export const ENCRYPTED_OBJECTS: readonly HostileKind[] = [
  encrypted('libsodium', 3, sodium),
  encrypted('OpenPGP', 2, openPgp),
];
