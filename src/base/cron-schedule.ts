/**
 * Times that come again, as crontab(5) writes them: minute, hour, day of month, month, day of week, and behind them, if
 * wanted, the zone that they are meant in: `30 2 * * sun America/Vancouver`.
 *
 * When both days are restricted one of them suffices, as there. A time that the clocks skip comes as much later as they
 * skip; one that they show twice comes once, the first time. What no calendar has (30 February) is no schedule.
 *
 * Source: Vixie cron's crontab(5) for the fields, names, ranges, steps and the words behind `@`.
 *
 * @module
 */

import { instantsShowing, offsetsAround, zoneOffsetMs } from './zone-offset.ts';

/** A schedule that was read. */
export interface CronSchedule {
  /** As it was written. */
  readonly text: string;
  /** The zone written behind it. */
  readonly zone: string | undefined;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly daysOfWeek: readonly number[];
  /** Both days are restricted: a day counts that is one of them. */
  readonly eitherDay: boolean;
}

const MS_PER_DAY = 86_400_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;
/** From one 29 February to the next it can be eight years. */
const MOST_DAYS = 8 * 366 + 1;

const WORDS: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
]);
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

function numberOf(text: string, names: readonly string[], firstName: number): number {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + firstName;
  return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
}

interface Field {
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

/** One of the parts between commas: `*`, `5`, `1-5`, `0-30/10`, step and all. */
function readPart(part: string, { least, most, names = [] }: Field): number[] | undefined {
  const [, from, to, step] = /^(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d{1,2}))?$/i.exec(part) ?? [];
  if (from === undefined || (from === '*' && to !== undefined)) return undefined;
  const first = from === '*' ? least : numberOf(from, names, least);
  const isOne = to === undefined && step === undefined && from !== '*';
  const last = to === undefined ? (isOne ? first : most) : numberOf(to, names, least);
  const stride = Number(step ?? 1);
  if (!(first >= least && last <= most && first <= last && stride >= 1)) return undefined;
  return Array.from({ length: Math.floor((last - first) / stride) + 1 }, (_, at) => first + at * stride);
}

function readField(text: string, field: Field): number[] | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const read = readPart(part, field);
    if (read === undefined) return undefined;
    for (const value of read) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

/** Reads a schedule; `undefined` if it is none. */
export function parseCronSchedule(text: string): CronSchedule | undefined {
  const words = text.trim().split(/\s+/);
  const expanded = WORDS.get(words[0]?.toLowerCase() ?? '');
  const fields = expanded === undefined ? words : [...expanded.split(' '), ...words.slice(1)];
  const [minute = '', hour = '', day = '', month = '', weekday = '', zone, ...more] = fields;
  const minutes = readField(minute, { least: 0, most: 59 });
  const hours = readField(hour, { least: 0, most: 23 });
  const daysOfMonth = readField(day, { least: 1, most: 31 });
  const months = readField(month, { least: 1, most: 12, names: MONTHS });
  // 7 is Sunday too.
  const weekdays = readField(weekday, { least: 0, most: 7, names: DAYS });
  if (!minutes || !hours || !daysOfMonth || !months || !weekdays || more.length > 0) return undefined;
  if (zone !== undefined && !isZone(zone)) return undefined;
  const daysOfWeek = [...new Set(weekdays.map((one) => one % 7))].toSorted((a, b) => a - b);
  const eitherDay = !day.startsWith('*') && !weekday.startsWith('*');
  const schedule = { text: text.trim(), zone, minutes, hours, daysOfMonth, months, daysOfWeek, eitherDay };
  return nextTime(schedule, 'UTC', 0) === undefined ? undefined : schedule;
}

function isZone(zone: string): boolean {
  try {
    return zone === 'UTC' || (zone.includes('/') && zoneOffsetMs(zone, 0) < MS_PER_DAY);
  } catch {
    return false;
  }
}

function hasDay(schedule: CronSchedule, dayMs: number): boolean {
  const day = new Date(dayMs);
  if (!schedule.months.includes(day.getUTCMonth() + 1)) return false;
  const ofMonth = schedule.daysOfMonth.includes(day.getUTCDate());
  const ofWeek = schedule.daysOfWeek.includes(day.getUTCDay());
  return schedule.eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}

function instantOf(zone: string, clockMs: number): number {
  return instantsShowing(zone, clockMs)[0] ?? clockMs - offsetsAround(zone, clockMs).beforeMs;
}

/** The instants of one day of the zone's calendar, ascending. */
function timesOfDay(schedule: CronSchedule, zone: string, dayMs: number): number[] {
  if (!hasDay(schedule, dayMs)) return [];
  const clocks = schedule.hours.flatMap((hour) =>
    schedule.minutes.map((minute) => dayMs + hour * MS_PER_HOUR + minute * MS_PER_MINUTE),
  );
  return [...new Set(clocks.map((clockMs) => instantOf(zone, clockMs)))].toSorted((a, b) => a - b);
}

function dayOf(zone: string, atMs: number): number {
  return Math.floor((atMs + zoneOffsetMs(zone, atMs)) / MS_PER_DAY) * MS_PER_DAY;
}

/** The newest time of a schedule that is not after `atMs`. `zone` counts where the schedule names none. */
export function latestTime(schedule: CronSchedule, zone: string, atMs: number): number | undefined {
  const inZone = schedule.zone ?? zone;
  const today = dayOf(inZone, atMs);
  for (let days = 0; days <= MOST_DAYS; days += 1) {
    const found = timesOfDay(schedule, inZone, today - days * MS_PER_DAY).findLast((timeMs) => timeMs <= atMs);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first time of a schedule that is after `atMs`. */
export function nextTime(schedule: CronSchedule, zone: string, atMs: number): number | undefined {
  const inZone = schedule.zone ?? zone;
  const today = dayOf(inZone, atMs);
  // What was skipped yesterday may come today.
  for (let days = -1; days <= MOST_DAYS; days += 1) {
    const found = timesOfDay(schedule, inZone, today + days * MS_PER_DAY).find((timeMs) => timeMs > atMs);
    if (found !== undefined) return found;
  }
  return undefined;
}
