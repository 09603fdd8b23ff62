import { describe, expect, it } from 'vitest';

import { isTlsCode, retryAfterMs, systemCodeOf } from './network-error.ts';

describe('Retry-After', () => {
  it.each([
    ['3', 3000],
    ['0', 0],
    ['Sat, 03 Jan 2026 00:00:07 GMT', 7000],
    ['Fri, 02 Jan 2026 00:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('of %j asks for %j ms', (header, expectedMs) => {
    expect(retryAfterMs(header, new Date('2026-01-03T00:00:00Z'))).toBe(expectedMs);
  });
});

describe('the code of the system', () => {
  it('is found in what caused an error, and in the first of several', () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    expect(systemCodeOf(new Error('no', { cause: new AggregateError([refused]) }))).toBe('ECONNREFUSED');
    expect(systemCodeOf(new Error('no'))).toBeUndefined();
    expect(systemCodeOf(Object.assign(new Error('no'), { code: 'no' }))).toBeUndefined();
  });

  it('tells a refused certificate from a network that is away', () => {
    expect(['DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'].map(isTlsCode)).toEqual([true, true]);
    expect(['ECONNRESET', undefined].map(isTlsCode)).toEqual([false, false]);
  });
});
