/**
 * The target of a clone, from CLONE_TARGET_TIME, CLONE_TARGET_INCLUSIVE and CLONE_TARGET_TIMELINE.
 *
 * Spilo gives the text to Python's dateutil and to PostgreSQL, which read it independently: some forms fail only after the
 * whole backup was fetched, `UTC-8` means eight hours east to both, and a text without a zone means what the server's zone
 * happens to be (F-01). Here a form that has one meaning is taken, and every other is refused.
 *
 * Source: Spilo `clone_with_wale.py`; PostgreSQL `src/backend/utils/adt/datetime.c`, `src/backend/access/transam/xlogrecovery.c`
 * (`check_recovery_target_time`, `check_recovery_target_timeline`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { parseInstant } from '../base/local-time.ts';
import type { CloneTarget } from './container-plan.ts';
import type { Reading } from './reading.ts';

const TIME = 'CLONE_TARGET_TIME';
const TIMELINE = 'CLONE_TARGET_TIMELINE';
const EXAMPLE = '2022-06-05 08:00:00-07:00';

/** Date and clock, then the zone, whatever it is. */
const PARTS = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(.*)$/i;
const IANA = /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+$/;

function refuse(reading: Reading, found: string, remedy: string): undefined {
  reading.refuse({ of: TIME, found, remedy });
  return undefined;
}

/** What an instant is parsed with: the clock with an offset, or the clock and a zone. */
function zoneOf(reading: Reading, text: string, zone: string): { offset: string; zone?: string } | undefined {
  if (/^(z|utc|gmt)$/i.test(zone)) return { offset: 'Z' };
  if (/^[+-]\d\d(:?\d\d)?$/.test(zone)) return { offset: zone };
  const shown = JSON.stringify(text);
  if (zone === '')
    return refuse(
      reading,
      `${shown} names no time zone, so it means whatever the server's zone is`,
      `Add an offset, as in ${EXAMPLE}, or Z for UTC.`,
    );
  const [, posix, digits] = /^(?:utc|gmt)\s*([+-])(\d\d?(?::?\d\d)?)$/i.exec(zone) ?? [];
  if (posix !== undefined && digits !== undefined) {
    const turned = posix === '-' ? '+' : '-';
    const [east, west] = [`${turned}${digits.padStart(2, '0')}`, `${posix}${digits.padStart(2, '0')}`];
    return refuse(
      reading,
      `${shown}: PostgreSQL reads ${zone} the other way round, as the offset ${east}`,
      `Write the offset alone: ${west} if that is meant, ${east} if the other one.`,
    );
  }
  if (IANA.test(zone) && !/^etc\//i.test(zone)) return { offset: '', zone };
  return refuse(
    reading,
    `${shown}: ${JSON.stringify(zone)} is no offset and no zone of its own`,
    `Write an offset, as in ${EXAMPLE}, or a zone's whole name, such as America/Vancouver; abbreviations such as PST have no one meaning.`,
  );
}

function timeOf(reading: Reading, text: string): bigint | undefined {
  const [, clock, rest = ''] = PARTS.exec(text.trim()) ?? [];
  if (clock === undefined)
    return refuse(reading, `${JSON.stringify(text)} is no time with a date`, `Write it as ${EXAMPLE}.`);
  if (/\.\d{7,}$/.test(clock))
    return refuse(
      reading,
      `${JSON.stringify(text)} has more than six digits of a second, which PostgreSQL would round`,
      'Write six at most.',
    );
  const zone = zoneOf(reading, text, rest);
  if (zone === undefined) return undefined;
  try {
    return parseInstant(`${clock}${zone.offset}`, { zone: zone.zone, flag: TIME });
  } catch (error) {
    if (error instanceof Failure) reading.refusals.push(error);
    else if (error instanceof RangeError)
      return refuse(reading, `there is no zone ${rest}`, `Write an offset, as in ${EXAMPLE}.`);
    else throw error;
    return undefined;
  }
}

function checkPast(reading: Reading, timeUs: bigint): void {
  if (reading.facts.dataVersion !== undefined || timeUs <= BigInt(reading.facts.nowMs) * 1000n) return;
  reading.refuse({
    of: TIME,
    found: `${reading.get(TIME) ?? ''} is in the future`,
    remedy: `Correct it. To take everything that the archive has, take ${TIME} out.`,
  });
}

/** PostgreSQL reads the text with base 0: `0x58` is 88, and `0000000058` is octal. Names of files are hexadecimal. */
function timelineOf(reading: Reading): number | undefined {
  const text = reading.get(TIMELINE);
  if (text === undefined || text === 'latest') return undefined;
  const isWhole = /^([1-9]\d{0,9}|0x[0-9a-f]{1,8})$/i.test(text);
  const value = isWhole ? Number(text) : Number.NaN;
  if (value >= 1 && value <= 0xffff_ffff) return value;
  const asName = /^[0-9a-f]{8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
  reading.refuse({
    of: TIMELINE,
    found:
      asName === undefined
        ? `it is ${JSON.stringify(text)}, and must be latest or the number of a timeline`
        : `it is ${JSON.stringify(text)}: as in the name of a file that is timeline ${asName}, and PostgreSQL would read another number`,
    remedy:
      asName === undefined
        ? `Take it out: the line of history that has the target is found without it. Or write the number, decimal or as 0x58.`
        : `Write ${asName} (or 0x${asName.toString(16)}) if that timeline is meant.`,
  });
  return undefined;
}

/** A clone without a target is right after the loss of a server, and wrong after a slip: nobody can tell but who reads it. */
function warnOfNone(reading: Reading): void {
  if (reading.facts.dataVersion !== undefined) return;
  reading.warn(
    `${TIME} is not set, so there is no target: everything in the archive is replayed, what destroyed data too`,
  );
}

/** The target. What is wrong with it is in the reading's refusals. */
export function cloneTarget(reading: Reading): CloneTarget {
  const text = reading.get(TIME);
  const timeUs = text === undefined ? undefined : timeOf(reading, text);
  if (timeUs !== undefined) checkPast(reading, timeUs);
  // Spilo asks whether the variable is empty: the empty text alone leaves out what was committed at that very moment.
  const isInclusive = !reading.has('CLONE_TARGET_INCLUSIVE') || reading.isOn('CLONE_TARGET_INCLUSIVE');
  const timeline = timelineOf(reading);
  if (text === undefined && timeline === undefined) warnOfNone(reading);
  return { timeUs, isInclusive, timeline };
}
