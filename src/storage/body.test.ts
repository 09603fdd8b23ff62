import { randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { partsOf } from './body.ts';
import { PartRoom } from './part-room.ts';

async function* pieces(all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

describe('the parts of a body', () => {
  it('are of the part size but for the last, and hold the same bytes, whatever pieces it comes in', async () => {
    const body = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(body, fc.integer({ min: 1, max: 25 }), async (given, partSizeBytes) => {
        const whole = Buffer.concat(given);
        for (const source of [pieces(given), whole]) {
          const parts = await Array.fromAsync(partsOf(source, new PartRoom(partSizeBytes)));
          expect(Buffer.concat(parts).equals(whole)).toBe(true);
          expect(parts.length).toBe(Math.max(1, Math.ceil(whole.byteLength / partSizeBytes)));
          for (const part of parts.slice(0, -1)) expect(part.byteLength).toBe(partSizeBytes);
        }
      }),
    );
  });

  it('are asked for one at a time', async () => {
    let givenBytes = 0;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 100; index += 1) {
        givenBytes += 10;
        yield randomBytes(10);
      }
    };
    const parts = partsOf(source(), new PartRoom(50));
    await parts.next();
    expect(givenBytes).toBeLessThanOrEqual(60);
  });
});
