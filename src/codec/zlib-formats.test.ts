import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { inPieces, joined, pages } from '../../tests/support/pieces.ts';
import { compress, compressStream, compressSync, decompress, decompressStream } from './compression.ts';

const data = pages(300_000);
const limit = { maxBytes: data.length, object: 'wal_005/x' };
const inBrotli = compressSync('brotli', data);
const inGzip = gzipSync(data);

async function* overwritten(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = Buffer.from(bytes.subarray(at, at + pieceBytes));
    yield piece;
    piece.fill(0xaa);
  }
}

describe('compression brotli', () => {
  it('is undone by its decompression, however it was written', async () => {
    for (const stored of [
      inBrotli,
      await compress('brotli', data),
      await joined(compressStream('brotli', overwritten(data, 7000))),
    ]) {
      expect((await decompress('brotli', stored, limit)).equals(data)).toBe(true);
    }
    expect(await decompress('brotli', await compress('brotli', Buffer.alloc(0)), limit)).toHaveLength(0);
  });
});

describe.each([
  ['brotli', inBrotli],
  ['gzip', inGzip],
] as const)('an object in %s', (compression, stored) => {
  it('is read from pieces whose memory is used again', async () => {
    for (const pieceBytes of [99, 70_000]) {
      const read = await joined(decompressStream(compression, overwritten(stored, pieceBytes), 'x', { frees: true }));
      expect(read.equals(data)).toBe(true);
    }
  });

  it.each([
    ['it is empty', stored.subarray(0, 0)],
    ['data is damaged or cut', stored.subarray(0, -5)],
    ['there is something after its', Buffer.concat([stored, Buffer.alloc(3)])],
    ['', Buffer.concat([stored, Buffer.alloc(300_000, 1)])],
  ])('is refused: %s', async (found, bytes) => {
    const refusal = expect.objectContaining({
      kind: 'corrupt',
      message: expect.stringMatching(new RegExp(`^cannot read wal_005/x: .*${found}`)),
    });
    await expect(decompress(compression, bytes, { ...limit, maxBytes: 1 << 24 })).rejects.toEqual(refusal);
    const stream = decompressStream(compression, inPieces(bytes, 5000), limit.object);
    await expect(joined(stream)).rejects.toEqual(refusal);
  });

  it('is refused if it holds more than it may', async () => {
    await expect(decompress(compression, stored, { ...limit, maxBytes: 1000 })).rejects.toMatchObject({
      message: 'cannot read wal_005/x: it holds more than 1000 bytes',
    });
  });

  it('fails as its source does', async () => {
    const failure = new Error('the connection broke');
    async function* breaking(): AsyncGenerator<Buffer> {
      yield stored.subarray(0, 500);
      throw failure;
    }
    await expect(joined(decompressStream(compression, breaking(), 'x'))).rejects.toBe(failure);
  });
});

describe('a gzip object of several members', () => {
  it('is read whole', async () => {
    const twice = await decompress('gzip', Buffer.concat([inGzip, inGzip]), { ...limit, maxBytes: 1 << 24 });
    expect(twice.equals(Buffer.concat([data, data]))).toBe(true);
  });
});
