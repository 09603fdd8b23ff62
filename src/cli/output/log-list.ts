/**
 * Transactions as a list: when, which, what they did.
 *
 * @module
 */

import { isLargeTransaction } from '../../app/transaction-size.ts';
import type { LoggedTransaction } from '../../history/transactions/logged-transaction.ts';
import { formatAgo, readClock } from './format.ts';
import type { Screen } from './screen.ts';
import { shownText } from './shown-name.ts';
import { cutTo, effectText, stateOf } from './transaction-words.ts';

const TIME_WIDTH = 15;
const AGO_WIDTH = 15;
const DAY_WIDTH = 6;
/** From here on there is room for UTC and for how long ago. */
const WIDE_COLUMNS = 110;

/** The mark of what is large: a block, or what ASCII has. */
export function largeMark(screen: Screen): string {
  return screen.hasUnicode ? '▌' : '!';
}

/** What is the same for all lines of one list. */
export interface ListLayout {
  readonly xidWidth: number;
  readonly isWide: boolean;
  /** Databases are told apart only where there are several. */
  readonly hasDatabases: boolean;
  /** The day stands in each line: they are of several, and not in the order of time. */
  readonly hasDays: boolean;
}

/** A layout for these transactions. */
export function layoutFor(shown: readonly LoggedTransaction[], screen: Screen): ListLayout {
  const databases = new Set(
    shown.map(({ databaseOid }) => databaseOid).filter((oid) => oid !== undefined && oid !== 0),
  );
  return {
    xidWidth: Math.max(7, ...shown.map(({ xid }) => String(xid).length)) + 2,
    isWide: screen.columns >= WIDE_COLUMNS,
    hasDatabases: databases.size > 1,
    hasDays: false,
  };
}

/** The heads of the columns. */
export function listHead({ xidWidth, isWide, hasDays }: ListLayout): string {
  const day = hasDays ? 'day'.padEnd(DAY_WIDTH) : '';
  const more = isWide ? `${'UTC'.padEnd(TIME_WIDTH)}${'ago'.padEnd(AGO_WIDTH)}` : '';
  return `  ${day}${'time'.padEnd(TIME_WIDTH)}${more}${'xid'.padEnd(xidWidth)}what it did`;
}

/** `[shop] `, its name cut where it would take more than half of the room. */
function databaseTag({ databaseName }: LoggedTransaction, room: number, screen: Screen): string {
  if (databaseName === undefined) return '';
  return `[${cutTo(shownText(databaseName), Math.floor(room / 2) - 3, screen)}] `;
}

/** One line. */
export function listLine(one: LoggedTransaction, layout: ListLayout, screen: Screen): string {
  const { time } = readClock(one.timeUs, screen.zone);
  const utc = readClock(one.timeUs, 'UTC').time;
  const ago = formatAgo(one.timeUs, screen.nowUs()).replace(/ ago$/, '');
  const more = layout.isWide ? `${utc.padEnd(TIME_WIDTH)}${ago.padEnd(AGO_WIDTH)}` : '';
  const mark = isLargeTransaction(one) ? largeMark(screen) : ' ';
  const day = layout.hasDays ? dayOf(one, screen).slice(5).padEnd(DAY_WIDTH) : '';
  const head = `${mark} ${day}${time.padEnd(TIME_WIDTH)}${more}${String(one.xid).padEnd(layout.xidWidth)}`;
  const room = screen.columns - head.length;
  const database = layout.hasDatabases ? databaseTag(one, room, screen) : '';
  const text = `${head}${database}${effectText(one, room - database.length, screen)}`;
  const state = stateOf(one);
  return state === undefined ? text : screen.paint(text, state);
}

/** The day of a transaction where lines that follow are of another than those before: `2026-06-06`. */
export function dayOf(one: LoggedTransaction, screen: Screen): string {
  return readClock(one.timeUs, screen.zone, 0).date;
}

/** All lines with their head; a line with the date where it changes. `startDay` is named above the list already. */
export function listLines(shown: readonly LoggedTransaction[], screen: Screen, startDay?: string): string[] {
  const layout = layoutFor(shown, screen);
  const lines = [listHead(layout)];
  let day = startDay;
  for (const one of shown) {
    const next = dayOf(one, screen);
    if (day !== next) lines.push(`  ${next}`);
    day = next;
    lines.push(listLine(one, layout, screen));
  }
  return lines;
}

/** A layout for lines that come one by one. */
function followLayout(screen: Screen): ListLayout {
  return { xidWidth: 12, isWide: screen.columns >= WIDE_COLUMNS, hasDatabases: true, hasDays: false };
}

/** The head of a list whose lines come one by one. */
export function followHead(screen: Screen): string[] {
  return [listHead(followLayout(screen))];
}

/** A line of such a list. */
export function followLine(one: LoggedTransaction, screen: Screen): string {
  return listLine(one, followLayout(screen), screen);
}
