/**
 * Which line of history a target is on, when nobody has said: found from the history files and from the commits of each
 * timeline, never from the highest number alone.
 *
 * After a recovery to an earlier moment an archive holds two lines. `latest` would follow the newer one through the fork, and
 * a moment on the older line behind it could not be reached, silently.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { BackupPoint } from '../history/found-moment.ts';
import { divergenceOf, type Timelines } from '../history/timelines.ts';
import type { TimelineWindows } from '../history/window.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';

/** The timeline whose line of history to follow, and why. */
export interface ChosenLine {
  readonly timeline: number;
  readonly why: string;
}

/** Commit times of one timeline's own part, microseconds since the Unix epoch. */
interface Span {
  readonly timeline: number;
  readonly firstUs: bigint;
  readonly lastUs: bigint;
}

function spanOf({ timeline, windows }: TimelineWindows<BackupPoint>): Span[] {
  const times = windows
    .flatMap(({ firstCommit, lastCommit }) => [firstCommit, lastCommit])
    .flatMap((end) => (end === undefined ? [] : [end.timeUs]))
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const [firstUs] = times;
  const lastUs = times.at(-1);
  return firstUs === undefined || lastUs === undefined ? [] : [{ timeline, firstUs, lastUs }];
}

function describe({ timeline, firstUs, lastUs }: Span): string {
  return `timeline ${timeline} (${timeline.toString(16).toUpperCase().padStart(8, '0')}): commits from ${formatTimeUs(firstUs)} to ${formatTimeUs(lastUs)}`;
}

function ambiguous(timeUs: bigint, spans: readonly Span[], found: string): Failure {
  return new Failure('refused', {
    message: `cannot tell which line of history is meant by ${formatTimeUs(timeUs)}: ${found}`,
    remedy:
      'Name it: --timeline NUMBER, decimal or 0x… (CLONE_TARGET_TIMELINE). "walkback window" draws the lines of the archive.',
    facts: spans.map(describe),
  });
}

/**
 * The line of history that contains the target.
 *
 * A time is on the timeline in whose own commits it falls. Between them it is on the newest line, unless there a branch that
 * was given up later had ended already and the newest had not begun: then the cluster was down, and which of the two states is
 * meant nobody can know.
 *
 * @param windows of every timeline; needed for targets of time alone.
 * @throws {Failure} `refused` if two lines contain it.
 */
export function chooseLine(
  target: RecoveryTarget,
  timelines: Timelines,
  windows: readonly TimelineWindows<BackupPoint>[],
): ChosenLine {
  const newest = { timeline: timelines.latest, why: 'the newest line of the archive' };
  if (target.kind !== 'time') return newest;
  const { timeUs } = target;
  const spans = windows.flatMap(spanOf).toSorted((a, b) => b.timeline - a.timeline);
  const holding = spans.filter(({ firstUs, lastUs }) => firstUs <= timeUs && timeUs <= lastUs);
  const [first, second] = holding;
  if (first !== undefined && second !== undefined) throw ambiguous(timeUs, holding, 'more than one timeline has it');
  if (first !== undefined) {
    return first.timeline === newest.timeline
      ? newest
      : { timeline: first.timeline, why: `the time is among the commits of timeline ${first.timeline}` };
  }
  const given = gaveUpBefore(timeUs, timelines, spans, windows);
  if (given.length > 0) {
    throw ambiguous(timeUs, given, 'one line had ended by then, and the one that replaced it had not begun');
  }
  return newest;
}

/** Branches off the newest line that had ended by the time, if the newest had no commit of its own behind the fork yet. */
function gaveUpBefore(
  timeUs: bigint,
  timelines: Timelines,
  spans: readonly Span[],
  windows: readonly TimelineWindows<BackupPoint>[],
): Span[] {
  const line = timelines.lineOf(timelines.latest);
  const onLine = new Set([line.timeline, ...line.ancestors.map(({ timeline }) => timeline)]);
  return spans.filter((span) => {
    const diverges = divergenceOf(line, timelines.lineOf(span.timeline));
    const last = windows.find(({ timeline }) => timeline === span.timeline)?.windows.at(-1)?.lastCommit;
    const hasOwn = diverges !== undefined && last !== undefined && last.lsn >= diverges && last.timeUs <= timeUs;
    if (!hasOwn) return false;
    const began = spans.some(
      (other) => onLine.has(other.timeline) && other.timeline > span.timeline && other.firstUs <= timeUs,
    );
    return !began;
  });
}
