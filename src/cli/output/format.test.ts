import { describe, expect, it } from 'vitest';

import {
  countOf,
  describeMoment,
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  readClock,
  shortTime,
  zoneLine,
} from './format.ts';
import type { Screen } from './screen.ts';

const NOW_US = 1_780_677_672_000_000n; // 2026-06-05T16:41:12Z
const screen = (zone: string): Screen => ({
  columns: 80,
  isTerminal: false,
  hasUnicode: true,
  zone,
  nowUs: () => NOW_US,
  paint: (text) => text,
});

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1536, '1.5 kB'],
    [10_188, '9.9 kB'],
    [10_200, '10 kB'],
    [1_048_064, '1.0 MB'],
    [222_298_112, '212 MB'],
    [4_402_341_478n, '4.1 GB'],
    [2n ** 60n, '1024 PB'],
  ])('of %d bytes read %s', (sizeBytes, text) => {
    expect(formatBytes(sizeBytes)).toBe(text);
  });

  it('per second are rates', () => {
    expect(formatRate(222_298_112.4)).toBe('212 MB/s');
  });
});

describe('counts', () => {
  it('are grouped, and agree with their noun', () => {
    expect([0, 7, 999, 1000, 48_211, 1_204_771n].map((count) => formatCount(count))).toEqual([
      '0',
      '7',
      '999',
      '1,000',
      '48,211',
      '1,204,771',
    ]);
    expect([countOf(1, 'segment'), countOf(212n, 'segment'), countOf(2, 'history', 'histories')]).toEqual([
      '1 segment',
      '212 segments',
      '2 histories',
    ]);
  });
});

describe('durations', () => {
  it.each([
    [-5, '0.0 s'],
    [420, '0.4 s'],
    [9_940, '9.9 s'],
    [9_960, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [380_000, '6 min 20 s'],
    [11_520_000, '3 h 12 min'],
    [7_200_000, '2 h'],
    [187_200_000, '2 d 4 h'],
  ])('of %d ms read %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    [0n, 'just now'],
    [5_900_000n, '5 s ago'],
    [38_000_000n, '38 s ago'],
    [11_520_000_000n, '3 h 12 min ago'],
    [-300_000_000n, 'in 5 min'],
  ])('of %d µs before now read %s', (us, text) => {
    expect(formatAgo(NOW_US - us, NOW_US)).toBe(text);
  });
});

describe('moments', () => {
  const at = 1_780_671_731_620_113n; // 2026-06-05T15:02:11.620113Z

  it('are told as local, UTC and how long ago', () => {
    expect(describeMoment(at, screen('America/Vancouver'))).toBe(
      '2026-06-05 08:02:11.620 America/Vancouver, 15:02:11.620 UTC, 1 h 39 min ago',
    );
  });

  it('have both dates where they differ, and the zone once where it is UTC', () => {
    expect(describeMoment(at + 36_000_500_000n, screen('America/Vancouver'), 0)).toBe(
      '2026-06-05 18:02:12 America/Vancouver, 2026-06-06 01:02:12 UTC, in 8 h 21 min',
    );
    expect(describeMoment(at, screen('UTC'), 6)).toBe('2026-06-05 15:02:11.620113 UTC, 1 h 39 min ago');
  });

  it('are cut, never rounded up, also before 1970', () => {
    expect(readClock(1_999_999n, 'UTC').time).toBe('00:00:01.999');
    expect(readClock(-1n, 'UTC')).toEqual({ date: '1969-12-31', time: '23:59:59.999', offset: 'UTC' });
  });

  it.each([
    ['America/Vancouver', 'UTC-7'],
    ['Asia/Kolkata', 'UTC+5:30'],
    ['Europe/London', 'UTC+1'],
    ['Africa/Abidjan', 'UTC'],
  ])('in %s are at %s', (zone, offset) => {
    expect(readClock(at, zone).offset).toBe(offset);
  });

  it('are short within a list', () => {
    const vancouver = screen('America/Vancouver');
    expect(shortTime(at, vancouver)).toBe('today 08:02:11');
    expect(shortTime(at - 3n * 86_400_000_000n, vancouver)).toBe('Jun 2 08:02:11');
    expect(shortTime(at - 365n * 86_400_000_000n, vancouver)).toBe('Jun 5 2025 08:02:11');
  });

  it('have their zone named at the top', () => {
    expect(zoneLine(screen('America/Vancouver'))).toBe('times in America/Vancouver (UTC-7)');
    expect(zoneLine(screen('UTC'))).toBe('times in UTC');
  });
});
