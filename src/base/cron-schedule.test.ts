import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { latestTime, nextTime, parseCronSchedule, type CronSchedule } from './cron-schedule.ts';

function schedule(text: string): CronSchedule {
  const read = parseCronSchedule(text);
  if (read === undefined) throw new Error(`${text} is no schedule`);
  return read;
}

const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16));
const next = (text: string, at: string, zone = 'UTC') => iso(nextTime(schedule(text), zone, Date.parse(at)));
const latest = (text: string, at: string, zone = 'UTC') => iso(latestTime(schedule(text), zone, Date.parse(at)));

describe('a schedule', () => {
  it.each([
    ['0 1 * * *', '2026-06-05T15:00Z', '2026-06-06T01:00'],
    ['*/20 * * * *', '2026-06-05T15:20Z', '2026-06-05T15:40'],
    ['5-15/5 3,4 * * *', '2026-06-05T03:10:30Z', '2026-06-05T03:15'],
    ['0 0 * * sun', '2026-06-05T15:00Z', '2026-06-07T00:00'],
    ['0 0 * * 7', '2026-06-05T15:00Z', '2026-06-07T00:00'],
    ['0 0 * * mon-fri', '2026-06-05T15:00Z', '2026-06-08T00:00'],
    ['0 0 1 * mon', '2026-06-05T15:00Z', '2026-06-08T00:00'],
    ['0 0 29 2 *', '2096-03-01T00:00Z', '2104-02-29T00:00'],
    ['@weekly', '2026-06-05T15:00Z', '2026-06-07T00:00'],
    ['30 2 * * * America/New_York', '2026-06-05T15:00Z', '2026-06-06T06:30'],
    ['@daily Asia/Kolkata', '2026-06-05T15:00Z', '2026-06-05T18:30'],
  ])('%s behind %s is next at %s', (text, at, expected) => {
    expect(next(text, at)).toBe(expected);
  });

  it('comes as much later as the clocks skip', () => {
    expect(next('30 2 * * *', '2026-03-08T00:00Z', 'America/New_York')).toBe('2026-03-08T07:30');
  });

  it('comes once, first, when the clocks show it twice', () => {
    expect(next('30 1 * * *', '2026-11-01T00:00Z', 'America/New_York')).toBe('2026-11-01T05:30');
    expect(next('30 1 * * *', '2026-11-01T05:30Z', 'America/New_York')).toBe('2026-11-02T06:30');
  });

  it('was last at its very minute', () => {
    expect(latest('0 1 * * *', '2026-06-05T01:00Z')).toBe('2026-06-05T01:00');
    expect(latest('0 1 * * *', '2026-06-05T00:59Z')).toBe('2026-06-04T01:00');
  });

  it.each(
    [
      ['', '* * * *', '60 * * * *', '0 24 * * *', '0 0 0 * *', '0 0 30 2 *', '0 0 * 13 *', '0 0 * * 8', '5-1 * * * *'],
      ['*/0 * * * *', '*-5 * * * *', '@often', '0 0 * * * Mars/Base', '0 0 * * * UTC x', '0 0 * * foo', '1,, * * * *'],
    ].flat(),
  )('is not %j', (text) => {
    expect(parseCronSchedule(text)).toBeUndefined();
  });

  it('has no time between the last one and the next', () => {
    const texts = ['0 1 * * *', '*/7 */5 * * *', '30 2 1,15 * mon', '0 0 31 * *', '15 23 * * * Australia/Lord_Howe'];
    const zones = ['UTC', 'America/New_York', 'Asia/Kolkata', 'Europe/London'];
    const at = fc.integer({ min: Date.parse('2020-01-01T00:00Z'), max: Date.parse('2032-01-01T00:00Z') });
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.constantFrom(...zones), at, (text, zone, atMs) => {
        const read = schedule(text);
        const before = latestTime(read, zone, atMs) ?? Number.NaN;
        const behind = nextTime(read, zone, atMs) ?? Number.NaN;
        return before <= atMs && behind > atMs && nextTime(read, zone, before) === behind;
      }),
      { numRuns: 200 },
    );
  });
});
