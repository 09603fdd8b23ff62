/**
 * The options by which a span of history is asked for, and what is wanted of it.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { LOG_OPERATIONS, type LogFilter } from '../app/log-filter.ts';
import { parseTablePattern } from '../history/table-pattern.ts';
import { parseInstant } from '../base/local-time.ts';
import { choice, duration, flag, integer, path, repeated, text, timeline, type Option } from './options.ts';
import { readClock } from './output/format.ts';

const HIGHEST_XID = 0xffff_ffff;
const FIRST_NORMAL_XID = 3;
const CLOCK = /^\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?$/;
const US_PER_DAY = 86_400_000_000n;
const DEFAULT_WITHIN_MS = 15 * 60_000;

/**
 * Reads a time, or a clock reading such as `08:00`: today's, or yesterday's while today's is still to come.
 *
 * @throws {Failure} `usage`, as {@link parseInstant}.
 */
export function parseMoment(
  given: string,
  { zone, flag: name, nowUs }: { readonly zone: string | undefined; readonly flag: string; readonly nowUs: bigint },
): bigint {
  const clock = given.trim();
  if (!CLOCK.test(clock)) return parseInstant(given, { zone, flag: name });
  if (zone === undefined) {
    throw new Failure('usage', {
      message: `cannot use ${JSON.stringify(given)} for ${name}: it names no time zone`,
      remedy: `Add --tz with a zone such as America/Vancouver, or UTC:\n    ${name} ${clock} --tz UTC`,
    });
  }
  const at = (us: bigint) =>
    parseInstant(
      `${readClock(us, zone, 0).date} ${clock.padStart(clock.indexOf(':') === 1 ? clock.length + 1 : 0, '0')}`,
      {
        zone,
        flag: name,
      },
    );
  const today = at(nowUs);
  return today <= nowUs ? today : at(nowUs - US_PER_DAY);
}

function moment(summary: string): Option<bigint | undefined> {
  return {
    placeholder: 'TIME',
    summary,
    absent: undefined,
    read: (texts, name, { zone }) =>
      parseMoment(texts.at(-1) ?? '', { zone, flag: name, nowUs: BigInt(Date.now()) * 1000n }),
  };
}

/** Which part of which history is read. */
export const SPAN_OPTIONS = {
  around: moment('Around this time: 08:00 (the last such time), or a date and time'),
  within: duration('How far around --around; 15min unless told'),
  since: moment('From this time on'),
  until: moment('Up to this time'),
  timeline: timeline("On the line of history of this timeline; the live server's unless told"),
  pgWal: path('Read this folder of WAL too (a pg_wal), for what is not archived yet'),
  namesFrom: text('Take names that the archive does not have from this running server or rehearsal', 'SERVER|ID'),
} as const;

/** Which transactions are wanted. */
export const FILTER_OPTIONS = {
  table: repeated(
    text('That changed this table, partitioned or not: orders, public.orders, shop.public.orders', 'TABLE'),
  ),
  database: repeated(text('In this database', 'NAME')),
  op: repeated(choice('That did this', LOG_OPERATIONS)),
  minRows: integer('That changed this many rows at least; TRUNCATE and DROP always do', 1, Number.MAX_SAFE_INTEGER),
  xid: repeated(integer('Of this number, its own or of a subtransaction', FIRST_NORMAL_XID, HIGHEST_XID)),
  aborted: flag('Show those too that were rolled back'),
} as const;

/** What was given of {@link SPAN_OPTIONS}. */
export interface GivenSpan {
  readonly around: bigint | undefined;
  readonly within: number | undefined;
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
}

/** Commit times, both ends included; `undefined` is open. */
export interface TimeRange {
  readonly sinceUs: bigint | undefined;
  readonly untilUs: bigint | undefined;
}

function usage(found: string, remedy: string): Failure {
  return new Failure('usage', { message: `cannot tell which time is meant: ${found}`, remedy });
}

/** The span. @throws {Failure} `usage` for a contradiction. */
export function spanFrom({ around, within, since, until }: GivenSpan): TimeRange {
  if (around !== undefined && (since !== undefined || until !== undefined)) {
    throw usage('--around is given with --since or --until', 'Keep --around alone, or the others.');
  }
  if (within !== undefined && around === undefined) {
    throw usage('--within is given without --around', 'Add --around, or leave --within out.');
  }
  if (around !== undefined) {
    const halfUs = BigInt(within ?? DEFAULT_WITHIN_MS) * 1000n;
    return { sinceUs: around - halfUs, untilUs: around + halfUs };
  }
  if (since !== undefined && until !== undefined && until < since) {
    throw usage('--until is before --since', 'Exchange the two.');
  }
  return { sinceUs: since, untilUs: until };
}

/** What was given of {@link FILTER_OPTIONS}. */
export interface GivenFilter {
  readonly table: readonly string[];
  readonly database: readonly string[];
  readonly op: LogFilter['operations'];
  readonly minRows: number | undefined;
  readonly xid: readonly number[];
  readonly aborted: boolean;
}

/** The filter. @throws {Failure} `usage` for what names no table. */
export function filterFrom(given: GivenFilter): LogFilter {
  return {
    tables: given.table.map((table) => parseTablePattern(table, '--table')),
    databases: given.database,
    operations: given.op,
    minRows: given.minRows,
    xids: given.xid,
    withAborted: given.aborted,
  };
}
