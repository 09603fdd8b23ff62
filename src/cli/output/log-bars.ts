/**
 * A long span of a log as bars: how many rows were changed in each minute, quarter of an hour, hour …
 *
 * @module
 */

import { BAR_MINUTES, widenBars, type LogBar, type LogDigest } from '../../app/log-digest.ts';
import { countOf, formatCount, readClock } from './format.ts';
import { largeMark } from './log-list.ts';
import type { Screen } from './screen.ts';

const MOST_LINES = 32;
const LABEL_GAP = 3;
const LEAST_BAR_WIDTH = 4;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

function widthName(minutes: number): string {
  if (minutes === 1) return 'minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (minutes === 60) return 'hour';
  if (minutes < 1440) return `${minutes / 60} hours`;
  return minutes === 1440 ? 'day' : 'week';
}

/** The narrowest bars of which there are not too many. */
function fitting(digest: LogDigest, offsetMinutes: number): { bars: readonly LogBar[]; minutes: number } {
  const first = digest.bars[0]?.minute ?? 0;
  const last = digest.bars.at(-1)?.minute ?? 0;
  const minutes =
    BAR_MINUTES.find((width) => width >= digest.barMinutes && (last - first) / width < MOST_LINES) ??
    BAR_MINUTES[BAR_MINUTES.length - 1] ??
    1;
  return { bars: widenBars(digest.bars, minutes, offsetMinutes), minutes };
}

function bar(rows: number, most: number, width: number, screen: Screen): string {
  if (rows === 0 || most === 0) return '';
  const eighths = Math.max(1, Math.round((rows / most) * width * 8));
  if (!screen.hasUnicode) return '#'.repeat(Math.max(1, Math.floor(eighths / 8)));
  return `${'█'.repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8] ?? ''}`;
}

const clockAt = (minute: number, screen: Screen) => readClock(BigInt(minute) * 60_000_000n, screen.zone, 0);

/** When bars begin, as short as tells each from the others: `08:00`, `06-05 08:00`, `06-05`, `2026-06-05`. */
function labeller(bars: readonly LogBar[], minutes: number, screen: Screen): (minute: number) => string {
  const ends = [bars[0], bars.at(-1)].map((one) => clockAt(one?.minute ?? 0, screen).date);
  const isOne = (digits: number) => new Set(ends.map((date) => date.slice(0, digits))).size === 1;
  const day = (date: string) => (isOne(4) ? date.slice(5) : date);
  return (minute) => {
    const { date, time } = clockAt(minute, screen);
    if (minutes >= 1440) return day(date);
    return isOne(10) ? time.slice(0, 5) : `${day(date)} ${time.slice(0, 5)}`;
  };
}

/** The bars of a digest with their title; none where it has no transactions. */
export function barLines(digest: LogDigest, offsetMinutes: number, screen: Screen): string[] {
  const { bars, minutes } = fitting(digest, offsetMinutes);
  if (bars.length === 0) return [];
  const most = Math.max(...bars.map(({ rows }) => rows));
  const labelOf = labeller(bars, minutes, screen);
  const labelWidth = labelOf(bars[0]?.minute ?? 0).length + LABEL_GAP;
  const countWidth = Math.max(...bars.map((one) => countsOf(one).length)) + 1;
  const room = Math.max(LEAST_BAR_WIDTH, screen.columns - 2 - labelWidth - countWidth);
  const lines = [`  rows changed, per ${widthName(minutes)}`];
  let before: LogBar | undefined;
  for (const one of bars) {
    const skipped = before === undefined ? 0 : (one.minute - before.minute) / minutes - 1;
    if (skipped > 0) lines.push(`  ${skipped === 1 ? labelOf(one.minute - minutes) : gap(skipped, minutes)}`);
    before = one;
    const label = labelOf(one.minute).padEnd(labelWidth);
    lines.push(barLine(one, `${label}${bar(one.rows, most, room, screen)}`, screen));
  }
  return lines;
}

const gap = (skipped: number, minutes: number): string =>
  `  (nothing for ${minutes === 1 ? countOf(skipped, 'minute') : `${skipped} times ${widthName(minutes)}`})`;

const countsOf = ({ rows, transactions }: LogBar): string =>
  `${formatCount(rows)} in ${countOf(transactions, 'commit')}`;

function barLine(one: LogBar, labelledBar: string, screen: Screen): string {
  const mark = one.hasLarge ? largeMark(screen) : ' ';
  const text = `${mark} ${labelledBar} ${countsOf(one)}`;
  return one.hasLarge ? screen.paint(text, 'loss') : text;
}
