import { describe, expect, it } from 'vitest';

import { CRC32C_START, crc32c, extendCrc32c, finishCrc32c } from './crc32c.ts';

/** Bit by bit, as the polynomial defines it. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('CRC-32C', () => {
  it.each([
    ['123456789', 0xe3069283],
    ['', 0],
    ['\0'.repeat(32), 0x8a9136aa],
  ])('of %j is the published check value', (text, expected) => {
    expect(crc32c(Buffer.from(text, 'latin1'))).toBe(expected);
  });

  it('of any length and start equals the bitwise definition', () => {
    const bytes = Buffer.from(Array.from({ length: 100 }, (_, index) => (index * 167 + 13) & 0xff));
    for (let start = 0; start < 20; start += 1) {
      for (let end = start; end <= bytes.length; end += 7) {
        expect(crc32c(bytes, start, end)).toBe(slowCrc(bytes.subarray(start, end)));
      }
    }
  });

  it('of any length around that from which it is folded equals the bitwise definition', () => {
    const bytes = Buffer.from(Array.from({ length: 2500 }, (_, index) => (index * index * 57 + 3) & 0xff));
    for (let end = 1240; end <= bytes.length; end += 17) {
      const start = end % 13;
      expect(crc32c(bytes, start, end), `${start} to ${end}`).toBe(slowCrc(bytes.subarray(start, end)));
    }
  });

  it('of a long stretch is the same after a longer one', () => {
    const bytes = Buffer.from(Array.from({ length: 33_000 }, (_, index) => (index * 197) & 0xff));
    const short = slowCrc(bytes.subarray(0, 2000));
    expect(crc32c(bytes, 0, 2000)).toBe(short);
    crc32c(bytes);
    expect(crc32c(bytes, 0, 2000)).toBe(short);
  });

  it('of long stretches equals the bitwise definition', () => {
    const bytes = Buffer.from(Array.from({ length: 80_000 }, (_, index) => (index * index * 31 + 7) & 0xff));
    for (const [start, end] of [
      [0, 384],
      [3, 1000],
      [1, 16_385],
      [0, 16_384],
      [7, 33_001],
      [0, 32_768],
      [5, 32_769 + 5],
      [0, 40_000],
      [3, 80_000],
    ] as const) {
      expect(crc32c(bytes, start, end), `${start} to ${end}`).toBe(slowCrc(bytes.subarray(start, end)));
    }
  });

  it('taken in two parts equals the whole', () => {
    const bytes = Buffer.from('a record header comes after its data');
    const first = extendCrc32c(CRC32C_START, bytes, 0, 11);
    expect(finishCrc32c(extendCrc32c(first, bytes, 11, bytes.length))).toBe(crc32c(bytes));
    const long = Buffer.alloc(6000, bytes);
    const half = extendCrc32c(CRC32C_START, long, 0, 3001);
    expect(finishCrc32c(extendCrc32c(half, long, 3001, long.length))).toBe(slowCrc(long));
  });
});
