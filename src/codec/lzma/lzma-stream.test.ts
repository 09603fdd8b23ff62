import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { inPieces, joined } from '../../../tests/support/pieces.ts';
import { lzmaDecompressStream } from './lzma-stream.ts';

/** Written by liblzma 5.4, with bits of context, of literals' positions and of all positions as told. */
const SAMPLES: readonly (readonly [string, readonly string[]])[] = [
  [
    '3, 0 and 2 bits, as WAL-G writes',
    [
      'XQAAAQD//////////wAYDoAnNfHoPY0Mh2gHRwV/vrf2iVR0vBlOuIYYvJQ75Xi+jG7wOp0qlDs49x8wLFKSGvVCX/HslFuO7Yq8HoYH',
      'RKJLHD6IFy3GY3Ukp1by0vzuBkALsEDIkcQ/jirSfY+wFKA/IbzyG41tOQ3rupS0p00877Dh4ARTbPAFdJRFH6z2ZXNOf9xmyd21lQr4',
      'aurM3NOT3vOQH0kmM3ME4RtESPyoj0yIh38UKwWMWpg2gW5sbzUjv7Lh67wPypaJe1sTl9f49MRNztchLVwE/mZ2XauiqEgw44krk0Qk',
      '9OMaIvlpPUKVpTYtKRe1y/PmHEma2FTxfnpMFJY/B+eYL2Ts0YwqX0btkHzEYZ46NIFL6FtWM8Q2AWcNrA3v4X3CQ4tGvtg2CeWAFyD6',
      '4CcdyDV0WqETFjgA1Q2ql6RiYfMAf8l2fid7E4FEhpR1dwXQPzTda2fhhZWcMhdBOnv14GeRSC0pYKmIsWNGx/dYav+ak8kSORO0zkRj',
      'qkoMSYyrpSFLCCMihI1wUQPMmTn+tHnp4ezeshD/aEfZwbT56cS728QOPTOmjuhQXVwOwfanjovRvVP0cNvRVtXEDD7TKBW77cd6t2M8',
      'ExInK28tjxZu5iMCV5BxXA4CrxT3CPffJyXW5Bew9dmIyqhh0b6UQ42O96Rp36AD5kinfBSsAkjqGuCIIxZmVw3f3yWlqb2p2uENmBAX',
      'YJIG7e4YdqdaS9Z/6Us9uIj3vER+JkaO7tt6bDnXWIDqm7/56Z7mNTVBRM45sH2t6XpspW3A6Jyi2/Q27nFNVaWDLvQ3u3SIWh7FrqeY',
      'TN8WcYYCoX0emYgb1t62Elr3Cjm+rGVowjzoHeHI8ZKF3msR///4Z+LW',
    ],
  ],
  [
    'no bits',
    [
      'AAAAAQD//////////wAYD9teShzwPPfWwozphSmzEeF1ZJ/S8MU8+zZoLZVrlSYjBde7iWgSlTBbJ5VBj0oV9x5LnV98reZXmQIvOpDm',
      'Z2IXQEjsxgRWEuV7mSnVfyERLeQSaS596NHNg/moiawxIAR6IN/jnRM450JyCTcO3aR5b7tf0yDGxfRvDYa/ACCeKofbTiZ8K/ZNi1E8',
      'CNTWgS8UrOhx70Ct0i0hYWDkm5++6xlZJXDP+MMIesELfsi7vCX1mBhr97bvqksth2sgWWYJwfigGqa9IZJSNKkSZNiWBWjDVXxsIbu6',
      'I7PTmBUqwsDM697YQdJlQzdDQTGehfGCWPw/NQi/vocsKSldGyobHFrUzJ+GRn3xI47ExmdTScJxsVy7s2GeIQge2HkzQOMcE794Zy40',
      'VwhSflVGBhEVXUXOUmu5+P752SN/hTjAGCkqlPV7ZAB1PIITEbRBVPxf0DYZVivE0KQjVpXnt9oTBpzWbA23o+TKifCOyk+biDyZ3ojS',
      'puR6X5A29mzy89ijwIrd6nvOShjFAcIMBIFJMWPzwAiTjhPxdioiPtMtUSqiAzA3tMGfVbAZWQVPn4P3P1N+SXr7LCfVRBgHUq4aUVMD',
      'n8RbiMWgVt4ARk30x5jsGN6bc2OJ6iaCqqmXfcW9DQyni9a/cVEolVQpGoBc4nyjJs5gf3U+rFUlbGvMmmr1JcBXy1DkQ9WKdM1uxItm',
      'WXNfb9CC6/BitKIsQZD9TeiU0kate+nuA+O20m3JpTvuC2YV6Iey4CYoJIAnLskMtlXqrjz91MMW4GwjSyv1Mt9b/+0rVZM=',
    ],
  ],
  [
    '1, 3 and 4 bits',
    [
      '0AAAAQD//////////wAYDoAHQ0GUQGI0nih/63YJT646aCY7/nFjOOBeBFvFyEGDQr8+xm8UIhgqOfVNmSSCn45gKm/EK1wMI2MbmiqB',
      'VMzqEojLtCKlNXOywFzjidHHE/jASwaV0MQ2pZQrxRGYszrgTmiB/Qd6r7rYVlVZr84kvYg2yxeHo7ZeEFDSYGv14yhCu4rqzlG1H1Pt',
      'dLCPWjt0zwi/XutAIZzq83dwPhH4sBwWgk3Capd6GT4uDE5O0FSHuDR7WuwbsyYRN9Shtv0UiJrD4kNGr7tEZ0vkOFYpcut+8KlAK3/p',
      '0MGPjovgBRbq7DLeDNIcHaYlAbnnC4+Hohn/y0KSZdv4eqtd5D/jWuwcfOukNJOrBumq3dOrD1x+u0FfqOuXFTmMYMzdsZMa0wMMdMbP',
      '/u9NhieEkH7lM/z0g4bndvhiV5ng1D2rNDvQ0gyxsOi8zkijkcu0eb3aIA26lPOtjdpzVvn1orBjYsDM+fhwRwxOAQU+ScEMUBAvzfTU',
      'y9/byZ3IgVy+lpyDn4Gpt6U0CraSZBQJLcG0PMx+XCmPVZqsj0kxYPWSfk99yZLoK7uO/ef95Zdhfqf6jegDIRAegDMMh6Mjcsumb4oh',
      'ZyEqQQllJ8C35BN3bobrwcKX3W1WIqbWgivMvP6Jo/QpEja2p1oONbUbOk49P056n+pW+4sGnOfIlOJFp7g0XGCeVfWzNdKGC3mxhuo5',
      'dLlP5gYcmg9fb58J2q3RynN76Nm/DeXfMJ1ZfVUjlVzpb2KbBZCarVGdS4L3LJGvWx/pWQRY35mo4PVZ4hI5ePkUk0IA5SiiAiBJEnxZ',
      'ceqJAmLpN1m7lq8DepYpQO/3UE/VfpfW1mSz4rXf6IAgO5ONhhQDrMszwSq6v0pUPxl8op8tigySt13H2qi6QkEcpzcHUVQNI5j0Nd3m',
      'h5fJW9XCuXwun9eQp1ScMu8P6gnJ0GntZ9JRir5NhEEC5YUNHlRcRN3WD/MmCAxRUKasBvm+3dhw47rEL4K+cN//LHQ3AA==',
    ],
  ],
];
const HEADER_BYTES = 13;

function lines(count: number): string {
  const line = (at: number): string => {
    const what = ['beginning', 'middle', 'end'][at % 3];
    return `${at}: the ${what} of line ${Math.floor(at / 7)}, ${Number((BigInt(at) * 2654435761n) & 0xffffffffn).toString(16)}\n`;
  };
  return Array.from({ length: count }, (_, at) => line(at)).join('');
}

const TEXT = `${lines(60)}${'\0'.repeat(5000)}${lines(10)}`;
const bytesOf = (base64: readonly string[]): Buffer => Buffer.from(base64.join(''), 'base64');
const FIRST = bytesOf(SAMPLES[0]?.[1] ?? []);
const read = async (bytes: Buffer): Promise<Buffer> => joined(lzmaDecompressStream(inPieces(bytes, 7), 'x'));

/** The sample with another size in its header. */
function saying(sizeBytes: number): Buffer {
  const bytes = Buffer.from(FIRST);
  bytes.writeBigUInt64LE(BigInt(sizeBytes), 5);
  return bytes;
}

describe('an lzma object', () => {
  it.each(SAMPLES)('written with %s is read, in pieces of any size', async (_, base64) => {
    const bytes = bytesOf(base64);
    for (const pieceBytes of [1, 5, 100, bytes.length]) {
      const stream = lzmaDecompressStream(inPieces(bytes, pieceBytes), 'x');
      expect((await joined(stream)).toString()).toBe(TEXT);
    }
  });

  it('may say its size, and must then have it', async () => {
    expect((await read(saying(TEXT.length))).toString()).toBe(TEXT);
    await expect(read(saying(TEXT.length - 1))).rejects.toMatchObject({ kind: 'corrupt' });
    await expect(read(saying(TEXT.length + 1))).rejects.toMatchObject({
      message: `cannot read x: it holds ${TEXT.length} bytes, and says ${TEXT.length + 1}`,
    });
  });

  it.each([
    ['it is empty', FIRST.subarray(0, 0)],
    ['it ends inside its lzma header', FIRST.subarray(0, 12)],
    ['it ends inside its lzma data', FIRST.subarray(0, HEADER_BYTES + 3)],
    ['it ends inside its lzma data', FIRST.subarray(0, -1)],
    ['there is something after its lzma data', Buffer.concat([FIRST, Buffer.alloc(1)])],
    ['it does not begin as an lzma object does', Buffer.concat([Buffer.from([225]), FIRST.subarray(1)])],
    ['its lzma dictionary would have', Buffer.concat([FIRST.subarray(0, 4), Buffer.from([0xff]), FIRST.subarray(5)])],
  ])('is refused: %s', async (found, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining(found) });
  });

  it('that is damaged fails or gives something, and does nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(FIRST.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(FIRST);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        const got = await read(bytes).catch((error: unknown) => error);
        if (!Buffer.isBuffer(got)) expect(got).toMatchObject({ kind: 'corrupt' });
      }),
      { numRuns: 200 },
    );
  });
});
