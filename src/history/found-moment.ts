/**
 * A target resolved against an archive: the place to stop, the backup to begin from, and what lies on the way and behind.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { Moment, TransactionEnd } from '../postgres/recovery-target.ts';
import type {
  DatabaseDropped,
  RequiredSettings,
  TablespaceCreated,
  TablespaceDropped,
  WalEvent,
} from '../postgres/wal-records/wal-event.ts';

/** What finding a moment needs to know of a base backup. */
export interface BackupPoint {
  readonly name: string;
  readonly timeline: number;
  /** Replay begins here. */
  readonly startLsn: Lsn;
  /** Replay must get here, or the files are not consistent. */
  readonly finishLsn: Lsn;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/** A prepared transaction that is neither committed nor rolled back at the target; it keeps its locks. */
export interface PreparedAtTarget {
  readonly xid: number;
  /** Unknown if it was prepared before the backup. */
  readonly gid: string | undefined;
  /** Its PREPARE record; unknown as `gid`. */
  readonly lsn: Lsn | undefined;
}

/** A transaction that has not committed at the target, of which replay has done more than can be rolled back. */
export interface UnfinishedFileChange {
  readonly xid: number;
  readonly change: 'databaseCreate' | 'databaseDrop' | 'tablespaceCreate' | 'tablespaceDrop';
  readonly oid: number;
  readonly lsn: Lsn;
}

/** An AccessExclusive lock that is held at the target: a query of the rehearsal on that table waits. */
export interface LockAtTarget {
  readonly xid: number;
  readonly databaseOid: number;
  readonly relationOid: number;
}

/** Commits behind the target, to the end of the archive. */
export interface LostCommits {
  readonly count: number;
  readonly first: TransactionEnd | undefined;
  readonly last: TransactionEnd | undefined;
}

/** None yet. */
export const NO_COMMITS: LostCommits = { count: 0, first: undefined, last: undefined };

/** With one more. */
export function withCommit(commits: LostCommits, end: TransactionEnd): LostCommits {
  return { count: commits.count + 1, first: commits.first ?? end, last: end };
}

/** The record that the target stops at. */
export interface StopRecord {
  readonly kind: WalEvent['kind'];
  readonly lsn: Lsn;
  readonly endLsn: Lsn;
  readonly xid: number;
  /** Of a transaction's end or a restore point; microseconds since the Unix epoch. */
  readonly timeUs: bigint | undefined;
}

/** What replay from the backup to the target meets. */
export interface ReplayFacts {
  readonly tablespaceChanges: readonly (TablespaceCreated | TablespaceDropped)[];
  readonly databaseDrops: readonly DatabaseDropped[];
  /** Numbers of extensions' own resource managers, whose records a server without these extensions cannot replay. */
  readonly customResourceManagers: readonly number[];
  /** The highest of each that the WAL announces; `undefined` if it announces none (the backup's control file holds). */
  readonly requiredSettings: RequiredSettings | undefined;
  /** The first position at which a hot standby can begin; `undefined`: queries are not possible at the target. */
  readonly hotStandbyFromLsn: Lsn | undefined;
  /** The last snapshot on the way with more than 64 subtransactions in one transaction. */
  readonly lastOverflowLsn: Lsn | undefined;
  readonly preparedAtTarget: readonly PreparedAtTarget[];
  readonly unfinishedFileChanges: readonly UnfinishedFileChange[];
  readonly locksAtTarget: readonly LockAtTarget[];
  /** Read from here on, the transactions beside the target and behind it are whole; `undefined`: from the backup on. */
  readonly completeFromLsn: Lsn | undefined;
}

/** The resolved target. */
export interface FoundMoment<B extends BackupPoint = BackupPoint> extends Moment, ReplayFacts {
  readonly backup: B;
  readonly stopsAt: StopRecord;
  readonly lost: LostCommits;
  /** What an operator should know about this target, a sentence each. */
  readonly notes: readonly string[];
  /** How far the archive was read. */
  readonly archiveEnd: {
    readonly lastRecordLsn: Lsn;
    /** First byte behind the last whole record. */
    readonly endLsn: Lsn;
    /** `hole` and `damage`: what comes later was not counted as lost. */
    readonly because: 'endOfArchive' | 'hole' | 'damage';
  };
}
