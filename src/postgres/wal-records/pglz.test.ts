import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { pglzDecompress } from './pglz.ts';

/** A literal byte, or a match of so many bytes from so far back. */
type Item = { readonly literal: number } | { readonly lengthBytes: number; readonly distance: number };

/** Writes items as the format has them, beside the content that they mean. */
function stored(items: readonly Item[]): { stored: Buffer; content: Buffer } {
  const content: number[] = [];
  const out: number[] = [];
  for (let first = 0; first < items.length; first += 8) {
    const group = items.slice(first, first + 8);
    out.push(group.reduce((bits, item, index) => bits | ('literal' in item ? 0 : 1 << index), 0));
    for (const item of group) {
      if ('literal' in item) {
        out.push(item.literal);
        content.push(item.literal);
        continue;
      }
      const { lengthBytes, distance } = item;
      out.push((Math.min(lengthBytes, 18) - 3) | ((distance >> 4) & 0xf0), distance & 0xff);
      if (lengthBytes >= 18) out.push(lengthBytes - 18);
      for (let copied = 0; copied < lengthBytes; copied += 1) content.push(content[content.length - distance] ?? 0);
    }
  }
  return { stored: Buffer.from(out), content: Buffer.from(content) };
}

/** Matches reach back no further than what is there. */
const items = fc
  .array(
    fc.record({
      literal: fc.nat(255),
      isMatch: fc.boolean(),
      lengthBytes: fc.integer({ min: 3, max: 273 }),
      back: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((drawn) => {
    let bytes = 0;
    return drawn.map(({ literal, isMatch, lengthBytes, back }): Item => {
      if (!isMatch || bytes === 0) {
        bytes += 1;
        return { literal };
      }
      const distance = 1 + Math.floor(back * (Math.min(bytes, 4095) - 1));
      bytes += lengthBytes;
      return { lengthBytes, distance };
    });
  });

describe('pglz', () => {
  it('is unpacked to what was packed, also where a match overlaps itself', () => {
    fc.assert(
      fc.property(items, (drawn) => {
        const { stored: packed, content } = stored(drawn);
        expect(pglzDecompress(packed, content.length)).toEqual(content);
      }),
    );
  });

  it('is refused where it is longer or shorter than its content', () => {
    const { stored: packed, content } = stored([{ literal: 1 }, { lengthBytes: 20, distance: 1 }, { literal: 2 }]);
    expect(pglzDecompress(packed, content.length + 1)).toBeUndefined();
    expect(pglzDecompress(packed, content.length - 1)).toBeUndefined();
    expect(pglzDecompress(packed.subarray(0, -1), content.length)).toBeUndefined();
  });

  it('is refused where a match begins before the content', () => {
    expect(pglzDecompress(Buffer.from([0b10, 7, 0, 2]), 4)).toBeUndefined();
    expect(pglzDecompress(Buffer.from([0b10, 7, 0, 0]), 4)).toBeUndefined();
  });

  it('never gives anything but its length, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(8192), (bytes, contentBytes) => {
        expect([undefined, contentBytes]).toContain(pglzDecompress(Buffer.from(bytes), contentBytes)?.length);
      }),
    );
  });
});
