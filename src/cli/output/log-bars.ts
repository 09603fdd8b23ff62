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
const LABEL_WIDTH = 8;
const COUNT_WIDTH = 26;
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

function labelOf(minute: number, minutes: number, screen: Screen): string {
  const { date, time } = readClock(BigInt(minute) * 60_000_000n, screen.zone, 0);
  return minutes >= 1440 ? date.slice(5) : time.slice(0, 5);
}

/** The bars of a digest with their title; none where it has no transactions. */
export function barLines(digest: LogDigest, offsetMinutes: number, screen: Screen): string[] {
  const { bars, minutes } = fitting(digest, offsetMinutes);
  if (bars.length === 0) return [];
  const most = Math.max(...bars.map(({ rows }) => rows));
  const room = screen.columns - 2 - LABEL_WIDTH - COUNT_WIDTH;
  const lines = [`  rows changed, per ${widthName(minutes)}`];
  let before: LogBar | undefined;
  for (const one of bars) {
    const skipped = before === undefined ? 0 : (one.minute - before.minute) / minutes - 1;
    if (skipped > 0)
      lines.push(`  ${skipped === 1 ? labelOf(one.minute - minutes, minutes, screen) : gap(skipped, minutes)}`);
    before = one;
    lines.push(barLine(one, { most, room, minutes }, screen));
  }
  return lines;
}

const gap = (skipped: number, minutes: number): string =>
  `  (nothing for ${minutes === 1 ? countOf(skipped, 'minute') : `${skipped} times ${widthName(minutes)}`})`;

function barLine(
  one: LogBar,
  { most, room, minutes }: { most: number; room: number; minutes: number },
  screen: Screen,
): string {
  const mark = one.hasLarge ? largeMark(screen) : ' ';
  const label = labelOf(one.minute, minutes, screen).padEnd(LABEL_WIDTH);
  const counts = `${formatCount(one.rows)} in ${countOf(one.transactions, 'commit')}`;
  const text = `${mark} ${label}${bar(one.rows, most, room, screen)} ${counts}`;
  return one.hasLarge ? screen.paint(text, 'loss') : text;
}
