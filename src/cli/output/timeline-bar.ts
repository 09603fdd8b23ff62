/**
 * A timeline drawn as a bar: where it begins, its backups, what can be reached, holes, where it ends.
 *
 * @module
 */

import type { TimelineWindows, Window } from '../../history/window.ts';
import type { Screen } from './screen.ts';

const MARKS = {
  unicode: { begin: '├', reachable: '─', backup: '▲', gap: '·', goesOn: '▶', left: '┤' },
  ascii: { begin: '|', reachable: '-', backup: '^', gap: '.', goesOn: '>', left: '|' },
} as const;

/** A span of commit time. */
export interface TimeSpan {
  readonly fromUs: bigint;
  readonly toUs: bigint;
}

const usOf = (date: Date): bigint => BigInt(date.getTime()) * 1000n;

/** The commit times of a window: from its backup's end, or its first commit on this timeline, to its last commit. */
export function spanOf(window: Window, timeline: number): TimeSpan {
  const isOwn = window.backup.timeline === timeline && window.backup.finishLsn === window.fromLsn;
  const backupEndUs = usOf(window.backup.finishedAt);
  const fromUs = isOwn ? backupEndUs : (window.firstCommit?.timeUs ?? backupEndUs);
  const lastUs = window.lastCommit?.timeUs ?? fromUs;
  return { fromUs, toUs: lastUs > fromUs ? lastUs : fromUs };
}

/** The commit times of all of a timeline's windows; `undefined` if it has none. */
export function wholeSpan({ windows, timeline }: TimelineWindows): TimeSpan | undefined {
  return coveringSpan(windows.map((window) => spanOf(window, timeline)));
}

/** From the oldest to the newest moment that some timelines reach; `undefined` if they reach none. */
export function wholeReach(timelines: readonly TimelineWindows[]): TimeSpan | undefined {
  return coveringSpan(timelines.flatMap((timeline) => wholeSpan(timeline) ?? []));
}

function coveringSpan(spans: readonly TimeSpan[]): TimeSpan | undefined {
  const [first] = spans;
  if (first === undefined) return undefined;
  return spans.reduce(
    (whole, { fromUs, toUs }) => ({
      fromUs: fromUs < whole.fromUs ? fromUs : whole.fromUs,
      toUs: toUs > whole.toUs ? toUs : whole.toUs,
    }),
    first,
  );
}

/** Draws a timeline in `width` columns; `hasChild` if another one branched off where it ends. */
export function timelineBar(shown: TimelineWindows, width: number, screen: Screen, hasChild: boolean): string {
  const marks = screen.hasUnicode ? MARKS.unicode : MARKS.ascii;
  const whole = wholeSpan(shown);
  const end = hasChild ? marks.left : marks.goesOn;
  if (whole === undefined) return `${marks.begin}${marks.gap.repeat(Math.max(0, width - 2))}${end}`;
  const lengthUs = whole.toUs - whole.fromUs;
  const inner = width - 2;
  const cellOf = (us: bigint): number => {
    if (lengthUs === 0n) return 0;
    const cell = Number(((us - whole.fromUs) * BigInt(inner)) / lengthUs);
    return Math.max(0, Math.min(inner - 1, cell));
  };
  const cells = Array.from({ length: inner }, (): string => marks.gap);
  for (const window of shown.windows) {
    const { fromUs, toUs } = spanOf(window, shown.timeline);
    cells.fill(marks.reachable, cellOf(fromUs), cellOf(toUs) + 1);
  }
  // A hole is drawn however short it is.
  for (const { before, behind } of shown.holes) {
    if (before === undefined) continue;
    const from = cellOf(before.timeUs);
    cells.fill(marks.gap, from, Math.max(from + 1, behind === undefined ? inner : cellOf(behind.timeUs)));
  }
  for (const backup of shown.backups) {
    const us = usOf(backup.finishedAt);
    if (us >= whole.fromUs && us <= whole.toUs) cells[cellOf(us)] = marks.backup;
  }
  return `${marks.begin}${cells.join('')}${end}`;
}
