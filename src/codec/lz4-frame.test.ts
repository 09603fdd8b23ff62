import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inPieces, joined, noise, pages } from '../../tests/support/pieces.ts';
import { isFailure } from '../base/failure.ts';
import { lz4Word } from './lz4-format.ts';
import {
  lz4Compress,
  lz4CompressStream,
  lz4CompressSync,
  lz4Decompress,
  lz4DecompressStream,
  lz4DecompressSync,
} from './lz4-frame.ts';

const LIMIT = { maxBytes: 64 * 1024 * 1024, object: 'wal_005/x.lz4' };
const EMPTY = '04224d186470b900000000055dcc02';

/**
 * What `lz4 -B4 -BD -BX --content-size` (1.9.4) makes of 150,000 times the letter `w`, and of nothing: blocks of 64 KiB
 * that refer to the ones before, block checksums, content size.
 */
const LINKED =
  '04224d185c40f049020000000000e90b0100001f770100' +
  'ff'.repeat(256) +
  'e7507777777777bba82dfb0b0100001f770100' +
  'ff'.repeat(256) +
  'e7507777777777bba82dfb550000001f770100' +
  'ff'.repeat(74) +
  '2150777777777768f22056000000004214b881';
const LINKED_EMPTY = '04224d187440bd00000000055dcc02';

async function everyWay(stored: Buffer): Promise<Buffer[]> {
  return [
    await lz4Decompress(stored, LIMIT),
    lz4DecompressSync(stored, LIMIT),
    await joined(lz4DecompressStream(inPieces(stored, 65_536), LIMIT.object)),
    await inFreedMemory(stored),
  ];
}

async function inFreedMemory(stored: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of lz4DecompressStream(inPieces(stored, 100, 65_536), LIMIT.object, { frees: true })) {
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

async function expectCorrupt(stored: Buffer, found: RegExp | string, pieceBytes = 7): Promise<void> {
  const expected = expect.objectContaining({ kind: 'corrupt', message: expect.stringMatching(found) });
  await expect(lz4Decompress(stored, LIMIT)).rejects.toEqual(expected);
  expect(() => lz4DecompressSync(stored, LIMIT)).toThrow(expected);
  await expect(joined(lz4DecompressStream(inPieces(stored, pieceBytes), LIMIT.object))).rejects.toEqual(expected);
}

describe('lz4 as it is written', () => {
  it('has the header WAL-G writes, whatever the size', async () => {
    for (const sizeBytes of [0, 1, 70_000, 300_000, 4_194_304, 5_000_000]) {
      for (const stored of [
        await lz4Compress(pages(sizeBytes)),
        lz4CompressSync(pages(sizeBytes)),
        await joined(lz4CompressStream(inPieces(pages(sizeBytes), 99_999))),
      ]) {
        expect(stored.toString('hex', 0, 7)).toBe('04224d186470b9');
      }
    }
  });

  it('is, for nothing, the fifteen bytes WAL-G writes for nothing', async () => {
    expect(lz4CompressSync(Buffer.alloc(0)).toString('hex')).toBe(EMPTY);
    expect((await joined(lz4CompressStream(inPieces(Buffer.alloc(0))))).toString('hex')).toBe(EMPTY);
  });

  it('stores a block that does not get smaller as it is', async () => {
    const data = noise(5_000_000);
    const stored = await joined(lz4CompressStream(inPieces(data, 1_000_001)));
    expect(stored.length).toBe(data.length + 7 + 2 * 4 + 8);
    for (const content of await everyWay(stored)) expect(content.equals(data)).toBe(true);
  });
});

describe('lz4 as it is read', () => {
  it('gives back what was compressed, at any size', async () => {
    for (const sizeBytes of [0, 1, 12, 13, 65_536, 4_194_303, 4_194_304, 4_194_305, 9_000_000]) {
      const data = pages(sizeBytes);
      const streamed = await joined(lz4CompressStream(inPieces(data, 123_456)));
      for (const content of await everyWay(await lz4Compress(data))) expect(content.equals(data)).toBe(true);
      for (const content of await everyWay(streamed)) expect(content.equals(data)).toBe(true);
    }
  });

  it('reads linked blocks, block checksums and a content size, as the lz4 program writes them', async () => {
    const data = Buffer.alloc(150_000, 'w');
    for (const content of await everyWay(Buffer.from(LINKED, 'hex'))) expect(content.equals(data)).toBe(true);
    for (const content of await everyWay(Buffer.from(LINKED_EMPTY, 'hex'))) expect(content).toHaveLength(0);
  });

  it('reads every frame, and passes over skippable ones', async () => {
    const frame = lz4CompressSync(pages(3000));
    const skippable = Buffer.from('5f2a4d1803000000616263', 'hex');
    const stored = Buffer.concat([skippable, frame, skippable, frame]);
    for (const content of await everyWay(stored)) {
      expect(content.equals(Buffer.concat([pages(3000), pages(3000)]))).toBe(true);
    }
  });

  it('refuses a small object cut at any byte', async () => {
    for (const stored of [lz4CompressSync(pages(2000)), Buffer.from(LINKED, 'hex')]) {
      for (let length = 0; length < stored.length; length += 1) {
        await expectCorrupt(stored.subarray(0, length), /it ends|it is empty|no lz4 frame/, 67);
      }
    }
  });

  it.each(['00', 'ffffff', '00'.repeat(32), '04224d18'])('refuses the bytes %s after a frame', async (hex) => {
    await expectCorrupt(Buffer.concat([lz4CompressSync(pages(1000)), Buffer.from(hex, 'hex')]), /lz4 frame/);
  });

  it('refuses or reads the same, whichever byte is changed', async () => {
    for (const [stored, data] of [
      [lz4CompressSync(pages(3000)), pages(3000)],
      [Buffer.from(LINKED, 'hex'), Buffer.alloc(150_000, 'w')],
    ] as const) {
      await fc.assert(
        fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
          const changed = Buffer.from(stored);
          changed[at] = (changed[at] ?? 0) ^ flip;
          const content = await lz4Decompress(changed, LIMIT).catch((error: unknown) => error);
          expect(isFailure(content, 'corrupt') || (Buffer.isBuffer(content) && content.equals(data))).toBe(true);
        }),
        { numRuns: 200 },
      );
    }
  });

  it('refuses a block larger than the frame allows, without allocating it', async () => {
    const header = lz4CompressSync(Buffer.alloc(0)).subarray(0, 7);
    await expectCorrupt(Buffer.concat([header, lz4Word(0x7fff_ffff)]), 'claims 2147483647 bytes');
  });

  it('never gives more than the limit', async () => {
    const stored = lz4CompressSync(Buffer.alloc(50_000_000));
    const limit = { maxBytes: 16 * 1024 * 1024, object: 'x' };
    await expect(lz4Decompress(stored, limit)).rejects.toEqual(expect.objectContaining({ kind: 'corrupt' }));
    expect(() => lz4DecompressSync(stored, limit)).toThrow(expect.objectContaining({ kind: 'corrupt' }));
  });
});
