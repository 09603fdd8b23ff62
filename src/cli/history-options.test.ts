import { describe, expect, it } from 'vitest';

import { parseMoment, spanFrom } from './history-options.ts';

const us = (text: string): bigint => BigInt(Date.parse(text)) * 1000n;
const nowUs = us('2026-06-05T16:41:45Z');

describe('a clock reading', () => {
  const read = (text: string, zone: string | undefined = 'America/Vancouver') =>
    parseMoment(text, { zone, flag: '--around', nowUs });

  it.each([
    ['08:00', '2026-06-05T15:00:00Z'],
    ['8:00', '2026-06-05T15:00:00Z'],
    ['08:02:11.620', '2026-06-05T15:02:11.620Z'],
    ['09:41:45', '2026-06-05T16:41:45Z'],
    ['23:30', '2026-06-05T06:30:00Z'],
  ])('%s is the last such time: %s', (text, expected) => {
    expect(read(text)).toBe(us(expected));
  });

  it('without a zone is refused, with the flag to add', () => {
    expect(() => parseMoment('08:00', { zone: undefined, flag: '--around', nowUs })).toThrow(
      expect.objectContaining({ kind: 'usage', remedy: expect.stringContaining('--around 08:00 --tz UTC') }),
    );
  });

  it('that no clock shows is refused', () => {
    expect(() => read('25:00')).toThrow('no calendar has such a time');
  });

  it('may be a whole time instead', () => {
    expect(read('2026-06-05T15:02:11Z', undefined)).toBe(us('2026-06-05T15:02:11Z'));
  });
});

describe('a span', () => {
  const none = { around: undefined, within: undefined, since: undefined, until: undefined };

  it('around a time reaches a quarter of an hour to both sides, or as far as is said', () => {
    expect(spanFrom({ ...none, around: nowUs })).toEqual({
      sinceUs: us('2026-06-05T16:26:45Z'),
      untilUs: us('2026-06-05T16:56:45Z'),
    });
    expect(spanFrom({ ...none, around: nowUs, within: 60_000 }).untilUs).toBe(us('2026-06-05T16:42:45Z'));
  });

  it('is open where nothing is said', () => {
    expect(spanFrom(none)).toEqual({ sinceUs: undefined, untilUs: undefined });
    expect(spanFrom({ ...none, since: 5n })).toEqual({ sinceUs: 5n, untilUs: undefined });
  });

  it.each([
    [{ ...none, around: 5n, since: 4n }, '--around is given with'],
    [{ ...none, within: 5 }, '--within is given without'],
    [{ ...none, since: 5n, until: 4n }, '--until is before'],
  ])('that contradicts itself is refused', (given, message) => {
    expect(() => spanFrom(given)).toThrow(message);
  });
});
