import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatGoTime, parseGoTime } from './go-time.ts';

const YEAR_9999_NS = 253_402_300_799_999_999_999n;
const YEAR_1_NS = -62_135_596_800_000_000_000n;

describe('a time as Go writes it', () => {
  it('is read back to the nanosecond', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: YEAR_1_NS, max: YEAR_9999_NS }), (timeNs) => {
        expect(parseGoTime(formatGoTime(timeNs))).toBe(timeNs);
      }),
    );
  });

  it.each([
    ['2026-08-21T20:02:30.123456789+02:00', '2026-08-21T18:02:30.123456789Z'],
    ['2026-11-22T16:32:49.67670077Z', '2026-11-22T16:32:49.67670077Z'],
    ['2026-08-21T18:02:41.5-00:30', '2026-08-21T18:32:41.5Z'],
    ['2026-08-21T18:02:41Z', '2026-08-21T18:02:41Z'],
    ['2024-02-29T00:00:00.000Z', '2024-02-29T00:00:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['1969-12-31T23:59:59.9Z', '1969-12-31T23:59:59.9Z'],
  ])('%s is %s', (text, written) => {
    expect(formatGoTime(parseGoTime(text) ?? -1n)).toBe(written);
  });

  it.each([
    '',
    '2026-08-21',
    '2026-08-21 18:02:41Z',
    '2026-08-21T18:02:41',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:00.1234567890Z',
    '2026-01-01T00:00:00+24:00',
  ])('is not %j', (text) => {
    expect(parseGoTime(text)).toBeUndefined();
  });
});
