/**
 * How a delta tells what has changed since its parent: by the WAL between the two, where that is known, otherwise by the
 * positions in page headers, where they tell.
 *
 * @module
 */

import { join } from 'node:path';

import type { BackupSession } from '../instance/backup-session.ts';
import type { ControlFile } from '../postgres/control-file.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { walSegmentSize } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { DeltaParent } from './choose-parent.ts';
import { readWalBlocks } from './wal-blocks.ts';
import type { BlockMap } from './block-map.ts';

/** What tells: the WAL, so many segments of it, of which some had no index; or page headers, and why not the WAL. */
export type KnownChanges =
  | { readonly kind: 'wal'; readonly map: BlockMap; readonly segments: number; readonly read: number }
  | { readonly kind: 'pages'; readonly because: string };

/** What tells, or why nothing does. */
export type ChangesFrom = KnownChanges | { readonly kind: 'unknown'; readonly because: string };

/** What is known of a backup that has begun. */
export type BegunBackup = Pick<
  BackupSession,
  'startLsn' | 'timeline' | 'systemIdentifier' | 'walSegmentSizeBytes' | 'lost'
>;

/** Who is asked. */
export interface ChangesRequest {
  readonly store: ObjectStore;
  readonly dataDirectory: string;
  readonly session: BegunBackup;
  readonly control: ControlFile;
  readonly line: TimelineHistory;
  readonly parent: DeltaParent;
  readonly signal: AbortSignal;
}

/** Reading a segment costs about as much as looking through as many bytes of files, and there are seldom fewer of those. */
const MAX_READ_BYTES = 1024 * 1024 * 1024;
const FEWEST_READ = 4;

/** Finds out. @throws what the store throws. */
export async function whatChanged(request: ChangesRequest): Promise<ChangesFrom> {
  const { store, dataDirectory, session, control, line, parent, signal } = request;
  const segmentSizeBytes = walSegmentSize(session.walSegmentSizeBytes);
  const wal = await readWalBlocks({
    store,
    pgWal: join(dataDirectory, 'pg_wal'),
    line,
    fromLsn: parent.backup.startLsn,
    toLsn: session.startLsn,
    segmentSizeBytes,
    systemIdentifier: session.systemIdentifier,
    blocksPerSegment: control.blocksPerSegment,
    maxRead: Math.max(FEWEST_READ, MAX_READ_BYTES / segmentSizeBytes),
    signal,
  });
  if (wal.kind === 'known') return { ...wal, kind: 'wal' };
  if (parent.arePagesTelling) return { kind: 'pages', because: wal.because };
  return {
    kind: 'unknown',
    because: `what has changed since ${parent.backup.name} is not known: the cluster has neither data checksums nor wal_log_hints, and the WAL does not tell (${wal.because})`,
  };
}

/** In words. */
export function describeChanges(changes: KnownChanges): string {
  if (changes.kind === 'pages') return `page headers, because ${changes.because}`;
  const { segments, read } = changes;
  const total = `${segments} ${segments === 1 ? 'segment' : 'segments'} of WAL`;
  return read === 0 ? `the indexes of ${total}` : `${total}, ${segments - read} by index`;
}
