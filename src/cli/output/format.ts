/**
 * Numbers and times as an operator reads them.
 *
 * Sizes are in units of 1024, named as PostgreSQL's `pg_size_pretty` names them.
 *
 * @module
 */

import { zoneOffsetMs } from '../../base/zone-offset.ts';
import type { Screen } from './screen.ts';

/** `48,211`. */
export function formatCount(count: number | bigint): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 segment`, `48,211 segments`. */
export function countOf(count: number | bigint, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${BigInt(count) === 1n ? noun : plural}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `512 B`, `4.1 GB`, `212 MB`: two digits or more. */
export function formatBytes(sizeBytes: number | bigint): string {
  let size = Number(sizeBytes);
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || size >= 9.95 ? 0 : 1;
  return `${size.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** `212 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

const PARTS: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** `0.4 s`, `19 s`, `6 min 20 s`, `3 h 12 min`, `2 d 4 h`: the two largest units. */
export function formatDuration(ms: number): string {
  if (ms < 9_950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const first = PARTS.findIndex(([, inSeconds]) => seconds >= inSeconds);
  const [name, inSeconds] = PARTS[first] ?? ['s', 1];
  const [nextName, nextInSeconds] = PARTS[first + 1] ?? [undefined, 1];
  const head = `${Math.floor(seconds / inSeconds)} ${name}`;
  const rest = Math.floor((seconds % inSeconds) / nextInSeconds);
  return nextName === undefined || rest === 0 ? head : `${head} ${rest} ${nextName}`;
}

/** `38 s ago`, `3 h 12 min ago`; `in 5 min` for what is to come. */
export function formatAgo(timeUs: bigint, nowUs: bigint): string {
  const ms = Number(nowUs - timeUs) / 1000;
  if (ms < 0) return `in ${formatDuration(-ms)}`;
  return ms < 1000 ? 'just now' : `${formatDuration(Math.floor(ms / 1000) * 1000)} ago`.replace('.0 s', ' s');
}

/** A clock reading, `2026-06-05 08:02:11.620`. */
export interface ClockReading {
  readonly date: string;
  /** With three digits, or six where the last three are not zero. */
  readonly time: string;
  /** `UTC-7`, `UTC+5:30`, `UTC`. */
  readonly offset: string;
}

/** What a clock in `zone` shows. Digits finer than the clock's are cut, never rounded up to a later moment. */
export function readClock(timeUs: bigint, zone: string, digits: 0 | 3 | 6 = 3): ClockReading {
  const fractionUs = ((timeUs % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const epochMs = Number((timeUs - fractionUs) / 1000n);
  const offsetMs = zoneOffsetMs(zone, epochMs);
  const shown = new Date(epochMs + offsetMs).toISOString();
  const fraction = fractionUs.toString().padStart(6, '0').slice(0, digits);
  return {
    date: shown.slice(0, 10),
    time: `${shown.slice(11, 19)}${digits === 0 ? '' : `.${fraction}`}`,
    offset: offsetName(offsetMs),
  };
}

function offsetName(offsetMs: number): string {
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  if (minutes === 0) return 'UTC';
  const rest = minutes % 60 === 0 ? '' : `:${(minutes % 60).toString().padStart(2, '0')}`;
  return `UTC${offsetMs < 0 ? '-' : '+'}${Math.floor(minutes / 60)}${rest}`;
}

/** `2026-06-05 08:02:11.620 America/Vancouver, 15:02:11.620 UTC, 1 h 39 min ago`: everything about a moment that matters. */
export function describeMoment(timeUs: bigint, screen: Screen, digits: 0 | 3 | 6 = 3): string {
  const utc = readClock(timeUs, 'UTC', digits);
  const ago = formatAgo(timeUs, screen.nowUs());
  if (isUtc(screen.zone)) return `${utc.date} ${utc.time} UTC, ${ago}`;
  const local = readClock(timeUs, screen.zone, digits);
  const utcDate = utc.date === local.date ? '' : `${utc.date} `;
  return `${local.date} ${local.time} ${screen.zone}, ${utcDate}${utc.time} UTC, ${ago}`;
}

function isUtc(zone: string): boolean {
  return zone === 'UTC' || zone === 'Etc/UTC';
}

/** `today 09:41:07`, `Jun 2 06:15`: short, in the screen's zone; with the year where it is another. */
export function shortTime(timeUs: bigint, screen: Screen, digits: 0 | 3 | 6 = 0): string {
  const local = readClock(timeUs, screen.zone, digits);
  const now = readClock(screen.nowUs(), screen.zone, 0);
  if (local.date === now.date) return `today ${local.time}`;
  const [year = '', month = '', day = ''] = local.date.split('-');
  const monthName = MONTHS[Number(month) - 1] ?? month;
  const shownYear = now.date.startsWith(year) ? '' : ` ${year}`;
  return `${monthName} ${Number(day)}${shownYear} ${local.time}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `times in America/Vancouver (UTC-7)`: once, at the top of a screen. */
export function zoneLine(screen: Screen): string {
  if (isUtc(screen.zone)) return 'times in UTC';
  return `times in ${screen.zone} (${readClock(screen.nowUs(), screen.zone).offset})`;
}
