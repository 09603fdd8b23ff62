/**
 * The index of one WAL segment: everything that a list of transactions, a window or a plan needs of it, from one pass over
 * its records.
 *
 * It is made of one segment alone, whatever came before: what a transaction did is counted per (sub)transaction number,
 * and put together by whoever reads indexes in order. A record that crosses the border of two segments is in neither:
 * its first part is {@link SegmentIndex.tail} of the one, its rest {@link SegmentIndex.head} of the other.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { RelationFile } from '../postgres/relation-file.ts';
import type { Major } from '../postgres/versions.ts';
import type { CatalogChange } from '../postgres/wal-records/catalog-change.ts';
import type { WalEvent } from '../postgres/wal-records/wal-event.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';

/** Rows that one (sub)transaction changed in one file, in one segment. Catalogs and TOAST tables included. */
export interface FileWork {
  readonly file: RelationFile;
  /** Without speculative inserts that were taken back. Can be negative: the insert was in the segment before. */
  readonly inserted: number;
  /** HOT or not. */
  readonly updated: number;
  readonly hotUpdated: number;
  /** Without {@link movedOut}. */
  readonly deleted: number;
  /** The delete half of updates that moved rows to another partition. */
  readonly movedOut: number;
  /**
   * Of {@link inserted}: rows that were the first insert of the same (sub)transaction behind such a delete, here in this
   * segment. The insert half of the move, or its first chunk of TOAST, in the TOAST table's file.
   */
  readonly insertedAfterMove: number;
}

/** What one (sub)transaction did in one segment. */
export interface XidWork {
  readonly xid: number;
  /** Known for some at `wal_level=logical`. */
  readonly topXid: number | undefined;
  /** Its first and last record here, of any kind. */
  readonly firstLsn: Lsn;
  readonly lastLsn: Lsn;
  /** Bytes of its records here. */
  readonly walBytes: number;
  readonly originId: number | undefined;
  /** In order of their first mention. */
  readonly files: readonly FileWork[];
  /** Its last move to another partition here has no insert behind it: that is in a later segment. */
  readonly isMoveOpen: boolean;
  /**
   * The place in {@link files} of its first insert here, if no move here comes before it: the insert half of a move that
   * an earlier segment left open.
   */
  readonly firstInsertFile: number | undefined;
  /** Main forks that it created, and init forks (of unlogged relations). */
  readonly createdFiles: readonly { readonly file: RelationFile; readonly isUnlogged: boolean }[];
  /** Files that it cut to so many blocks. */
  readonly cutFiles: readonly { readonly file: RelationFile; readonly blocks: number }[];
  /** oids named by TRUNCATE at `wal_level=logical`. */
  readonly truncatedOids: readonly number[];
}

/** An event in LSN order: what a recovery needs to know, and what names need. */
export type IndexEvent = WalEvent | CatalogChange;

/** The index of one segment. */
export interface SegmentIndex {
  readonly fileName: string;
  readonly timeline: number;
  readonly startLsn: Lsn;
  readonly sizeBytes: number;
  readonly systemIdentifier: bigint;
  readonly major: Major;
  /** CRC-32C of the checksums of its whole records, in order: two segments of the same records have the same. */
  readonly contentCrc: number;
  /**
   * What the segment begins with: the rest of a record of the segment before (`restBytes` on the first page, of which
   * `bytes` are in this one), or nothing. `isOverwritten`: the server had lost that record, and says so.
   */
  readonly head: { readonly restBytes: number; readonly bytes: Buffer; readonly isOverwritten: boolean };
  /** The first record that begins here and its link to the one before; `undefined` if none does. */
  readonly first: { readonly lsn: Lsn; readonly previousLsn: Lsn } | undefined;
  /** The last whole record; `undefined` if there is none. */
  readonly last: { readonly lsn: Lsn; readonly endLsn: Lsn } | undefined;
  /** The record that begins here and ends in a later segment. */
  readonly tail: { readonly lsn: Lsn; readonly totalBytes: number; readonly bytes: Buffer } | undefined;
  /** Where and why reading stopped before the segment's end; `undefined` if it did not. A segment switch is no stop. */
  readonly stop: WalStop | undefined;
  readonly recordCount: number;
  readonly events: readonly IndexEvent[];
  readonly work: readonly XidWork[];
  /** The highest (sub)transaction number on any record, in order of assignment (modulo 2^32); `undefined`: none. */
  readonly highestXid: number | undefined;
}

/** What stands at the head of an index object: enough to find the segment that one looks for. */
export interface SegmentIndexSummary {
  readonly fileName: string;
  readonly timeline: number;
  readonly startLsn: Lsn;
  readonly sizeBytes: number;
  readonly systemIdentifier: bigint;
  readonly major: Major;
  readonly contentCrc: number;
  readonly first: SegmentIndex['first'];
  readonly last: SegmentIndex['last'];
  readonly highestXid: number | undefined;
  readonly lowestXid: number | undefined;
  /** Earliest and latest time of commit and abort records, microseconds since the Unix epoch; `undefined`: none. */
  readonly firstEndUs: bigint | undefined;
  readonly lastEndUs: bigint | undefined;
  readonly commitCount: number;
  /** Redo points of checkpoints written here. */
  readonly redoLsns: readonly Lsn[];
  /** Timelines that begin here (a shutdown checkpoint or end of recovery with another previous one). */
  readonly switchesTo: readonly number[];
  readonly isStopped: boolean;
  /** True if something here changed names, files or databases: DDL. */
  readonly hasDdl: boolean;
  /** Size of the archive's object that it describes: one of another size is another. `undefined`: not known. */
  readonly objectBytes: number | undefined;
  /** Rows changed and commits for each minute (Unix minutes), for the bars of a long span. */
  readonly minutes: readonly {
    readonly minute: number;
    readonly commits: number;
    readonly rows: number;
  }[];
}
