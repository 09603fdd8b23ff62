import { randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inPieces, joined, pages } from '../../../tests/support/pieces.ts';
import { NotOpened } from '../../base/cipher.ts';
import { libsodiumCipher } from './libsodium-cipher.ts';

const KEY = Buffer.from('6f1f9c0d3a5be27784c1d2e3f405162738495a6b7c8d9eaf00112233445566aa', 'hex');
const cipher = await libsodiumCipher(KEY, 'WALG_LIBSODIUM_KEY');
const CHUNK = 8192;
const STORED_CHUNK = 8209;
const HEADER = 24;
/** Sizes about which chunks and pieces end. */
const SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 31 * CHUNK - 1, 31 * CHUNK, 31 * CHUNK + 1, 1_000_000];

describe('an object encrypted with libsodium', () => {
  it.each(SIZES)('of %d bytes is read as it was written, whole and as a stream', async (sizeBytes) => {
    const plain = pages(sizeBytes);
    const whole = await cipher.encrypt(plain);
    const streamed = await joined(cipher.encryptStream(inPieces(plain, 10_000)));
    expect(whole).toHaveLength(HEADER + sizeBytes + 17 * (Math.floor(sizeBytes / CHUNK) + 1));
    for (const stored of [whole, streamed]) {
      expect(stored).toHaveLength(whole.length);
      expect((await cipher.decrypt(stored, 'x')).equals(plain)).toBe(true);
      expect((await joined(cipher.decryptStream(inPieces(stored, 9999), 'x'))).equals(plain)).toBe(true);
      expect(await cipher.opens(stored.subarray(0, cipher.startBytes))).toBe(true);
    }
    expect(whole.equals(streamed)).toBe(false);
  });

  it('is read from its beginning alone, as far as was asked for', async () => {
    const plain = pages(100_000);
    const stored = await cipher.encrypt(plain);
    for (const wantedBytes of [1, CHUNK, CHUNK + 1, 50_000, 100_000]) {
      const start = stored.subarray(0, cipher.storedBytesFor(wantedBytes));
      const read = await joined(
        cipher.decryptStream(inPieces(start, 5000), 'x', { beginningBytes: cipher.storedBytesFor(wantedBytes) }),
      );
      expect(read.subarray(0, wantedBytes).equals(plain.subarray(0, wantedBytes))).toBe(true);
    }
  });

  it('is refused when it is cut, also between two chunks, or has anything behind it', async () => {
    const stored = await cipher.encrypt(pages(3 * CHUNK));
    const lengths = [1, HEADER - 1, HEADER, HEADER + 5, HEADER + STORED_CHUNK, HEADER + 3 * STORED_CHUNK];
    for (const bytes of [...lengths.map((length) => stored.subarray(0, length)), Buffer.concat([stored, stored])]) {
      const refusal = expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining('wal_005/x.lz4') });
      await expect(cipher.decrypt(bytes, 'wal_005/x.lz4')).rejects.toEqual(refusal);
      await expect(joined(cipher.decryptStream(inPieces(bytes, 100), 'wal_005/x.lz4'))).rejects.toEqual(refusal);
    }
    await expect(cipher.decrypt(Buffer.alloc(0), 'x')).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it('is damaged if chunks after the first are opened, and otherwise not opened', async () => {
    const stored = await cipher.encrypt(pages(3 * CHUNK));
    const damagedAt = (at: number): Buffer => {
      const copy = Buffer.from(stored);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    };
    await expect(cipher.decrypt(damagedAt(HEADER + 100), 'x')).rejects.toMatchObject({
      message: /first chunk is damaged/,
    });
    await expect(cipher.decrypt(damagedAt(HEADER + STORED_CHUNK + 9), 'x')).rejects.toMatchObject({
      message: `cannot read x: a chunk is damaged or cut at byte ${HEADER + STORED_CHUNK}`,
    });
    await expect(cipher.decrypt(damagedAt(3), 'x')).rejects.toBeInstanceOf(NotOpened);
    const other = await libsodiumCipher(randomBytes(32), 'WALG_LIBSODIUM_KEY');
    await expect(other.decrypt(stored, 'x')).rejects.toBeInstanceOf(NotOpened);
    await expect(joined(other.decryptStream(inPieces(stored, 5000), 'x'))).rejects.toBeInstanceOf(NotOpened);
    expect(await other.opens(stored)).toBe(false);
  });

  it('is never read as something else, whatever is changed in it', async () => {
    const plain = pages(2 * CHUNK + 100);
    const stored = await cipher.encrypt(plain);
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(stored);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        await expect(cipher.decrypt(bytes, 'x')).rejects.toThrow(/x/);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an object that libsodium has not encrypted', () => {
  it.each([
    ['a zstd object', Buffer.from('28b52ffd2400', 'hex')],
    ['an lz4 object', Buffer.from('04224d186470b9', 'hex')],
    ['a gzip object', Buffer.from('1f8b0800', 'hex')],
    ['an lzma object', Buffer.from('5d00008000', 'hex')],
    ['text', Buffer.from('1\t0/3000000\tno recovery target specified\n')],
    ['OpenPGP', Buffer.concat([Buffer.from('c1c04c03', 'hex'), randomBytes(300)])],
  ])('is named: %s', async (what, start) => {
    for (const bytes of [start, Buffer.concat([start, Buffer.alloc(20_000)])]) {
      if (what === 'OpenPGP' && bytes.length < 400) continue;
      const expected = what === 'text' && bytes.length > 1000 ? 'text' : what;
      await expect(cipher.decrypt(bytes, 'x')).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringContaining(expected),
      });
    }
  });
});
