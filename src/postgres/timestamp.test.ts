import { describe, expect, it } from 'vitest';

import { formatTimeUs, fromPostgresEpoch } from './timestamp.ts';

describe('a commit time', () => {
  it.each([
    [0n, '1970-01-01T00:00:00.000000Z'],
    [-1n, '1969-12-31T23:59:59.999999Z'],
    [1_780_671_731_620_113n, '2026-06-05T15:02:11.620113Z'],
    [fromPostgresEpoch(0n), '2000-01-01T00:00:00.000000Z'],
  ])('of %i microseconds is written %s', (timeUs, text) => {
    expect(formatTimeUs(timeUs)).toBe(text);
  });
});
