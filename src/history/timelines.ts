/**
 * The timelines of an archive and how they branched, from their history files.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { readWalFile } from '../archive/read-wal-file.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import {
  formatHistoryName,
  parseTimelineHistory,
  type TimelineHistory,
  type TimelineSwitch,
} from '../postgres/timeline-history.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import type { ArchivedWal } from './archived-wal.ts';

/** Every timeline of an archive. */
export interface Timelines {
  /** Ascending. Those with a history file, those with WAL, and 1's line. */
  readonly all: readonly number[];
  /** The one that PostgreSQL's `latest` means: the highest number. */
  readonly latest: number;
  /** The line of history that leads to a timeline. @throws {Failure} if the archive does not know it. */
  lineOf(timeline: number): TimelineHistory;
  /** True if the line of a timeline is known: its history file is there, or it is the first. */
  isKnown(timeline: number): boolean;
  /** Where a timeline branched off its parent; `undefined` for the first. */
  forkOf(timeline: number): TimelineSwitch | undefined;
  /** Timelines that branched off this one. */
  childrenOf(timeline: number): readonly { readonly timeline: number; readonly fork: TimelineSwitch }[];
}

/** Reads all history files of an archive. @throws {Failure} `corrupt` for one that cannot be read. */
export async function readTimelines(
  store: ObjectStore,
  wal: ArchivedWal,
  options: CallOptions = {},
): Promise<Timelines> {
  const lines = new Map<number, TimelineHistory>([[1, { timeline: 1, ancestors: [] }]]);
  for (const timeline of wal.historyTimelines) {
    const file = await readWalFile(store, formatHistoryName(timeline), options);
    if (file !== undefined) lines.set(timeline, parseTimelineHistory(timeline, file.bytes.toString('utf8')));
  }
  return timelinesOf(lines, [...wal.segments.keys()]);
}

/** Timelines from their lines, and the numbers that have WAL. */
export function timelinesOf(lines: ReadonlyMap<number, TimelineHistory>, withWal: readonly number[]): Timelines {
  const known = [...lines.keys()].filter((timeline) => timeline !== 1 || lines.size === 1 || withWal.includes(1));
  const all = [...new Set([...known, ...withWal])].toSorted((a, b) => a - b);
  const forkOf = (timeline: number): TimelineSwitch | undefined => lines.get(timeline)?.ancestors.at(-1);
  return {
    all,
    latest: Math.max(...all),
    forkOf,
    isKnown: (timeline) => lines.has(timeline),
    lineOf: (timeline) => lines.get(timeline) ?? refuseUnknown(timeline, all),
    childrenOf: (parent) =>
      all.flatMap((timeline) => {
        const fork = forkOf(timeline);
        return fork?.timeline === parent ? [{ timeline, fork }] : [];
      }),
  };
}

function refuseUnknown(timeline: number, all: readonly number[]): never {
  const hasWal = all.includes(timeline);
  throw new Failure(hasWal ? 'notInArchive' : 'refused', {
    message: hasWal
      ? `cannot follow timeline ${timeline}: its history file ${formatHistoryName(timeline)} is not in the archive`
      : `cannot follow timeline ${timeline}: the archive knows only ${all.join(', ')}`,
    remedy: hasWal
      ? `Push ${formatHistoryName(timeline)} from pg_wal of a server on that timeline, or choose another with --timeline.`
      : `Choose one of them with --timeline; "walkback window" draws them.`,
  });
}

/** Where `other` leaves `line`: its bytes from there on are not on `line`. `undefined` if `line` contains all of it. */
export function divergenceOf(line: TimelineHistory, other: TimelineHistory): Lsn | undefined {
  let begin = lsn(0n);
  const own = [...line.ancestors, { timeline: line.timeline, switchLsn: undefined }];
  for (const [place, part] of [...other.ancestors, { timeline: other.timeline, switchLsn: undefined }].entries()) {
    const mine = own[place];
    if (mine?.timeline !== part.timeline) return begin;
    if (mine.switchLsn !== part.switchLsn) return earlier(mine.switchLsn, part.switchLsn);
    if (part.switchLsn === undefined) return undefined;
    begin = part.switchLsn;
  }
  return undefined;
}

function earlier(a: Lsn | undefined, b: Lsn | undefined): Lsn | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
