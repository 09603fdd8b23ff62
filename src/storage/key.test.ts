import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { checkFolder, checkKey, checkPrefix, compareKeys } from './key.ts';

describe('the order of keys', () => {
  it('is that of their UTF-8 bytes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 6 });
    fc.assert(
      fc.property(text, text, (left, right) => {
        const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
        expect(Math.sign(compareKeys(left, right))).toBe(expected);
      }),
    );
  });

  it('puts characters beyond the Basic Multilingual Plane last, where JavaScript puts them before U+E000', () => {
    expect(compareKeys('\u{ff5e}', '\u{1f418}')).toBeLessThan(0);
    expect(['\u{1f418}', '\u{ff5e}'].toSorted()).toEqual(['\u{1f418}', '\u{ff5e}']);
  });
});

describe('a key', () => {
  it.each(['a', 'a/b.zst', 'wal_005/00000001.history.zst', '...', 'a/..b'])('may be %j', (key) => {
    expect(checkKey(key)).toBe(key);
  });

  it.each(['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/..', '../a', 'a\0', '\ud800'])('may not be %j', (key) => {
    expect(() => checkKey(key)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });

  it('begins with a prefix that may end anywhere, or a folder that ends with "/"', () => {
    expect([checkPrefix(''), checkPrefix('a/b'), checkPrefix('a/'), checkFolder(''), checkFolder('a/')]).toHaveLength(
      5,
    );
    expect(() => checkFolder('a')).toThrow(expect.objectContaining({ kind: 'usage' }));
    expect(() => checkPrefix('../')).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});
