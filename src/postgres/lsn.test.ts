import { describe, expect, it } from 'vitest';

import { formatLsn, lsn, parseLsn } from './lsn.ts';

describe('an LSN', () => {
  it.each([
    ['16/B374D848', 0x16_b374_d848n],
    ['0/0', 0n],
    ['FFFFFFFF/FFFFFFFF', 2n ** 64n - 1n],
    ['200000/1', 0x20_0000_0000_0001n],
  ])('is written %s', (text, value) => {
    expect(parseLsn(text)).toBe(value);
    expect(formatLsn(lsn(value))).toBe(text);
  });

  it('padded as 19 does, or in lower case, is read', () => {
    expect(parseLsn('0/0000001a')).toBe(0x1an);
  });

  it.each(['', '0', '0/', '/0', '0/0/0', ' 0/1', '0/123456789', '0x1/2', '0/G'])('is not %j', (text) => {
    expect(parseLsn(text)).toBeUndefined();
  });

  it('has 64 bits', () => {
    expect(() => lsn(-1n)).toThrow('unsigned 64-bit');
    expect(() => lsn(2n ** 64n)).toThrow('unsigned 64-bit');
  });
});
