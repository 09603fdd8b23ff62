/**
 * What the WAL records that a recovery needs to know about say, as values.
 *
 * @module
 */

import type { WalLevel } from '../control-file.ts';
import type { Lsn } from '../lsn.ts';
import type { TransactionEnd } from '../recovery-target.ts';
import type { RelationFile } from '../relation-file.ts';

/** Where a record stands. */
export interface RecordPlace {
  /** First byte of the record. */
  readonly lsn: Lsn;
  /** First byte behind it, aligned to 8. */
  readonly endLsn: Lsn;
  readonly timeline: number;
  /** The (sub)transaction that wrote it, low 32 bits; 0 if it has none. */
  readonly xid: number;
}

/** A relation by its oid, in its database. */
export interface RelationOid {
  /** 0 for what all databases share. */
  readonly databaseOid: number;
  readonly oid: number;
}

/** What the record that ends or prepares a transaction says of what it did. */
export interface TransactionEffects {
  /** The session's; `undefined` for most transactions without catalog changes at `wal_level=replica`. */
  readonly databaseOid: number | undefined;
  /** Files that go with this record: of dropped, truncated and rewritten relations; for aborts, those it had created. */
  readonly droppedFiles: readonly RelationFile[];
  /**
   * Relations whose statistics go (15 and later): dropped ones, and the passing ones that a rewrite, a refresh or a
   * rolled-back creation made itself.
   */
  readonly droppedOids: readonly RelationOid[];
  /** Relations whose definition it changed, by its relcache messages; oid 0: all of the database. None for aborts. */
  readonly invalidatedOids: readonly RelationOid[];
  /** The replication origin that it came from. */
  readonly originId: number | undefined;
  /** Its end there. */
  readonly originLsn: Lsn | undefined;
}

/** Of a transaction whose record says nothing more than how it ended. */
export const NO_EFFECTS: TransactionEffects = {
  databaseOid: undefined,
  droppedFiles: [],
  droppedOids: [],
  invalidatedOids: [],
  originId: undefined,
  originLsn: undefined,
};

/** A transaction ended. `xid` is the prepared one for the prepared kinds, and may be a subtransaction's for `abort`. */
export interface TransactionEnded extends TransactionEnd, TransactionEffects {
  /** Committed or rolled-back children at all depths. */
  readonly subxids: readonly number[];
  /** Only at `wal_level=logical`. */
  readonly gid: string | undefined;
}

/** PREPARE TRANSACTION. `xid` is the transaction's. Its effects are those that its commit would have. */
export interface TransactionPrepared extends RecordPlace, TransactionEffects {
  readonly kind: 'prepare';
  readonly gid: string;
  readonly databaseOid: number;
  /** Files that go if it is rolled back: those it created. */
  readonly filesDroppedByAbort: readonly RelationFile[];
  /** Microseconds since the Unix epoch. */
  readonly preparedAtUs: bigint;
  readonly subxids: readonly number[];
}

/** Subtransactions of a top transaction, named after each 64 of them. */
export interface SubtransactionsAssigned extends RecordPlace {
  readonly kind: 'assignment';
  readonly topXid: number;
  readonly subxids: readonly number[];
}

/** A checkpoint record. */
export interface CheckpointWritten extends RecordPlace {
  readonly kind: 'checkpoint';
  /** Written by a stop or at the end of a recovery: no transaction runs across it, unless prepared. */
  readonly isShutdown: boolean;
  readonly redoLsn: Lsn;
  readonly thisTimeline: number;
  readonly previousTimeline: number;
  /** Full transaction number. */
  readonly nextXid: bigint;
  /** Seconds since the Unix epoch. */
  readonly timeSeconds: bigint;
}

/** 17 and later: the redo point of the online checkpoint that follows. */
export interface RedoPoint extends RecordPlace {
  readonly kind: 'redoPoint';
}

/** `pg_create_restore_point`. */
export interface RestorePoint extends RecordPlace {
  readonly kind: 'restorePoint';
  readonly name: string;
  /** Microseconds since the Unix epoch. */
  readonly timeUs: bigint;
}

/** Settings that a server replaying this must not be below. */
export interface RequiredSettings {
  readonly maxConnections: number;
  readonly maxWorkerProcesses: number;
  readonly maxWalSenders: number;
  readonly maxPreparedTransactions: number;
  readonly maxLocksPerTransaction: number;
}

/** The server was started with other values. */
export interface ParametersChanged extends RecordPlace {
  readonly kind: 'parameterChange';
  readonly settings: RequiredSettings;
  readonly walLevel: WalLevel;
}

/** A promotion. */
export interface RecoveryEnded extends RecordPlace {
  readonly kind: 'endOfRecovery';
  readonly timeUs: bigint;
  readonly thisTimeline: number;
  readonly previousTimeline: number;
}

/** A base backup of a primary ended. */
export interface BackupEnded extends RecordPlace {
  readonly kind: 'backupEnd';
  readonly backupStartLsn: Lsn;
}

/** A crash had cut the record that began at `overwrittenLsn`. */
export interface ContinuationOverwritten extends RecordPlace {
  readonly kind: 'overwriteContrecord';
  readonly overwrittenLsn: Lsn;
  readonly timeUs: bigint;
}

export interface TablespaceCreated extends RecordPlace {
  readonly kind: 'tablespaceCreate';
  readonly tablespaceOid: number;
  /** Where its replay will make directories. */
  readonly path: string;
}

export interface TablespaceDropped extends RecordPlace {
  readonly kind: 'tablespaceDrop';
  readonly tablespaceOid: number;
}

export interface DatabaseCreated extends RecordPlace {
  readonly kind: 'databaseCreate';
  readonly databaseOid: number;
  readonly tablespaceOid: number;
  /** The files are copies of another database's, in one of its tablespaces; `undefined`: the WAL has their pages. */
  readonly copyOf: { readonly databaseOid: number; readonly tablespaceOid: number } | undefined;
}

export interface DatabaseDropped extends RecordPlace {
  readonly kind: 'databaseDrop';
  readonly databaseOid: number;
  readonly tablespaceOids: readonly number[];
}

/** The first sign of a database being dropped: nobody can connect to it any more, whatever becomes of the transaction. */
export interface DatabaseInvalidated extends RecordPlace {
  readonly kind: 'databaseInvalid';
  readonly databaseOid: number;
}

/** What ran when it was written; the basis of hot standby. */
export interface RunningTransactions extends RecordPlace {
  readonly kind: 'runningXacts';
  readonly xids: readonly number[];
  readonly subxids: readonly number[];
  /** A transaction had more than 64 subtransactions: the list is not whole, and hot standby cannot begin from it. */
  readonly hasOverflowed: boolean;
  readonly nextXid: number;
  readonly oldestRunningXid: number;
}

/** AccessExclusive locks taken, or still held. */
export interface LocksHeld extends RecordPlace {
  readonly kind: 'locks';
  readonly locks: readonly { readonly xid: number; readonly databaseOid: number; readonly relationOid: number }[];
}

/** Mapped catalogs of a database, or the shared ones, have these files from here on. */
export interface RelationMapChanged extends RecordPlace {
  readonly kind: 'relationMap';
  /** 0: the shared catalogs. */
  readonly databaseOid: number;
  readonly tablespaceOid: number;
  readonly files: readonly { readonly oid: number; readonly filenode: number }[];
}

/** A file made by a session that had no transaction number yet. */
export interface FileCreated extends RecordPlace {
  readonly kind: 'fileCreate';
  readonly file: RelationFile;
  /** An init fork: of an unlogged relation. */
  readonly isUnlogged: boolean;
}

/** A record of any kind at a position that was asked for, or one of an extension's own kind. */
export interface PositionReached extends RecordPlace {
  readonly kind: 'position';
  /** Set for records that only an extension can replay. */
  readonly customResourceManager?: number;
}

/** Everything that is decoded. */
export type WalEvent =
  | TransactionEnded
  | TransactionPrepared
  | SubtransactionsAssigned
  | CheckpointWritten
  | RedoPoint
  | RestorePoint
  | ParametersChanged
  | RecoveryEnded
  | BackupEnded
  | ContinuationOverwritten
  | TablespaceCreated
  | TablespaceDropped
  | DatabaseCreated
  | DatabaseDropped
  | DatabaseInvalidated
  | RunningTransactions
  | LocksHeld
  | RelationMapChanged
  | FileCreated
  | PositionReached;

/** True for the four kinds that a time or xid target can stop at. */
export function isTransactionEnd(event: WalEvent): event is TransactionEnded {
  return (
    event.kind === 'commit' ||
    event.kind === 'abort' ||
    event.kind === 'commitPrepared' ||
    event.kind === 'abortPrepared'
  );
}

/** True if the transaction's changes stay. */
export function isCommit(end: TransactionEnd): boolean {
  return end.kind === 'commit' || end.kind === 'commitPrepared';
}
