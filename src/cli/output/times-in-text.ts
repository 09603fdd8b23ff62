/**
 * Times in sentences: messages name moments in UTC alone, and whoever reads them has another clock on the wall.
 *
 * @module
 */

import { formatAgo, readClock } from './format.ts';
import type { Screen } from './screen.ts';

/** RFC 3339 in UTC, on its own: not a part of a longer word, a path or a quoted name. */
const UTC_TIME = /(?<![\w:./"'=+-])(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z(?![\w:/"'=+-]|\.\w)/g;

/** A line to type, in a text: set in, or behind two spaces or more that follow its label; or the whole text. */
const IS_TO_TYPE = /^\s|(?:^|\s{2,})walkback\s|\s--[a-z]/;

function microseconds(whole: string, fraction: string): bigint | undefined {
  const epochMs = Date.parse(`${whole}Z`);
  return Number.isNaN(epochMs) ? undefined : BigInt(epochMs) * 1000n + BigInt(fraction.padEnd(6, '0'));
}

function lineWithTimes(line: string, screen: Screen): string {
  return line.replace(UTC_TIME, (text: string, whole: string, fraction: string | undefined) => {
    const timeUs = microseconds(whole, fraction ?? '');
    if (timeUs === undefined) return text;
    const local = readClock(timeUs, screen.zone, fraction === undefined ? 0 : 3);
    const date = local.date === whole.slice(0, 10) ? '' : `${local.date} `;
    return `${text} (${date}${local.time} ${screen.zone}, ${formatAgo(timeUs, screen.nowUs())})`;
  });
}

/**
 * The text with each time in UTC followed by the same in the screen's zone, and how long ago it was:
 * `2026-06-05T15:02:11.620113Z (08:02:11.620 America/Vancouver, 1 h 39 min ago)`, with the local date where it is
 * another. Lines that can be typed stay as they are.
 */
export function withLocalTimes(text: string, screen: Screen): string {
  return text
    .split('\n')
    .map((line) => (IS_TO_TYPE.test(line) ? line : lineWithTimes(line, screen)))
    .join('\n');
}
