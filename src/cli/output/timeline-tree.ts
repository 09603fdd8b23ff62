/**
 * Timelines as a tree: which branched off which, and where.
 *
 * @module
 */

import type { TimelineWindows } from '../../history/window.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import type { Screen } from './screen.ts';

const MARKS = {
  unicode: { child: '├─ ', last: '└─ ', through: '│  ', none: '   ' },
  ascii: { child: '|- ', last: '`- ', through: '|  ', none: '   ' },
} as const;

/** True if the timelines are more than one after the other, so that a list does not tell. */
export function hasBranches(timelines: readonly TimelineWindows[]): boolean {
  const parents = timelines.flatMap(({ fork }) => (fork === undefined ? [] : [fork.timeline]));
  return new Set(parents).size < parents.length;
}

/** Where one timeline branched off another. */
export type Branch = Pick<TimelineWindows, 'timeline' | 'fork'>;

/** One line a timeline, parents before their children; `note` is written behind it. */
export function timelineTree(
  timelines: readonly Branch[],
  screen: Screen,
  note: (timeline: number) => string = () => '',
): string[] {
  const marks = screen.hasUnicode ? MARKS.unicode : MARKS.ascii;
  const known = new Set(timelines.map(({ timeline }) => timeline));
  const ascending = timelines.toSorted((a, b) => a.timeline - b.timeline);
  const line = ({ timeline, fork }: Branch) =>
    `${timeline}${fork === undefined ? '' : `  forked at ${formatLsn(fork.switchLsn)}`}${note(timeline)}`;
  const below = (parent: number, indent: string): string[] => {
    const children = ascending.filter(({ fork }) => fork?.timeline === parent);
    return children.flatMap((child, index) => {
      const isLast = index === children.length - 1;
      return [
        `${indent}${isLast ? marks.last : marks.child}${line(child)}`,
        ...below(child.timeline, `${indent}${isLast ? marks.none : marks.through}`),
      ];
    });
  };
  const roots = ascending.filter(({ fork }) => fork === undefined || !known.has(fork.timeline));
  return roots.flatMap((root) => [line(root), ...below(root.timeline, '')]);
}
