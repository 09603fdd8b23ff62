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
/** The lines and 700,000 zeros, four times, then ten lines: with a dictionary of 4,096 bytes. */
const LARGE: readonly string[] = [
  'XQAQAAD//////////wAYDoAnNfHoPY0Mh2gHRwV/vrf2iVR0vBlOuIYYvJQ75Xi+jG7wOp0qlDs49x8wLFKSGvVCX/HslFuO7Yq8HoYHRKJL',
  'HD6IFy3GY3Ukp1by0vzuBkALsEDIkcQ/jirSfY+wFKA/IbzyG41tOQ3rupS0p00877Dh4ARTbPAFdJRFH6z2ZXNOf9xmyd21lQr4aurM3NOT',
  '3vOQH0kmM3ME4RtESPyoj0yIh38UKwWMWpg2gW5sbzUjv7Lh67wPypaJe1sTl9f49MRNztchLVwE/mZ2XauiqEgw44krk0Qk9OMaIvlpPUKV',
  'pTYtKRe1y/PmHEma2FTxfnpMFJY/B+eYL2Ts0YwqX0btkHzEYZ46NIFL6FtWM8Q2AWcNrA3v4X3CQ4tGvtg2CeWAFyD64CcdyDV0WqETFjgA',
  '1Q2ql6RiYfMAf8l2fid7E4FEhpR1dwXQPzTda2fhhZWcMhdBOnv14GeRSC0pYKmIsWNGx/dYav+ak8kSORO0zkRjqkoMSYyrpSFLCCMihI1w',
  'UQPMmTn+tHnp4ezeshD/aEfZwbT56cS728QOPTOmjuhQXVwOwfanjovRvVP0cNvRVtXEDD7TKBW77cd6t2M8ExInK28tjxZu5iMCV5BxXA4C',
  'rxT3CPffJyXW5Bew9dmIyqhh0b6UQ42O96Rp36AD5kinfBSsAkjqGuCIIxZmVw3f3yWlqb2p2uENmBAXYJIG7e4YdqdaS9Z/6Us9uIj3vER+',
  'JkaO7tt6bDnXWIDqm7/56Z7mNTVBRM45sH2t6XpspW3A6Jyi2/Q27nFNVaWDLvQ3u3SIWh7FrqeYTN8WcYYCoX0emYgb1t62Elr3Cjm+rGVo',
  'wjztVN3z/muSe0c/DDkcJIf5CM4maSyCwR8XhkV3tAZRuPmzGj7Ea517k1+20suIvqNaLUcJ29Ab1H7ow+66Jiho3jUKc3aIt5ZXrLZN4Wkd',
  'b/tLiBBsQsuIP1wAj9BOryYolHEfPY8k4XCepyNf7CjLhdGVmIp+KpHyJ3X3GcAGmE2Y/div1ZAPxCVT+PLvULlBcjacloh9D9qB7CUPeNM9',
  'Os8JdtRzalEiDeGkJmVQa2/fAkFdKs5zxrytVKVpWWp7iOIzs0SpQQew9zIA6rUjkSgRbuaZh1aPpG0rD6hz5wDJ3jfgLWSt7uVerT6ZjF+m',
  'B8M01uVj3I/uiJcXwNXQnQMnsFmqmEQG6DMZLwtMo7ips7++VZ9IlP4H3E7sjUTsCaGxo40A4fVI/hn7PRaP0uDqlljK6EUpG3jP2vquusiT',
  'NKS0SLR8452bWYQA1IkIi+tQobuGG90HYalzUWd2NEkyGmhgFI3w17C73ECfU6teHEkw0A/oBJaObTrRgZ+oT+SPtRgjs5t5xkVVbEzIhF7B',
  'NlBx389kN1ju8SOvHQtkJDssU0N/X+Ds9fZSmAe6izQf90YPLEs4JBRG1wzMxlYGMzI47RMKxv8lNvbTRTHfrGe7gONsia8TBSHNpCJIzHr3',
  'FPuEmJRAR8+ItBOmuMggI3ShNlXUqYRYamK7G/vmo3FXd2cMKBYRj8QT+2MN3xyjNvTeP2oaKilR8TkS86JLaO9tS+xwI/I53ROMB+ReuLbv',
  'BetEtW/WOyOYwLXkrow8sDNZwBJAJP2yJJBp8KnrxJWNTijJKSuQ37m+Na3v4sMO7q/rZ1OBMD4ZLDz4em8m4Npb4W960CWRjmGuiPU3PF26',
  'GaJaoorrcBTqXiJ9JF0EopstpiqUXodZ95IxWXhT1c2h+nFBLvMRDk7tQaxX9yfr9F9sgrXGaz73ZVE1zMtBhuY6WNlRoue71Xjl9AF93J3A',
  'BphNmP3Yr9WQD8QlU/j1kTYxBaWw7m/BcE1HDNGREaqtYB26zrEnGFxZhulmUli+6XasWeTlWwUI+cfapyXBfFPfET33gH/CI1BUS3AWRRea',
  '3GzicQG71AHq/8VZUc5L01YKbPnQcigvBD5oTrCaMjsPjHwvVvS9b/korcFXWdBJ4nEIu1PcoSmP0zr5cvyerljRFPq9wtbbRVRZj1rxZUfi',
  '/lBVRn2zYDN0NDzF/laM0uJ3mu88Ss09vtQn2YKyZYG84B1rxBAINTY+gPoHapobjj9bAoNRnEb7nYSNtA3JB7z0EH5ENBXcZi6wCaWDyoMe',
  '8NZRkbqRcUKcBBpTnvSUFkl5+dFEPpZdzWgGdYuJyVWKTg3omZSRObO2+xI/M+b4aHSuU8lC+Tk/JJB2gWfW1ZsMnpTk0t8U6Ilcv0AlyqMr',
  'JCTeXdLQjO8KjuV6xnnoS0bCleVXB7ZEzrS9uC56NlLLzgRmR9Gpw782mmPuWwGYajYxZ9uqasiSk8Rfep8dmz5UjZeMmMdcebEf0kING8mH',
  'E3fj9Qe4pCEYzGPZRIuSplZ5TXiByznepq54jjnc+s3o61osSWiDv9a8or39jeUGbU40lY8eJp+P3eZo6CngaLlqo9mUS9nqJjZvy+pYWAtH',
  'FVL7ed7vl3iL2I+akVZEvZCprq/lTgEFRUUAcTj18ScmCK8BUHXbKvhnjDCAa7EdNuLmYHrSXYkCCuDGLj2ALv6m6Vt6RvEI25AImP8BtDZ1',
  'gNk2JkVC55dqEesO0zlcMbB/jHvV6YUS/WPlee3TLf5hlwYDX8lwOxTAMjeYpRUBpeijCSrsqv9aJqxyDBaSp745jyThcJ6nI1/sKMuF0ZWY',
  'in4qkfIndfcZwAaYTZj92K/U8tPdD4osKkuYucSrtuB19D+ULYJ9i8AFdQKcoyivhYrOIJfHXkTkB2sLGAeV4G/3e9klKBCXaypBzYfCrVwU',
  'flu3QmmhxuAtE2Xl4s05rWwoNfMDmEsZ1ra0B1gBN7RK5nnxvRcSJSBHKn4Z9MiXsTPbtP4oRevgOQcPPAsbVxOZIOxAZO/B44gsFX4HExa1',
  'Bxvrh5kGBC41l8mft3QsgpYQalXa8dmpV3rLj+nVTUWXdxXNWdRauzeIhZDSksq+DzcgTjp9UmrW8hu8tVVGMb41iWByQmH5xRuVmE++xDJ1',
  'm4lyXmgdHfzAiMYxA1BuiS0vdWNYchTJbDff05RV2OWADgDp+Hxraa6YtXGenENVK12vblt/bAinTDwSMkgfIferqLMkzv+vFW7eCTVpFqbq',
  'KhhyTAdTQi55H5TEf6b8vWUFW5xNmu9F13OHZUf2EbPG5eESRZcj8ujQVhFfpbyVEFYLgAUuXt5uV2WT1ApPO6/f/kEAdcl1/CV0cAEQxVS5',
  '3cMmZifn34E7jIFSn70W3f6mEu+km5btbvCGzY47ayqFZAs2kGUfpR+KfmC+g5Pdc0A/rzF55fEUd35MjW2UGUP5oFArNBsvLgnTBA/g6mFl',
  'T7b7cGC5rYz2rhwZrszup+d+mKUVPehcBMtc0IQZDfYMSpmEW1DwcCxLzTfCS4GL57vVeOX0AX3cncAGmE2Y/div1ZAPxCVT+PWRNjEFpbDu',
  'b8FwTUcM0ZERqq1gHbrOsScYXFmG6WZSWL7pdqxZ5OVbBQj5x9qt/PtSJyBBC2FHzq2FAKR/wVbkL+S41uty0ngyaK4Ng5lQ0AMpxaGxY8KG',
  '0aeOt5ApivLGc5K6eDV7Bg369q01QE3szdeXk1HupzO4gbOLIMHuY3qcZeckeVe89pU8inBlE0d9FKY7lgjOgd3yw4IrUwRIxfiBCE3f//tp',
  'Hto=',
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

  it('that is much larger than its dictionary is read', async () => {
    const large = await joined(lzmaDecompressStream(inPieces(bytesOf(LARGE), 100), 'x'));
    expect(large.equals(Buffer.from(`${`${lines(60)}${'\0'.repeat(700_000)}`.repeat(4)}${lines(10)}`))).toBe(true);
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
