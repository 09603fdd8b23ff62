import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inPieces, noise } from '../../tests/support/pieces.ts';
import { ByteSource } from './byte-source.ts';

const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 });

describe('a byte source', () => {
  it('gives the lengths asked for, in order, however the bytes come', async () => {
    const data = noise(500);
    await fc.assert(
      fc.asyncProperty(lengths, lengths, async (pieceSizes, asked) => {
        const source = new ByteSource(inPieces(data, ...pieceSizes));
        let at = 0;
        for (const lengthBytes of asked) {
          expect(await source.peek(lengthBytes)).toEqual(data.subarray(at, at + lengthBytes));
          expect(await source.take(lengthBytes)).toEqual(data.subarray(at, at + lengthBytes));
          at = Math.min(at + lengthBytes, data.length);
          expect(source.offset).toBe(at);
        }
      }),
    );
  });

  it('needs no piece any more when it asks for the next', async () => {
    const data = noise(500);
    async function* overwritten(sizes: readonly number[]): AsyncGenerator<Buffer> {
      for await (const piece of inPieces(data, ...sizes)) {
        const own = Buffer.from(piece);
        yield own;
        own.fill(0xaa);
      }
    }
    await fc.assert(
      fc.asyncProperty(lengths, lengths, async (pieceSizes, asked) => {
        const source = new ByteSource(overwritten(pieceSizes));
        let at = 0;
        for (const lengthBytes of asked) {
          expect(await source.peek(lengthBytes)).toEqual(data.subarray(at, at + lengthBytes));
          const target = Buffer.alloc(lengthBytes);
          const filled = lengthBytes % 2 === 0 ? await source.takeInto(target) : lengthBytes;
          const taken = lengthBytes % 2 === 0 ? target.subarray(0, filled) : await source.take(lengthBytes);
          expect(taken).toEqual(data.subarray(at, at + lengthBytes));
          at = Math.min(at + lengthBytes, data.length);
        }
      }),
    );
  });

  it('gives what is left, then nothing, at the end', async () => {
    const source = new ByteSource(inPieces(Buffer.from('abc'), 2));
    expect((await source.take(10)).toString()).toBe('abc');
    expect((await source.take(10)).length).toBe(0);
    expect((await source.takeSome(1)).length).toBe(0);
    expect((await source.peek(1)).length).toBe(0);
  });

  it('tells the stream when no more is wanted, once', async () => {
    let closed = 0;
    async function* watched(): AsyncGenerator<Buffer> {
      try {
        yield Buffer.from('abc');
        yield Buffer.from('def');
      } finally {
        closed += 1;
      }
    }
    const source = new ByteSource(watched());
    await source.take(1);
    await source.close();
    await source.close();
    expect(closed).toBe(1);
  });
});
