import { describe, expect, it } from 'vitest';

import { noise } from '../../tests/support/pieces.ts';
import { XxHash32, xxHash32 } from './xxhash32.ts';

describe('xxHash32', () => {
  // Values that `xxhsum -H32` and the LZ4 command print.
  it.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('of %j is the published value', (text, hash) => {
    expect(xxHash32(Buffer.from(text))).toBe(hash);
  });

  it('does not depend on how the data was cut', () => {
    const data = noise(1000);
    for (const cut of [1, 3, 15, 16, 17, 31, 64, 999]) {
      const hash = new XxHash32();
      for (let at = 0; at < data.length; at += cut) hash.update(data.subarray(at, at + cut));
      expect(hash.digest()).toBe(xxHash32(data));
    }
  });

  it('can be read before more is added', () => {
    const hash = new XxHash32().update(Buffer.from('ab'));
    hash.digest();
    expect(hash.update(Buffer.from('c')).digest()).toBe(0x32d153ff);
  });
});
