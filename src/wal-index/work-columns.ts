/**
 * What transactions do in one segment, as numbers in two growing tables instead of objects: a segment of small
 * transactions has a hundred thousand of these, and collecting them cost more than reading the segment.
 *
 * One row of `transactions` for each (sub)transaction, one of `files` for each file that it touches; the latter are
 * linked in order of their first mention.
 *
 * @module
 */

import { lsnOfHalves } from '../postgres/lsn.ts';
import type { RelationFile } from '../postgres/relation-file.ts';
import type { FileWork, XidWork } from './segment-index.ts';

/** Members of a row of `transactions`. Rows of `files` are named by their number + 1, 0 for none. */
export const XID = 0;
export const FIRST_HIGH = 1;
export const FIRST_LOW = 2;
export const LAST_HIGH = 3;
export const LAST_LOW = 4;
export const WAL_BYTES = 5;
export const FIRST_FILE = 6;
export const LAST_FILE = 7;
export const FILE_COUNT = 8;
/** Place of the file of the first insert + 1. */
export const FIRST_INSERT = 9;
export const FLAGS = 10;
/** These two count where {@link FLAGS} say so. */
export const TOP_XID = 11;
export const ORIGIN_ID = 12;
/** How many members a row has. */
export const TRANSACTION_MEMBERS = 13;

/** {@link FLAGS}: an open move; any move; something in {@link WorkColumns.rare}; a top transaction; an origin. */
export const IS_MOVE_OPEN = 1;
export const HAS_MOVED = 2;
export const HAS_RARE = 4;
export const HAS_TOP_XID = 8;
export const HAS_ORIGIN = 16;
/** Any of these: the transaction does what few do. */
export const IS_UNUSUAL = IS_MOVE_OPEN | HAS_RARE | HAS_TOP_XID | HAS_ORIGIN;

/** Members of a row of `files`. */
export const FILE = 0;
export const NEXT = 1;
export const PLACE = 2;
/** The first of the counts, which are in the order of their bits in an index object. */
export const INSERTED = 3;
export const UPDATED = 4;
export const HOT_UPDATED = 5;
export const DELETED = 6;
export const MOVED_OUT = 7;
export const INSERTED_AFTER_MOVE = 8;
/** How many members a row has. */
export const FILE_MEMBERS = 9;

const FIRST_ROWS = 256;

/** What few transactions do. */
export interface RareWork {
  readonly createdFiles: { readonly file: RelationFile; readonly isUnlogged: boolean }[];
  readonly cutFiles: { readonly file: RelationFile; readonly blocks: number }[];
  readonly truncatedOids: number[];
}

const NOTHING: readonly never[] = [];
const NOTHING_RARE = {
  createdFiles: NOTHING,
  cutFiles: NOTHING,
  truncatedOids: NOTHING,
};

/** Writes the columns of an index where the tables are. */
export interface WorkWriter {
  /** The bytes of a column, good until the next is asked for. @param before what the first number is the difference to. */
  column(name: WorkColumnName, before?: number): Uint8Array;
  /** The place of a file among those that the column of files names, once that was asked for. */
  placeOf(file: number): number;
}

/** The columns that such a writer writes. */
export type WorkColumnName =
  | 'transactions'
  | 'begins'
  | 'spans'
  | 'sizes'
  | 'firstInserts'
  | 'fileCounts'
  | 'files'
  | 'kinds'
  | 'counts';

/** The tables. */
export class WorkColumns {
  /** Where there is one, nothing need be written row by row. */
  writer: WorkWriter | undefined;
  transactions = new Uint32Array(FIRST_ROWS * TRANSACTION_MEMBERS);
  transactionCount = 0;
  /** Counts can be negative, and beyond 32 bits in a segment that lies. */
  files: Float64Array | Int32Array = new Float64Array(FIRST_ROWS * FILE_MEMBERS);
  fileCount = 0;
  /** What {@link FILE} is a place in, in order of first mention. */
  readonly relationFiles: RelationFile[] = [];
  readonly rare = new Map<number, RareWork>();

  /** Where a new row of `transactions` begins. All its members are 0. */
  addTransaction(): number {
    const at = this.transactionCount * TRANSACTION_MEMBERS;
    if (at === this.transactions.length) {
      const larger = new Uint32Array(2 * at);
      larger.set(this.transactions);
      this.transactions = larger;
    }
    this.transactionCount += 1;
    return at;
  }

  /** Where a new row of `files` begins. All its members are 0. */
  addFile(): number {
    const at = this.fileCount * FILE_MEMBERS;
    if (at === this.files.length) {
      const larger = new Float64Array(2 * at);
      larger.set(this.files);
      this.files = larger;
    }
    this.fileCount += 1;
    return at;
  }

  /** As objects, in order of the first record of each. */
  toWork(): XidWork[] {
    const work: XidWork[] = [];
    for (let row = 0; row < this.transactionCount; row += 1) work.push(this.workAt(row * TRANSACTION_MEMBERS));
    return work;
  }

  /** The (sub)transaction whose row begins there. */
  workAt(at: number): XidWork {
    const row = this.transactions;
    const member = (name: number): number => row[at + name] ?? 0;
    const { createdFiles, cutFiles, truncatedOids } = this.rare.get(at) ?? NOTHING_RARE;
    const firstInsert = member(FIRST_INSERT);
    const flags = member(FLAGS);
    return {
      xid: member(XID),
      topXid: (flags & HAS_TOP_XID) === 0 ? undefined : member(TOP_XID),
      firstLsn: lsnOfHalves(member(FIRST_HIGH), member(FIRST_LOW)),
      lastLsn: lsnOfHalves(member(LAST_HIGH), member(LAST_LOW)),
      walBytes: member(WAL_BYTES),
      originId: (flags & HAS_ORIGIN) === 0 ? undefined : member(ORIGIN_ID),
      files: this.#filesFrom(member(FIRST_FILE)),
      isMoveOpen: (flags & IS_MOVE_OPEN) !== 0,
      firstInsertFile: firstInsert === 0 ? undefined : firstInsert - 1,
      createdFiles,
      cutFiles,
      truncatedOids,
    };
  }

  #filesFrom(first: number): readonly FileWork[] {
    if (first === 0) return NOTHING;
    const works: FileWork[] = [];
    for (let next = first; next > 0;) {
      const at = (next - 1) * FILE_MEMBERS;
      const member = (name: number): number => this.files[at + name] ?? 0;
      const file = this.relationFiles[member(FILE)];
      if (file === undefined) throw new TypeError('a file that is not in the list');
      works.push({
        file,
        inserted: member(INSERTED),
        updated: member(UPDATED),
        hotUpdated: member(HOT_UPDATED),
        deleted: member(DELETED),
        movedOut: member(MOVED_OUT),
        insertedAfterMove: member(INSERTED_AFTER_MOVE),
      });
      next = member(NEXT);
    }
    return works;
  }
}
