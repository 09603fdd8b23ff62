/**
 * A plan: what a recovery will do, proven possible before anything is changed. Printable, and JSON as it is: positions,
 * sizes and identifiers are text, so that nothing is rounded.
 *
 * @module
 */

import type { PlannedBackup } from './planned-backup.ts';
import type { PlannedClusterKind } from '../cluster/cluster.ts';
import type { PatroniSurvey } from '../cluster/patroni-control.ts';

/** Rows that transactions changed in one table, its partitions together. */
export interface PlannedTable {
  /** `null` where it is not known. */
  readonly database: string | null;
  readonly schema: string | null;
  /** Its name; where none is known, the numbers of its file: `1663/16384/24576`. */
  readonly name: string;
  readonly isNamed: boolean;
  /** How many transactions changed rows of it. */
  readonly transactions: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** A change of a relation, a database or a tablespace as a whole: `truncate`, `drop`, `create` … */
export interface PlannedDefinition {
  readonly kind: string;
  readonly database: string | null;
  readonly schema: string | null;
  /** As in {@link PlannedTable}. */
  readonly name: string;
  readonly xid: number;
  /** Microseconds since the Unix epoch, decimal. */
  readonly timeUs: string;
}

/** What transactions did. Lists are bounded: what is not in them is counted. */
export interface PlannedWork {
  /** Those with the most changed rows first. */
  readonly tables: readonly PlannedTable[];
  readonly otherTables: number;
  readonly definitions: readonly PlannedDefinition[];
  readonly otherDefinitions: number;
  /** Some of it may have begun before what was read: the counts are the least. */
  readonly isLowerBound: boolean;
}

/** One transaction beside the target, for people. */
export interface PlannedTransaction {
  readonly xid: number;
  readonly kind: string;
  /** Microseconds since the Unix epoch, decimal. */
  readonly timeUs: string;
  /** The start of its commit record, `16/B374D848`. */
  readonly lsn: string;
  /** What it did; absent where that was not read. */
  readonly did?: PlannedWork;
}

/** What the cluster would no longer have. */
export interface PlannedLosses extends PlannedWork {
  /** Commits behind the target that changed rows or definitions. */
  readonly transactions: number;
  /** The first of them, in the order of their commits. */
  readonly first: readonly PlannedTransaction[];
  /** Where reading ended short of the end of the archive: what comes later is lost too, and not counted. */
  readonly endsAt: { readonly lsn: string; readonly because: string } | null;
}

/** Something the operator should know, that does not keep the plan from running. */
export interface PlanWarning {
  readonly about:
    | 'replicas'
    | 'members'
    | 'unloggedTables'
    | 'logicalSlots'
    | 'preparedTransactions'
    | 'subscriptions'
    | 'liveState'
    | 'notArchived'
    | 'synchronous'
    | 'walFolder'
    | 'target';
  readonly text: string;
  readonly names: readonly string[];
}

/** Facts that are proven again when the plan is run; a changed one refuses it. */
export interface PlanPreconditions {
  readonly systemIdentifier: string;
  readonly liveTimeline: number;
  /** `running`, `stopped` or `crashed` when the plan was made. */
  readonly liveState: 'running' | 'stopped' | 'crashed';
  readonly archiveAddress: string;
  /** Every timeline that had a history file in the archive. */
  readonly archivedTimelines: readonly number[];
  readonly backupName: string;
}

/** Where a rehearsal stops. */
export interface PlannedTarget {
  /** As the operator asked, in words. */
  readonly asked: string;
  readonly timeline: number;
  /** The timeline whose line of history was followed, `timeline` or one that branched off it; absent in plans made without it. */
  readonly lineTimeline?: number;
  readonly lsn: string;
  readonly inclusive: boolean;
  readonly lastKept: PlannedTransaction | null;
  readonly firstLost: PlannedTransaction | null;
}

/** One timeline of the archive. */
export interface PlannedTimeline {
  readonly timeline: number;
  /** Where it branched off; `null` for the first, and where its history file is not there. */
  readonly fork: { readonly timeline: number; readonly lsn: string; readonly reason: string } | null;
}

/** A plan. */
export interface Plan {
  readonly version: 1;
  readonly id: string;
  readonly createdAt: string;
  readonly cluster: { readonly name: string; readonly kind: PlannedClusterKind; readonly dataDirectory: string };
  /** What Patroni said of the cluster, where it runs it. */
  readonly patroni?: PatroniSurvey;
  readonly majorVersion: number;
  readonly target: PlannedTarget;
  /** Commits after the target that the cluster would no longer have. */
  readonly laterCommits: number;
  /** What these did; absent in plans made without it. */
  readonly losses?: PlannedLosses;
  readonly backup: PlannedBackup;
  readonly replay: {
    readonly fromLsn: string;
    readonly segments: number;
    readonly bytes: string;
    readonly firstSegment: string;
    readonly lastSegment: string;
    /** The line of history, oldest first: each timeline and where it ends (the last one at the target). */
    readonly line: readonly { readonly timeline: number; readonly endLsn: string }[];
    /** The WAL behind the target has a hole or is damaged: the server must not read ahead of what it replays. */
    readonly isBreakBehind?: boolean;
  };
  /** Every line of history there is; absent in plans made without it. */
  readonly timelines?: readonly PlannedTimeline[];
  /** Settings that replay needs at least. */
  readonly required: {
    readonly maxConnections: number;
    readonly maxWorkerProcesses: number;
    readonly maxWalSenders: number;
    readonly maxPreparedTransactions: number;
    readonly maxLocksPerTransaction: number;
  };
  readonly walLevel: 'minimal' | 'replica' | 'logical';
  /** An estimate, in seconds. */
  readonly estimate: { readonly restoreSeconds: number; readonly replaySeconds: number; readonly downSeconds: number };
  readonly space: { readonly neededBytes: string; readonly freeBytes: string; readonly folder: string };
  readonly commands: { readonly stop: string; readonly start: string };
  /**
   * Files of the live server's configuration that the recovered server goes on with, relative to the data directory; a folder
   * of which all `*.conf` are has a slash at its end.
   */
  readonly configurationFiles: readonly string[];
  readonly warnings: readonly PlanWarning[];
  /** What was looked at and found good, in words. */
  readonly proven: readonly string[];
  readonly preconditions: PlanPreconditions;
}
