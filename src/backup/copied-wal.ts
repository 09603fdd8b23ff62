/**
 * Whether the WAL of backups that are to be copied is there, before anything is written: a backup with a hole in its WAL is
 * a copy that nobody can start on.
 *
 * Each backup needs what was written while it was taken. With history nothing may be missing behind it either, on any
 * timeline: a timeline of its own may end anywhere, and begin anywhere.
 *
 * Source: WAL-G `internal/databases/postgres/copy.go` (`validatePostgresHistory`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import {
  formatSegmentName,
  nextSegment,
  parseSegmentName,
  segmentAt,
  type WalSegment,
  type WalSegmentSizeBytes,
} from '../postgres/wal-segment.ts';
import { walFileOf } from '../walg/object-names.ts';
import type { Backup } from './backup.ts';
import { segmentsBetween } from './wait-for-wal.ts';

/** WAL that is to be copied. */
export interface CopiedWal {
  /** Where it is copied from, for messages. */
  readonly address: string;
  /** Those that were asked for: what a delta builds on needs no WAL of its own. */
  readonly backups: readonly Backup[];
  readonly keys: readonly string[];
  readonly withHistory: boolean;
  readonly segmentSizeBytes: WalSegmentSizeBytes;
}

function refuse(what: string, segment: string, address: string, instead: string): Failure {
  return new Failure('notInArchive', {
    message: `cannot copy ${what}: ${segment} is missing in ${address}`,
    remedy: `Put it back from pg_wal of a server that still has it: wal-g wal-push PATH. ${instead}`,
  });
}

/** The first segment that is missing between two of one timeline. */
function firstHole(segments: readonly WalSegment[]): WalSegment | undefined {
  const inOrder = segments.toSorted((a, b) => a.timeline - b.timeline || Number(a.index - b.index));
  const before = inOrder.find((segment, at) => {
    const next = inOrder[at + 1];
    return next !== undefined && next.timeline === segment.timeline && next.index !== segment.index + 1n;
  });
  return before && nextSegment(before);
}

/** @throws {Failure} `notInArchive` with the first segment that is missing. */
export function checkCopiedWal({ address, backups, keys, withHistory, segmentSizeBytes }: CopiedWal): void {
  const names = new Set<string>();
  for (const key of keys) {
    const file = walFileOf(key);
    if (file?.kind === 'segment') names.add(file.fileName);
  }
  for (const { name, timeline, startLsn, finishLsn } of backups) {
    const needed = segmentsBetween(timeline, startLsn, finishLsn, segmentSizeBytes);
    const missing = needed.find((segment) => !names.has(segment));
    if (missing !== undefined)
      throw refuse(name, missing, address, 'Or copy backups that have all their WAL: -b NAME.');
  }
  if (!withHistory) return;
  const starts = backups.map(({ startLsn }) => segmentAt(1, startLsn, segmentSizeBytes).index);
  const segments = [...names].flatMap((name) => parseSegmentName(name, segmentSizeBytes) ?? []);
  const hole = firstHole(segments.filter(({ index }) => starts.some((start) => index >= start)));
  if (hole === undefined) return;
  const without = 'Or leave --with-history out: each backup is then copied with the WAL that it needs itself.';
  throw refuse('the history behind the backups', formatSegmentName(hole, segmentSizeBytes), address, without);
}
