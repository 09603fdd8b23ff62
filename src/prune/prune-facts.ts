/**
 * What is looked at before it is decided what goes: the whole archive, as values.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import type { UnfinishedBackup } from '../backup/list-unfinished.ts';
import type { SegmentRange } from '../history/archived-wal.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { WalSegmentSizeBytes } from '../postgres/wal-segment.ts';

/** One timeline of the archive. */
export interface TimelineFacts {
  readonly timeline: number;
  /** What leads to it; without ancestors if no history file in the archive tells. */
  readonly line: TimelineHistory;
  /** Its own segments, ascending; what lies between two ranges is missing. */
  readonly segments: readonly SegmentRange[];
  /** When the store was given the last of its segments, or its history file; in ms since 1970, 0 if it has neither. */
  readonly newestMs: number;
}

/** What recoveries need, and for each which one it is. */
export interface InUse {
  /** They stay, with all WAL behind them on every line of history. */
  readonly backups: ReadonlyMap<string, string>;
  /** What is promised holds on their lines too. */
  readonly timelines: ReadonlyMap<number, string>;
}

/** No recovery needs anything. */
export const NOTHING_IN_USE: InUse = { backups: new Map(), timelines: new Map() };

/** An archive, as far as it matters for what may go. */
export interface PruneFacts {
  readonly backups: readonly Backup[];
  readonly timelines: readonly TimelineFacts[];
  readonly segmentSizeBytes: WalSegmentSizeBytes;
  readonly unfinished: readonly UnfinishedBackup[];
  readonly inUse: InUse;
  /** Backups that were found damaged, and what was found: nothing is promised on them. */
  readonly damaged: ReadonlyMap<string, string>;
  readonly nowMs: number;
}
