/**
 * Times as Go writes them: RFC 3339 with as many digits of a second as there are, up to nine.
 *
 * A file's modification time decides in WAL-G whether a delta backup stores it, and is compared to the nanosecond: so
 * times are `bigint` nanoseconds since the Unix epoch, never rounded.
 *
 * Source: Go `time.RFC3339Nano`.
 *
 * @module
 */

const NS_PER_SECOND = 1_000_000_000n;
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Reads `2026-08-21T20:02:30.1234+02:00`; `undefined` if it is no such time. */
export function parseGoTime(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', sign = ''] = match;
  const offsetMinutes = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  const local = calendarMs(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  if (local === undefined || offsetMinutes >= 24 * 60) return undefined;
  const utcSeconds = local / 1000 - (sign === '-' ? -offsetMinutes : offsetMinutes) * 60;
  return BigInt(utcSeconds) * NS_PER_SECOND + BigInt(fraction.padEnd(9, '0'));
}

function calendarMs(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDay && hour < 24 && minute < 60 && second < 60 ? date.setUTCHours(hour, minute, second) : undefined;
}

/** Writes `2026-08-21T18:02:30.1234Z`: in UTC, zeros at the end of the fraction left out. Years 0 to 9999. */
export function formatGoTime(timeNs: bigint): string {
  const fraction = ((timeNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const seconds = (timeNs - fraction) / NS_PER_SECOND;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const digits = fraction.toString().padStart(9, '0').replace(/0+$/, '');
  return `${whole}${digits === '' ? '' : `.${digits}`}Z`;
}
