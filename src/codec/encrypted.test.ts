import { createCipheriv } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { inPieces, joined, pages } from '../../tests/support/pieces.ts';
import { compressSync, decompress, decompressStream, decompressSync } from './compression.ts';
import { encryptionOf } from './encrypted.ts';

/** What libsodium's secret stream leaves: a random header and chunks of ChaCha20. */
function likeLibsodium(plain: Buffer, seed: number): Buffer {
  const cipher = createCipheriv('chacha20', Buffer.alloc(32, seed), Buffer.alloc(16, seed + 1));
  return Buffer.concat([cipher.update(Buffer.concat([Buffer.alloc(24), plain, Buffer.alloc(17)])), cipher.final()]);
}

function behind(header: readonly number[] | string, plain: Buffer): Buffer {
  return Buffer.concat([typeof header === 'string' ? Buffer.from(header, 'latin1') : Buffer.from(header), plain]);
}

const limit = { maxBytes: 1 << 24, object: 'wal_005/x.zst' };
const stored = likeLibsodium(Buffer.alloc(2000), 77);

async function expectRefusal(compression: 'zstd' | 'lz4', bytes: Buffer, kind: string, text: string): Promise<void> {
  const refusal = expect.objectContaining({ kind, message: expect.stringContaining(text) });
  await expect(decompress(compression, bytes, limit)).rejects.toEqual(refusal);
  expect(() => decompressSync(compression, bytes, limit)).toThrow(refusal);
  await expect(joined(decompressStream(compression, inPieces(bytes, 100), limit.object))).rejects.toEqual(refusal);
}

describe('an encrypted object', () => {
  it.each(['zstd', 'lz4'] as const)('under %s is refused as one, large or small', async (compression) => {
    for (const plain of [pages(100_000), Buffer.from('a small file')]) {
      for (let seed = 1; seed <= 20; seed++) {
        const padded = Buffer.concat([compressSync(compression, plain), Buffer.alloc(100)]);
        await expectRefusal(compression, likeLibsodium(padded, seed), 'refused', 'it looks encrypted (libsodium)');
      }
    }
  });

  it.each([
    ['OpenPGP', [0xc1, 0xc0, 0x4c, 0x03]],
    ['OpenPGP', [0xc1, 0x5e, 0x03]],
    ['OpenPGP', [0x85, 0x01, 0x0c, 0x03]],
    ['OpenPGP', '-----BEGIN PGP MESSAGE-----\n'],
    ['a key of AWS KMS', [1, 2, 3, 0, 0x78]],
    ['a key of Yandex Cloud', 'yckms\u0001'],
    ['a key of Yandex Cloud', 'envelope-yc-kms\u0001'],
  ] as const)('of %s is told by its header', async (by, header) => {
    expect(encryptionOf(behind(header, stored))).toBe(by);
    await expectRefusal('zstd', behind(header, stored), 'refused', `it looks encrypted (${by})`);
  });
});

describe('an object that is only damaged', () => {
  it.each([
    ['zeros', Buffer.alloc(5000)],
    ['text', Buffer.from('<html><body>502 Bad Gateway</body></html>\n'.repeat(50))],
    ['pages', pages(50_000)],
    ['few bytes', Buffer.from([1, 2, 3])],
    ['half a header', Buffer.from('garbage, and no more')],
  ])('is corrupt, not encrypted: %s', async (_what, bytes) => {
    await expectRefusal('zstd', bytes, 'corrupt', 'wal_005/x.zst');
    await expectRefusal('lz4', bytes, 'corrupt', 'wal_005/x.zst');
  });

  it('is corrupt when it ends early', async () => {
    const half = compressSync('zstd', pages(100_000)).subarray(0, 3000);
    await expectRefusal('zstd', half, 'corrupt', 'it ends inside a zstd frame');
  });
});
