import { describe, expect, it } from 'vitest';

import { Failure } from './failure.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import { parseInstant } from './local-time.ts';

const FLAG = '--to-time';
const parse = (text: string, zone?: string) => formatTimeUs(parseInstant(text, { zone, flag: FLAG }));

function refusal(text: string, zone?: string): Failure {
  try {
    parseInstant(text, { zone, flag: FLAG });
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe('a time with an offset', () => {
  it.each([
    ['2026-06-05T15:02:11Z', '2026-06-05T15:02:11.000000Z'],
    ['2026-06-05t15:02:11.620113z', '2026-06-05T15:02:11.620113Z'],
    ['2026-06-05 08:02:11.5-07:00', '2026-06-05T15:02:11.500000Z'],
    ['2026-06-05 08:02-07', '2026-06-05T15:02:00.000000Z'],
    ['2026-06-05T20:32:11 +0530', '2026-06-05T15:02:11.000000Z'],
    ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
    ['2028-02-29T00:00:00+14:00', '2028-02-28T10:00:00.000000Z'],
  ])('%s is %s, whatever the zone', (text, expected) => {
    expect(parse(text)).toBe(expected);
    expect(parse(text, 'America/Vancouver')).toBe(expected);
  });
});

describe('a time without an offset', () => {
  it.each([
    ['2026-06-05 08:02:11', 'America/Vancouver', '2026-06-05T15:02:11.000000Z'],
    ['2026-01-05 08:02:11.25', 'America/Vancouver', '2026-01-05T16:02:11.250000Z'],
    ['2026-06-05 08:02:11', 'UTC', '2026-06-05T08:02:11.000000Z'],
    ['2026-06-05 20:32:11', 'Asia/Kolkata', '2026-06-05T15:02:11.000000Z'],
    ['2026-03-08 01:59:59', 'America/Vancouver', '2026-03-08T09:59:59.000000Z'],
    ['2026-03-08 03:00:00', 'America/Vancouver', '2026-03-08T10:00:00.000000Z'],
    ['2025-11-02 00:59:59', 'America/Vancouver', '2025-11-02T07:59:59.000000Z'],
    ['2025-11-02 02:00:00', 'America/Vancouver', '2025-11-02T10:00:00.000000Z'],
    // Half an hour of daylight saving, southern hemisphere.
    ['2026-10-04 01:59:59', 'Australia/Lord_Howe', '2026-10-03T15:29:59.000000Z'],
  ])('%s in %s is %s', (text, zone, expected) => {
    expect(parse(text, zone)).toBe(expected);
  });

  it('is refused when no zone is named', () => {
    expect(refusal('2026-06-05 08:02:11')).toMatchObject({
      kind: 'usage',
      message: 'cannot use "2026-06-05 08:02:11" for --to-time: it names no time zone',
      remedy: expect.stringContaining('--tz'),
    });
  });

  it('that clocks showed twice is refused with both instants, which can be typed', () => {
    const { message, remedy } = refusal('2025-11-02 01:30:00', 'America/Vancouver');
    expect(message).toBe(
      'cannot use "2025-11-02 01:30:00" for --to-time: clocks in America/Vancouver went back and showed it twice',
    );
    expect(remedy.split('\n')).toEqual([
      'Give one of these two:',
      '    --to-time 2025-11-02T01:30:00-07:00     (2025-11-02T08:30:00Z)',
      '    --to-time 2025-11-02T01:30:00-08:00     (2025-11-02T09:30:00Z)',
    ]);
    expect(parse('2025-11-02T01:30:00-07:00')).toBe('2025-11-02T08:30:00.000000Z');
  });

  it('that clocks never showed is refused with both readings of it', () => {
    const { message, remedy } = refusal('2026-03-08 02:30', 'America/Vancouver');
    expect(message).toContain('clocks in America/Vancouver went forward over it and never showed it');
    expect(remedy).toContain('--to-time 2026-03-08T02:30:00-08:00     (2026-03-08T10:30:00Z)');
    expect(remedy).toContain('--to-time 2026-03-08T02:30:00-07:00     (2026-03-08T09:30:00Z)');
  });

  it.each(['2025-11-02 01:00:00', '2025-11-02 01:59:59.999999'])(
    'is refused at the edges of the hour shown twice: %s',
    (text) => {
      expect(refusal(text, 'America/Vancouver').message).toContain('twice');
    },
  );

  it.each(['2026-03-08 02:00:00', '2026-03-08 02:59:59'])('is refused at the edges of the hour skipped: %s', (text) => {
    expect(refusal(text, 'America/Vancouver').message).toContain('never showed');
  });
});

describe('what is no time', () => {
  it.each([
    'yesterday',
    '08:00',
    '2026-06-05',
    '2026-02-30T00:00:00Z',
    '2026-06-05T24:00:00Z',
    '2026-06-05T23:59:60Z',
    '2026-13-01T00:00:00Z',
    '2026-06-05T08:00:00+15:00',
    '2026-06-05T08:00:00+05:75',
    '2026-06-05T08:00:00.1234567Z',
    '2026-06-05T08:00:00 PST',
    '',
  ])('is refused: %j', (text) => {
    expect(refusal(text, 'UTC').kind).toBe('usage');
  });
});
