/**
 * Times that an operator types.
 *
 * RFC 3339 with `Z` or an offset is one instant. Without an offset it is a clock reading, and taken only when a zone is
 * named: with --tz or in the settings, never the host's. A reading that the clocks showed twice, or never, is refused with
 * both instants written out.
 *
 * @module
 */

import { Failure } from './failure.ts';
import { formatOffset, instantsShowing, offsetsAround } from './zone-offset.ts';

const FORM = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

interface Reading {
  /** The clock reading as if it were UTC; whole seconds. */
  readonly clockMs: number;
  readonly fractionUs: bigint;
  readonly offset: string | undefined;
}

function refuse(text: string, flag: string, found: string, remedy: string): Failure {
  return new Failure('usage', { message: `cannot use ${JSON.stringify(text)} for ${flag}: ${found}`, remedy });
}

function read(text: string, flag: string): Reading {
  const [, year, month, day, hour, minute, second = '00', fraction = '', offset] = FORM.exec(text) ?? [];
  if (year === undefined) {
    const found = 'expected a time such as 2026-06-05T15:02:11Z or 2026-06-05 08:02:11';
    throw refuse(text, flag, found, 'Give a date and a time; with Z or an offset it needs no --tz.');
  }
  const whole = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const clockMs = Date.parse(`${whole}Z`);
  if (Number.isNaN(clockMs) || new Date(clockMs).toISOString().slice(0, 19) !== whole) {
    throw refuse(text, flag, 'no calendar has such a time', 'Correct the date or the time.');
  }
  return { clockMs, fractionUs: BigInt(fraction.padEnd(6, '0')), offset };
}

/** Milliseconds of `Z`, `-07`, `-0700` or `+05:30`; `undefined` if no zone can have it. */
function parseOffsetMs(offset: string): number | undefined {
  if (/^z$/i.test(offset)) return 0;
  const digits = offset.replace(/\D/g, '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0);
  if (minutes > 14 * 60 || Number(digits.slice(2) || 0) > 59) return undefined;
  return (offset.startsWith('-') ? -1 : 1) * minutes * 60_000;
}

const toUs = (epochMs: number, fractionUs: bigint): bigint => BigInt(epochMs) * 1000n + fractionUs;

/** `2026-11-01T01:30:00-07:00`: an instant as a clock with that offset shows it. */
function asTyped(epochMs: number, offsetMs: number): string {
  return `${new Date(epochMs + offsetMs).toISOString().slice(0, 19)}${formatOffset(offsetMs)}`;
}

function twoChoices(reading: Reading, flag: string, zone: string): string {
  const { beforeMs, afterMs } = offsetsAround(zone, reading.clockMs);
  const lines = [beforeMs, afterMs].map((offsetMs) => {
    const epochMs = reading.clockMs - offsetMs;
    return `    ${flag} ${asTyped(epochMs, offsetMs)}     (${new Date(epochMs).toISOString().slice(0, 19)}Z)`;
  });
  return `Give one of these two:\n${lines.join('\n')}`;
}

/**
 * Reads a time, as microseconds since the Unix epoch.
 *
 * @throws {Failure} `usage` if it is no time, names no offset where no zone is known, or was shown twice or never.
 */
export function parseInstant(
  text: string,
  given: { readonly zone: string | undefined; readonly flag: string },
): bigint {
  const reading = read(text.trim(), given.flag);
  if (reading.offset !== undefined) {
    const offsetMs = parseOffsetMs(reading.offset);
    if (offsetMs !== undefined) return toUs(reading.clockMs - offsetMs, reading.fractionUs);
    throw refuse(text, given.flag, `no zone has the offset ${reading.offset}`, 'Offsets go from -14:00 to +14:00.');
  }
  if (given.zone === undefined) {
    const remedy = `Add Z for UTC, an offset such as -07:00, or --tz with a zone such as America/Vancouver.`;
    throw refuse(text, given.flag, 'it names no time zone', remedy);
  }
  const [first, second] = instantsShowing(given.zone, reading.clockMs);
  if (first !== undefined && second === undefined) return toUs(first, reading.fractionUs);
  const found =
    first === undefined
      ? `clocks in ${given.zone} went forward over it and never showed it`
      : `clocks in ${given.zone} went back and showed it twice`;
  throw refuse(text, given.flag, found, twoChoices(reading, given.flag, given.zone));
}
