/**
 * What lies between windows: spans of commit time that a timeline had and that cannot be reached.
 *
 * A hole takes more than the WAL that is missing: behind it nothing can be reached until the next backup has ended. The same
 * is so of damage, and of a timeline whose beginning no backup reaches.
 *
 * @module
 */

import type { TimelineWindows } from '../../history/window.ts';
import { spanOf } from './timeline-bar.ts';

/** One such span. */
export interface ReachGap {
  /** From the last commit that can be reached to the end of the backup behind it; 0 if the former cannot be told. */
  readonly lengthMs: number;
  readonly because: 'hole' | 'damage';
}

/** The gaps of all timelines. What lies before the first window of the archive is none, and neither is what is behind the last. */
export function reachGaps(timelines: readonly TimelineWindows[]): ReachGap[] {
  return timelines.flatMap((shown) => {
    const beginning = gapAtFork(shown, timelines);
    return [...(beginning === undefined ? [] : [beginning]), ...gapsBetween(shown)];
  });
}

function gapsBetween({ windows, timeline }: TimelineWindows): ReachGap[] {
  return windows.slice(1).map((window, at) => {
    const before = windows[at];
    const endUs = before === undefined ? undefined : spanOf(before, timeline).toUs;
    return gap(endUs, spanOf(window, timeline).fromUs, before?.because);
  });
}

/** A timeline that cannot be reached where it left its parent, though an earlier part of that can. */
function gapAtFork(
  { fork, timeline, windows: [first] }: TimelineWindows,
  timelines: readonly TimelineWindows[],
): ReachGap | undefined {
  if (fork === undefined || first === undefined || first.fromLsn <= fork.switchLsn) return undefined;
  const parent = timelines.find((one) => one.timeline === fork.timeline);
  const before = parent?.windows.findLast(({ fromLsn }) => fromLsn < fork.switchLsn);
  if (before === undefined) return undefined;
  const { toUs } = spanOf(before, fork.timeline);
  return gap(before.toLsn > fork.switchLsn ? undefined : toUs, spanOf(first, timeline).fromUs, before.because);
}

function gap(fromUs: bigint | undefined, toUs: bigint, because: string | undefined): ReachGap {
  const lengthMs = fromUs === undefined || toUs < fromUs ? 0 : Number(toUs - fromUs) / 1000;
  return { lengthMs, because: because === 'damage' ? because : 'hole' };
}
