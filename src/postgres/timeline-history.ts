/**
 * Timeline history files: how one line of a cluster's history branched off another.
 *
 * Source: PostgreSQL manual, "Timelines"; `src/backend/access/transam/timeline.c` (`readTimeLineHistory`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { parseLsn, type Lsn } from './lsn.ts';

/** Where a timeline ended and its child began. */
export interface TimelineSwitch {
  /** The parent timeline. */
  readonly timeline: number;
  /** First byte that is no longer the parent's: its WAL is valid for positions below this. */
  readonly switchLsn: Lsn;
  /** The server's own words: `before transaction 601762`, `no recovery target specified` … */
  readonly reason: string;
}

/** The line of history that leads to `timeline`, oldest ancestor first. Timeline 1 has no ancestors. */
export interface TimelineHistory {
  readonly timeline: number;
  readonly ancestors: readonly TimelineSwitch[];
}

const HISTORY_NAME = /^([0-9A-F]{8})\.history$/;

/** `00000002.history`. */
export function formatHistoryName(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
}

/** The timeline of `00000002.history`; `undefined` for any other name. */
export function parseHistoryName(name: string): number | undefined {
  const digits = HISTORY_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/**
 * Reads a history file.
 *
 * @throws {Failure} `corrupt` if a line is not `timeline TAB lsn TAB reason`, or timelines do not ascend.
 */
export function parseTimelineHistory(timeline: number, text: string): TimelineHistory {
  const ancestors: TimelineSwitch[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    ancestors.push(parseLine(timeline, line, ancestors.at(-1)));
  }
  return { timeline, ancestors };
}

function parseLine(timeline: number, line: string, previous: TimelineSwitch | undefined): TimelineSwitch {
  const [, parentText = '', lsnText = '', reason = ''] = /^\s*(\d+)\s+(\S+)\s*(.*)$/.exec(line) ?? [];
  const parent = Number.parseInt(parentText, 10);
  const switchLsn = parseLsn(lsnText);
  const ascends = parent > (previous?.timeline ?? 0) && parent < timeline;
  if (switchLsn !== undefined && ascends) return { timeline: parent, switchLsn, reason };
  throw new Failure('corrupt', {
    message: `cannot read ${formatHistoryName(timeline)}: line ${JSON.stringify(line)} is not "timeline, position, reason" in ascending order`,
    remedy: 'Compare it with the same file in pg_wal of a server on that timeline, and put the good one back.',
  });
}

/** The timeline of this line of history whose WAL holds the byte at `position`. */
export function timelineAt(history: TimelineHistory, position: Lsn): number {
  return history.ancestors.find((ancestor) => position < ancestor.switchLsn)?.timeline ?? history.timeline;
}

/** True if the byte at `position` of `timeline` belongs to this line of history. */
export function isOnLine(history: TimelineHistory, timeline: number, position: Lsn): boolean {
  return timelineAt(history, position) === timeline;
}
