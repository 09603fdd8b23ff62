/**
 * Offsets of IANA time zones, from the runtime's own zone data.
 *
 * @module
 */

const MS_PER_MINUTE = 60_000;
const MS_PER_DAY = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

/** What a clock in `zone` shows at `epochMs`, as if it were UTC; minus `epochMs`. East of Greenwich is positive. */
export function zoneOffsetMs(zone: string, epochMs: number): number {
  const wholeMs = Math.floor(epochMs / 1000) * 1000;
  const parts = new Map(
    formatOf(zone)
      .formatToParts(wholeMs)
      .map((part) => [part.type, part.value]),
  );
  const field = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
  const year = parts.get('era') === 'BC' ? 1 - field('year') : field('year');
  const shown = new Date(0);
  shown.setUTCFullYear(year, field('month') - 1, field('day'));
  shown.setUTCHours(field('hour'), field('minute'), field('second'));
  return shown.getTime() - wholeMs;
}

/** `-07:00`, `+05:30`, `+00:00`. */
export function formatOffset(offsetMs: number): string {
  const minutes = Math.abs(Math.round(offsetMs / MS_PER_MINUTE));
  const two = (part: number) => part.toString().padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/**
 * The offsets in force around a clock reading (given as if it were UTC), before and after any change of the clocks that
 * day; equal when there is none.
 */
export function offsetsAround(zone: string, clockMs: number): { beforeMs: number; afterMs: number } {
  return { beforeMs: zoneOffsetMs(zone, clockMs - MS_PER_DAY), afterMs: zoneOffsetMs(zone, clockMs + MS_PER_DAY) };
}

/** The instants at which a clock in `zone` shows a reading: one; two when clocks go back; none when they go forward. */
export function instantsShowing(zone: string, clockMs: number): readonly number[] {
  const { beforeMs, afterMs } = offsetsAround(zone, clockMs);
  const candidates = new Set([clockMs - beforeMs, clockMs - afterMs]);
  return [...candidates]
    .filter((epochMs) => epochMs + zoneOffsetMs(zone, epochMs) === clockMs)
    .toSorted((a, b) => a - b);
}
