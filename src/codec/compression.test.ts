import { describe, expect, it } from 'vitest';

import { inPieces, joined, pages } from '../../tests/support/pieces.ts';
import { compress, compressStream, compressSync, decompress, decompressStream, decompressSync } from './compression.ts';

const data = pages(300_000);
const limit = { maxBytes: data.length, object: 'wal_005/x' };

async function* overwritten(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = Buffer.from(bytes.subarray(at, at + pieceBytes));
    yield piece;
    piece.fill(0xaa);
  }
}

describe.each(['zstd', 'lz4', 'none'] as const)('compression %s', (compression) => {
  it('is undone by its decompression, whole or as a stream', async () => {
    for (const stored of [
      await compress(compression, data),
      compressSync(compression, data),
      await joined(compressStream(compression, inPieces(data, 70_000), { frameSizeBytes: 50_000 })),
    ]) {
      expect((await decompress(compression, stored, limit)).equals(data)).toBe(true);
      expect(decompressSync(compression, stored, limit).equals(data)).toBe(true);
      const streamed = await joined(decompressStream(compression, inPieces(stored, 1000), limit.object));
      expect(streamed.equals(data)).toBe(true);
    }
  });

  it('is undone in memory that is used again, by a source whose pieces are gone when the next is asked for', async () => {
    const large = pages(5_000_000);
    for (const stored of [
      compressSync(compression, large),
      await joined(compressStream(compression, inPieces(large, 70_000), { frameSizeBytes: 500_000 })),
    ]) {
      for (const pieceBytes of [999, 70_000, 1_000_000]) {
        const pieces: Buffer[] = [];
        const source = overwritten(stored, pieceBytes);
        for await (const piece of decompressStream(compression, source, 'x', { frees: true })) {
          pieces.push(Buffer.from(piece));
        }
        expect(Buffer.concat(pieces).equals(large), `${stored.length} in ${pieceBytes}`).toBe(true);
      }
    }
  });

  it('takes any view of bytes', async () => {
    const view = new Uint8Array(data.buffer, data.byteOffset + 3, 1000);
    const stored = await compress(compression, view);
    const padded = new Uint8Array([9, ...stored, 9]).subarray(1, -1);
    expect(Buffer.from(view).equals(decompressSync(compression, padded, limit))).toBe(true);
  });

  it('refuses an object that holds more than it may, by its name', async () => {
    const stored = compressSync(compression, data);
    const refusal = expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining('wal_005/x') });
    const tooSmall = { ...limit, maxBytes: data.length - 1 };
    await expect(decompress(compression, stored, tooSmall)).rejects.toEqual(refusal);
    expect(() => decompressSync(compression, stored, tooSmall)).toThrow(refusal);
  });
});

describe('a compression the program cannot read', () => {
  it('is refused by name', async () => {
    const refusal = expect.objectContaining({ kind: 'refused', message: expect.stringContaining('lzo') });
    await expect(decompress('lzo', data, limit)).rejects.toEqual(refusal);
    expect(() => decompressStream('lzo', inPieces(data), 'x')).toThrow(refusal);
  });
});
