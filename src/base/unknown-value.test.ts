import { describe, expect, it } from 'vitest';

import { parseJsonOrNothing, propertyOf } from './unknown-value.ts';

describe('a property of anything', () => {
  it('is found in objects, lists and errors', () => {
    expect(propertyOf({ code: 7 }, 'code')).toBe(7);
    expect(propertyOf(['a'], '0')).toBe('a');
    expect(propertyOf(new RangeError('too far'), 'name')).toBe('RangeError');
  });

  it.each([[undefined], [null], ['text'], [7], [{}]])('is undefined of %o', (value) => {
    expect(propertyOf(value, 'code')).toBeUndefined();
  });
});

describe('a text that may be JSON', () => {
  it('is its value, or undefined', () => {
    expect(parseJsonOrNothing('{"a": [1]}')).toEqual({ a: [1] });
    expect(parseJsonOrNothing('<html>')).toBeUndefined();
    expect(parseJsonOrNothing('')).toBeUndefined();
  });
});
