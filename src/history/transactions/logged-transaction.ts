/**
 * One transaction of the list: when it ended, and what it did to which table.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';
import type { RelationFile } from '../../postgres/relation-file.ts';
import type { Relation } from '../names/relation-names.ts';

/**
 * How it ended. `abort`: whether it was a top transaction's is not always known, then `isTopKnown` is false. `prepared`: it
 * has not ended where reading ended.
 */
export type Outcome = 'commit' | 'commitPrepared' | 'abort' | 'abortPrepared' | 'prepared';

/** What one transaction did to one relation. TOAST tables are within their owner; partitions have their own row and name their parent. */
export interface RelationChange {
  /** What is known of it; `undefined`: only {@link file} is. */
  readonly relation: Relation | undefined;
  readonly file: RelationFile;
  /** The topmost table that it is a partition of. */
  readonly root: Relation | undefined;
  readonly inserted: number;
  readonly updated: number;
  readonly hotUpdated: number;
  readonly deleted: number;
  /** Rows that an update moved here from, and from here to, other partitions. Not in the counts above. */
  readonly movedIn: number;
  readonly movedOut: number;
  /** Rows that went by the estimate of the table's rows, where that is known; above 1 where there were more than estimated. */
  readonly deletedShare: number | undefined;
  readonly updatedShare: number | undefined;
}

/** Something done to a relation or database as a whole. */
export interface DefinitionChange {
  readonly kind:
    | 'create'
    | 'createAs' // with rows: `rows`
    | 'truncate'
    | 'drop'
    | 'rewrite' // VACUUM FULL, CLUSTER, ALTER TABLE … TYPE
    | 'refresh'
    | 'rename'
    | 'reindex'
    | 'alter' // anything else that a catalog row tells
    | 'createDatabase'
    | 'dropDatabase'
    | 'createTablespace'
    | 'dropTablespace'
    | 'largeObjects';
  readonly relation: Relation | undefined;
  /** The topmost table that it is a partition of. */
  readonly root?: Relation | undefined;
  readonly file: RelationFile | undefined;
  /** The database's or tablespace's, for their kinds. */
  readonly oid: number | undefined;
  readonly name: string | undefined;
  /** Rows written into the new file by `createAs`, `rewrite` and `refresh`, where WAL counts them. */
  readonly rows: number | undefined;
  /** The first record of it: the effect of dropping a database comes here, before the commit. */
  readonly lsn: Lsn;
}

/** A transaction. */
export interface LoggedTransaction {
  /** Low 32 bits, the top transaction's. */
  readonly xid: number;
  readonly subxids: readonly number[];
  readonly outcome: Outcome;
  /** For `abort`: false if it may have been a subtransaction's. */
  readonly isTopKnown: boolean;
  /** Microseconds since the Unix epoch, of the record that ended (or prepared) it. */
  readonly timeUs: bigint;
  /** That record. */
  readonly lsn: Lsn;
  readonly endLsn: Lsn;
  readonly timeline: number;
  /** Its first record that was read. */
  readonly firstLsn: Lsn | undefined;
  /** PREPARE, for the prepared kinds, where it was read. */
  readonly preparedLsn: Lsn | undefined;
  /** When that was, and where the record ends; for those that have ended since. */
  readonly preparation?: { readonly timeUs: bigint; readonly endLsn: Lsn } | undefined;
  readonly gid: string | undefined;
  readonly originId: number | undefined;
  readonly databaseOid: number | undefined;
  readonly databaseName: string | undefined;
  readonly walBytes: number;
  /** It may have begun before what was read: counts are a lower bound. */
  readonly isIncomplete: boolean;
  readonly changes: readonly RelationChange[];
  readonly definitions: readonly DefinitionChange[];
}
