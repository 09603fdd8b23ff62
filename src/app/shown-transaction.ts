/**
 * One transaction with what a decision about it needs: its neighbours, and whether each side of it can be reached.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { restorableBackups } from '../backup/delta-line.ts';
import { readBackupListing } from '../backup/list.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import { backupsOnLine } from '../history/find-moment.ts';
import { runsOfLine, type Gap } from '../history/line-runs.ts';
import { firstReplaced, type WayRequest } from '../history/replaced-segments.ts';
import { listWal } from '../history/segment-source-wal.ts';
import type { LoggedTransaction } from '../history/transactions/logged-transaction.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { LogEnd } from './log-value.ts';
import type { History } from './open-history.ts';

/** Whether a recovery can stop at a position, from what the archive lists and its indexes tell. A plan proves it by reading. */
export type Reach =
  | { readonly kind: 'yes'; readonly backup: Backup; readonly segmentCount: number }
  | { readonly kind: 'noBackup' }
  /** Of the line's last segment in the archive, the position is behind it. */
  | { readonly kind: 'notArchived' }
  | { readonly kind: 'hole'; readonly firstMissing: string; readonly lastMissing: string }
  /** A segment on the way is not the one that was indexed, and cannot be read to its end. */
  | { readonly kind: 'damage'; readonly fileName: string };

/** The transaction and what is around it. */
export interface ShownTransaction {
  readonly one: LoggedTransaction;
  /** What the operator named: a subtransaction's number stands for the transaction around it. */
  readonly askedXid: number | undefined;
  /** The last commit before it, and the first one behind it; `undefined` if none was read. */
  readonly before: LoggedTransaction | undefined;
  readonly after: LoggedTransaction | undefined;
  /** How reading ended, if it came to the end of what can be read before such a commit; `undefined`: it did not. */
  readonly end: LogEnd | undefined;
  readonly reach: { readonly before: Reach; readonly after: Reach };
  /** The timeline to be named in what is typed; `undefined`: it is chosen unasked. */
  readonly namedTimeline: number | undefined;
  readonly notes: readonly string[];
}

/** What {@link reachOf} looks at. */
export interface ReachRequest {
  /** What the archive holds. */
  readonly wal: ArchivedWal;
  readonly line: TimelineHistory;
  readonly backups: readonly Backup[];
}

/** Whether `position` can be reached on a line, and from which backup: the newest that WAL without a hole leads from. */
export function reachOf({ wal, line, backups }: ReachRequest, position: Lsn): Reach {
  const before = backupsOnLine({ line, backups }).filter(({ finishLsn }) => finishLsn <= position);
  if (before.length === 0) return { kind: 'noBackup' };
  const { runs, holes } = runsOfLine(wal, line);
  const run = runs.find(({ fromLsn, toLsn }) => fromLsn < position && position <= toLsn);
  const backup = run && before.findLast(({ startLsn }) => startLsn >= run.fromLsn);
  if (backup !== undefined) {
    const size = BigInt(wal.segmentSizeBytes);
    return { kind: 'yes', backup, segmentCount: Number((position - 1n) / size - backup.startLsn / size) + 1 };
  }
  const hole = holes.findLast(({ fromLsn }) => fromLsn < position);
  return hole === undefined || (run === undefined && hole.toLsn < position) ? { kind: 'notArchived' } : holeOf(hole);
}

function holeOf({ firstMissing, lastMissing }: Gap): Reach {
  return { kind: 'hole', firstMissing, lastMissing };
}

/** Where recovery stops for "just before" it: prepared transactions have done their work at PREPARE, dropped databases before the commit. */
export function positionBefore({ lsn, preparedLsn, definitions }: LoggedTransaction): Lsn {
  const early = definitions
    .filter(({ kind }) => /Database$|Tablespace$/.test(kind))
    .map((definition) => definition.lsn);
  return [preparedLsn ?? lsn, ...early].reduce((least, position) => (position < least ? position : least));
}

/** Whether both sides of a transaction can be reached, from what the archive alone holds. */
export async function reachOfTransaction(
  { archive, line, places: { onIgnoredIndex } }: Pick<History, 'archive' | 'line' | 'places'>,
  one: LoggedTransaction,
  signal: AbortSignal,
): Promise<ShownTransaction['reach']> {
  if (archive === undefined) return { before: { kind: 'notArchived' }, after: { kind: 'notArchived' } };
  const { store } = archive;
  const [wal, listing] = await Promise.all([listWal({ store }, signal), readBackupListing(store, signal)]);
  const backups = restorableBackups(listing.backups, () => line);
  const request = { wal, line, backups };
  const way = { store, wal, line, onIgnoredIndex, signal };
  return {
    before: await overDamage(way, reachOf(request, positionBefore(one)), positionBefore(one)),
    after: await overDamage(way, reachOf(request, one.endLsn), one.endLsn),
  };
}

/** The same, unless a segment on the way has been replaced or cut since it was indexed. */
async function overDamage(way: Omit<WayRequest, 'fromLsn' | 'toLsn'>, reach: Reach, toLsn: Lsn): Promise<Reach> {
  if (reach.kind !== 'yes') return reach;
  const replaced = await firstReplaced({ ...way, fromLsn: reach.backup.startLsn, toLsn });
  return replaced === undefined ? reach : { kind: 'damage', fileName: replaced.fileName };
}
