import { randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { encrypt, createMessage, generateKey, readKey, readKeys, type PrivateKey } from 'openpgp';
import { describe, expect, it } from 'vitest';

import { inPieces, joined, pages } from '../../../tests/support/pieces.ts';
import { messageOf } from '../../base/failure.ts';
import { openKeyRing } from './key-ring.ts';
import { openPgpCipher } from './openpgp-cipher.ts';

const SOURCE = 'WALG_PGP_KEY';

async function newKey(passphrase?: string): Promise<{ secret: string; open: string; key: PrivateKey }> {
  const made = await generateKey({
    type: 'curve25519',
    userIDs: [{ name: 'a test' }],
    format: 'armored',
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  const [key] = await readKeys({ armoredKeys: made.privateKey });
  if (key === undefined || !key.isPrivate()) throw new Error('no private key');
  return { secret: made.privateKey, open: made.publicKey, key };
}

const own = await newKey();
const other = await newKey('open sesame');
const cipherOf = async (armored: string, passphrase?: string) =>
  openPgpCipher(await openKeyRing({ armored, passphrase, source: SOURCE }), SOURCE);
const cipher = await cipherOf(own.secret);
const PART = 2 ** 18;
/** Sizes about which parts and pieces end, with the literal packet's header and without. */
const SIZES = [0, 1, 5, 191, 192, 8383, PART - 7, PART - 6, PART - 5, PART, PART + 1, 1_000_000];

describe('an object encrypted with OpenPGP', () => {
  it.each(SIZES)('of %d bytes is read as it was written, whole and as a stream', async (sizeBytes) => {
    const plain = pages(sizeBytes);
    const writer = await cipherOf(own.open);
    const stored = await joined(writer.encryptStream(inPieces(plain, 10_000)));
    expect((await cipher.decrypt(stored, 'x')).equals(plain)).toBe(true);
    expect((await joined(cipher.decryptStream(inPieces(stored, 9999), 'x'))).equals(plain)).toBe(true);
    expect((await cipher.decrypt(await writer.encrypt(plain), 'x')).equals(plain)).toBe(true);
    expect(await cipher.opens(stored.subarray(0, cipher.startBytes))).toBe(true);
  });

  it('by the library in another shape is read', async () => {
    const plain = pages(70_000);
    const message = await encrypt({
      message: await createMessage({ binary: plain }),
      encryptionKeys: [await readKey({ armoredKey: other.open }), await readKey({ armoredKey: own.open })],
      signingKeys: [own.key],
      format: 'binary',
    });
    expect((await cipher.decrypt(message, 'x')).equals(plain)).toBe(true);
  });

  it('is read with a key that has to be unlocked', async () => {
    const stored = await (await cipherOf(other.open)).encrypt(Buffer.from('text'));
    expect((await (await cipherOf(other.secret, 'open sesame')).decrypt(stored, 'x')).toString()).toBe('text');
    await expect((await cipherOf(other.secret)).decrypt(stored, 'x')).rejects.toMatchObject({
      kind: 'denied',
      remedy: 'Set WALG_PGP_KEY_PASSPHRASE.',
    });
    await expect(cipherOf(other.secret, 'wrong')).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('WALG_PGP_KEY_PASSPHRASE does not unlock it'),
    });
  });

  it('says whose key it needs', async () => {
    const stored = await (await cipherOf(other.open)).encrypt(Buffer.from('text'));
    await expect(cipher.decrypt(stored, 'x')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringMatching(
        /^cannot read x: it is encrypted to 0x[0-9A-F]{16}, and the key from WALG_PGP_KEY is 0x/,
      ),
    });
    expect(await cipher.opens(stored)).toBe(false);
    await expect((await cipherOf(other.open)).decrypt(stored, 'x')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('the public key alone'),
    });
  });

  it('is refused when it is cut anywhere, or has anything behind it', async () => {
    const stored = await cipher.encrypt(pages(1000));
    const lengths = [0, 1, 50, stored.length - 1000, stored.length - 22, stored.length - 1];
    for (const bytes of [...lengths.map((length) => stored.subarray(0, length)), Buffer.concat([stored, stored])]) {
      await expect(cipher.decrypt(bytes, 'x')).rejects.toMatchObject({ kind: 'corrupt' });
    }
  });

  it('is never read as something else, whatever is changed in it', async () => {
    const plain = pages(3000);
    const stored = await cipher.encrypt(plain);
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(stored);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        // Not every byte matters: whatever is read is what was written.
        const read = await cipher.decrypt(bytes, 'x').catch((error: unknown) => messageOf(error));
        if (typeof read === 'string') expect(read).toContain('cannot read x: ');
        else expect(read.equals(plain)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('an object that OpenPGP has not encrypted', () => {
  it.each([
    ['it is a zstd object', Buffer.from('28b52ffd2400', 'hex')],
    ['it is text', Buffer.from('1\t0/3000000\tno recovery target specified\n')],
    ['it does not begin as an OpenPGP message', Buffer.concat([Buffer.from([0xff]), randomBytes(500)])],
    ['it ends inside an OpenPGP packet', Buffer.from('c1040102', 'hex')],
    ['a packet of kind 11 does not belong there', Buffer.from('c10401020304cb0101', 'hex')],
    ['it is encrypted with a password alone', Buffer.from('c30404010203d20101', 'hex')],
    ['no modification detection', Buffer.from('c90401020304', 'hex')],
  ])('is named: %s', async (found, bytes) => {
    await expect(cipher.decrypt(bytes, 'x')).rejects.toMatchObject({
      name: 'Failure',
      message: expect.stringContaining(found),
    });
  });
});

describe('a ring of OpenPGP keys', () => {
  it('takes "\\n" for a line end', async () => {
    const oneLine = own.open.replaceAll(/\r?\n/g, String.raw`\n`);
    const stored = await (await cipherOf(oneLine)).encrypt(Buffer.from('text'));
    expect((await cipher.decrypt(stored, 'x')).toString()).toBe('text');
  });

  it.each([
    ['there is no armored key block in it', 'not a key'],
    ['there are 2 armored key blocks in it', `${own.open}\n${other.open}`],
    ['Misformed armored text', '-----BEGIN PGP PUBLIC KEY BLOCK-----\nzzz'],
  ])('is refused where %s', async (found, armored) => {
    await expect(cipherOf(armored)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(`cannot use the OpenPGP key in WALG_PGP_KEY: ${found}`),
    });
  });

  it('shows nothing of a key', async () => {
    const broken = own.secret.replace(/[A-Za-z0-9]{4}\n/, '!!!!\n');
    const failure = await cipherOf(broken).catch((error: unknown) => error);
    const line = own.secret.split('\n')[5] ?? '?';
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain(line);
  });
});
