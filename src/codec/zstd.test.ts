import { constants, zstdCompressSync } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inPieces, joined, noise, pages } from '../../tests/support/pieces.ts';
import { isFailure } from '../base/failure.ts';
import { zstdFrames } from './zstd-frames.ts';
import { zstdCompressStream, zstdDecompressStream } from './zstd-stream.ts';
import { zstdCompressWhole, zstdCompressWholeSync, zstdDecompressWhole, zstdDecompressWholeSync } from './zstd.ts';

const LIMIT = { maxBytes: 64 * 1024 * 1024, object: 'wal_005/x.zst' };
const SKIPPABLE = Buffer.from('502a4d1803000000616263', 'hex');
/** As WAL-G writes: no content size, a checksum. */
function withoutContentSize(data: Buffer): Buffer {
  return zstdCompressSync(data, {
    params: { [constants.ZSTD_c_contentSizeFlag]: 0, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

async function* failing(data: Buffer): AsyncGenerator<Buffer> {
  yield* inPieces(data, 65_536);
  throw new Error('the disk is gone');
}

async function everyWay(stored: Buffer): Promise<Buffer[]> {
  return [
    await zstdDecompressWhole(stored, LIMIT),
    zstdDecompressWholeSync(stored, LIMIT),
    await joined(zstdDecompressStream(inPieces(stored, 65_536), LIMIT.object)),
  ];
}

async function expectCorrupt(stored: Buffer, found: RegExp | string, pieceBytes = 7): Promise<void> {
  const expected = expect.objectContaining({ kind: 'corrupt', message: expect.stringMatching(found) });
  await expect(zstdDecompressWhole(stored, LIMIT)).rejects.toEqual(expected);
  expect(() => zstdDecompressWholeSync(stored, LIMIT)).toThrow(expected);
  await expect(joined(zstdDecompressStream(inPieces(stored, pieceBytes), LIMIT.object))).rejects.toEqual(expected);
}

describe('zstd', () => {
  it('gives back what was compressed, at any size', async () => {
    for (const sizeBytes of [0, 1, 255, 256, 65_791, 65_792, 131_072, 131_073, 3_000_000]) {
      const data = pages(sizeBytes);
      for (const content of await everyWay(await zstdCompressWhole(data))) expect(content.equals(data)).toBe(true);
      for (const content of await everyWay(withoutContentSize(data))) expect(content.equals(data)).toBe(true);
    }
  });

  it('reads every one of many frames of an odd size', async () => {
    const frames = Array.from({ length: 20 }, (_, index) => pages(1_000_000, index + 1));
    const stored = Buffer.concat(frames.map((frame) => zstdCompressWholeSync(frame)));
    const data = Buffer.concat(frames);
    for (const content of await everyWay(stored)) expect(content.equals(data)).toBe(true);
  });

  it('passes over skippable frames, wherever they are', async () => {
    const data = pages(5000);
    const frame = zstdCompressWholeSync(data);
    const stored = Buffer.concat([SKIPPABLE, frame, SKIPPABLE, SKIPPABLE, frame, SKIPPABLE]);
    for (const content of await everyWay(stored)) expect(content.equals(Buffer.concat([data, data]))).toBe(true);
  });

  it('refuses a small object cut at any byte', async () => {
    const stored = Buffer.concat([zstdCompressWholeSync(noise(300)), SKIPPABLE, withoutContentSize(pages(2000))]);
    const wholeAt = new Set([...zstdFrames(stored, 'x')].map((frame) => frame.startByte));
    for (let length = 0; length < stored.length; length += 1) {
      if (wholeAt.has(length) && length > 0) continue;
      await expectCorrupt(stored.subarray(0, length), /it ends|it is empty|no zstd frame/, 67);
    }
  });

  it.each([
    ['one byte', '00'],
    ['three bytes', 'ffffff'],
    ['text', Buffer.from('garbage that is longer than a header').toString('hex')],
    ['zeros', '00'.repeat(64)],
  ])('refuses %s after a frame', async (_what, hex) => {
    await expectCorrupt(Buffer.concat([zstdCompressWholeSync(pages(1000)), Buffer.from(hex, 'hex')]), /frame/);
  });

  it('refuses a frame whose content is not as long as it says', async () => {
    const stored = zstdCompressWholeSync(pages(1000));
    const sizeAt = 5;
    expect(stored.readUInt16LE(sizeAt) + 256).toBe(1000);
    stored.writeUInt16LE(1001 - 256, sizeAt);
    await expectCorrupt(stored, /frame/);
  });

  it('refuses a window it will not allocate, and a dictionary it does not have', async () => {
    await expectCorrupt(Buffer.from('28b52ffd00b8010000000000000000', 'hex'), 'window of');
    await expectCorrupt(Buffer.from('28b52ffd217b00010000000000000000', 'hex'), 'dictionary');
  });

  it('never gives more than the limit, whatever a frame claims or holds', async () => {
    const limit = { maxBytes: 1000, object: 'x' };
    const zeros = Buffer.alloc(50_000_000);
    for (const stored of [zstdCompressWholeSync(zeros), withoutContentSize(zeros)]) {
      await expect(zstdDecompressWhole(stored, limit)).rejects.toEqual(expect.objectContaining({ kind: 'corrupt' }));
    }
  });

  it('refuses or reads the same, whichever byte is changed', async () => {
    const data = pages(3000);
    const stored = zstdCompressWholeSync(data);
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(stored);
        changed[at] = (changed[at] ?? 0) ^ flip;
        for (const read of [
          () => zstdDecompressWhole(changed, LIMIT),
          () => joined(zstdDecompressStream(inPieces(changed, 100), 'x')),
        ]) {
          const content = await read().catch((error: unknown) => error);
          expect(isFailure(content, 'corrupt') || (Buffer.isBuffer(content) && content.equals(data))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses any bytes that are no frames', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expectCorrupt(Buffer.concat([Buffer.from([1]), bytes]), /frame/);
      }),
    );
  });
});

describe('a zstd stream as it is written', () => {
  it('is one whole frame a piece, each of the size asked for', async () => {
    const data = pages(1_000_000);
    const frames = await Array.fromAsync(zstdCompressStream(inPieces(data, 77_777), { frameSizeBytes: 300_000 }));
    const contents = frames.map((frame) => zstdDecompressWholeSync(frame, LIMIT));
    expect(contents.map((content) => content.length)).toEqual([300_000, 300_000, 300_000, 100_000]);
    expect(Buffer.concat(contents).equals(data)).toBe(true);
    for (const frame of frames) expect([...zstdFrames(frame, 'x')]).toHaveLength(1);
  });

  it('is one empty frame for an empty source', async () => {
    const frames = await Array.fromAsync(zstdCompressStream(inPieces(Buffer.alloc(0))));
    expect(frames).toHaveLength(1);
    expect(zstdDecompressWholeSync(Buffer.concat(frames), LIMIT)).toHaveLength(0);
  });

  it('fails as its source does', async () => {
    await expect(joined(zstdCompressStream(failing(pages(100_000)), { frameSizeBytes: 1000 }))).rejects.toThrow(
      'the disk is gone',
    );
  });
});

describe('a zstd stream as it is read', () => {
  it('fails as its source does: a lost connection is not called damage', async () => {
    const stored = zstdCompressWholeSync(noise(3_000_000));
    for (const length of [0, 5, 100, 1_000_000, stored.length]) {
      const reading = joined(zstdDecompressStream(failing(stored.subarray(0, length)), 'x'));
      await expect(reading).rejects.toThrow('the disk is gone');
    }
  });

  it('closes its source when the reader leaves', async () => {
    let isClosed = false;
    const stored = zstdCompressWholeSync(noise(5_000_000));
    async function* watched(): AsyncGenerator<Buffer> {
      try {
        yield* inPieces(stored, 65_536);
      } finally {
        isClosed = true;
      }
    }
    for await (const piece of zstdDecompressStream(watched(), 'x')) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect(isClosed).toBe(true);
  });

  it('hands out content of one huge frame before the frame has ended', async () => {
    const stored = withoutContentSize(noise(8_000_000));
    let given = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const piece of inPieces(stored, 65_536)) {
        given += piece.length;
        yield piece;
      }
    }
    const stream = zstdDecompressStream(counted(), 'x');
    await stream.next();
    expect(given).toBeLessThan(stored.length / 2);
    await stream.return(undefined);
  });
});
