/**
 * Counts what each (sub)transaction does in one segment. Memory grows with transactions and the files that each touches,
 * never with rows.
 *
 * @module
 */

import { lsnOfHalves } from '../postgres/lsn.ts';
import type { RelationFile } from '../postgres/relation-file.ts';
import type { RowCounts } from '../postgres/wal-records/row-records.ts';
import type { FileWork, XidWork } from './segment-index.ts';

/** Rows changed in one file, while counting. */
interface CountedFile {
  readonly file: RelationFile;
  inserted: number;
  updated: number;
  hotUpdated: number;
  deleted: number;
  movedOut: number;
  insertedAfterMove: number;
  /** Its place in the list. */
  readonly index: number;
  /** Another file of the same number. */
  readonly sameNumber: CountedFile | undefined;
}

const NO_ROWS = { inserted: 0, updated: 0, hotUpdated: 0, deleted: 0, movedOut: 0, insertedAfterMove: 0 };

/** What one (sub)transaction does. */
export class XidWorkBuilder {
  readonly xid: number;
  topXid: number | undefined;
  originId: number | undefined;
  readonly createdFiles: { readonly file: RelationFile; readonly isUnlogged: boolean }[] = [];
  readonly cutFiles: { readonly file: RelationFile; readonly blocks: number }[] = [];
  readonly truncatedOids: number[] = [];
  /** By number of the file: a chain of the few that share it. */
  readonly #byFilenode = new Map<number, CountedFile>();
  readonly #files: CountedFile[] = [];
  #lastFile: CountedFile | undefined;
  #isMoveOpen = false;
  #hasMoved = false;
  #firstInsertFile: number | undefined;
  readonly #firstHigh: number;
  readonly #firstLow: number;
  #lastHigh: number;
  #lastLow: number;
  #walBytes = 0;

  constructor(xid: number, lsnHigh: number, lsnLow: number) {
    this.xid = xid;
    this.#firstHigh = lsnHigh;
    this.#firstLow = lsnLow;
    this.#lastHigh = lsnHigh;
    this.#lastLow = lsnLow;
  }

  /** One of its records, of any kind. */
  addRecord(lsnHigh: number, lsnLow: number, recordBytes: number): void {
    this.#lastHigh = lsnHigh;
    this.#lastLow = lsnLow;
    this.#walBytes += recordBytes;
  }

  /** Rows of one record in one file. */
  addRows(tablespaceOid: number, databaseOid: number, filenode: number, rows: RowCounts): void {
    const counted = this.#fileOf(tablespaceOid, databaseOid, filenode);
    counted.inserted += rows.inserted;
    counted.updated += rows.updated;
    counted.hotUpdated += rows.hotUpdated;
    counted.deleted += rows.deleted;
    counted.movedOut += rows.movedOut;
    if (rows.movedOut > 0) {
      this.#isMoveOpen = true;
      this.#hasMoved = true;
    } else if (rows.inserted > 0) this.#addInsert(counted);
  }

  #addInsert(counted: CountedFile): void {
    if (this.#isMoveOpen) counted.insertedAfterMove += 1;
    else if (!this.#hasMoved) this.#firstInsertFile ??= counted.index;
    this.#isMoveOpen = false;
  }

  /** What it did. */
  finish(): XidWork {
    const files = this.#files.map(({ index: _index, sameNumber: _sameNumber, ...counts }): FileWork => counts);
    return {
      xid: this.xid,
      topXid: this.topXid,
      firstLsn: lsnOfHalves(this.#firstHigh, this.#firstLow),
      lastLsn: lsnOfHalves(this.#lastHigh, this.#lastLow),
      walBytes: this.#walBytes,
      originId: this.originId,
      files,
      isMoveOpen: this.#isMoveOpen,
      firstInsertFile: this.#firstInsertFile,
      createdFiles: this.createdFiles,
      cutFiles: this.cutFiles,
      truncatedOids: this.truncatedOids,
    };
  }

  #fileOf(tablespaceOid: number, databaseOid: number, filenode: number): CountedFile {
    const last = this.#lastFile;
    if (last !== undefined && isFile(last, tablespaceOid, databaseOid, filenode)) return last;
    const first = this.#byFilenode.get(filenode);
    let counted = first;
    while (counted !== undefined && !isFile(counted, tablespaceOid, databaseOid, filenode))
      counted = counted.sameNumber;
    if (counted === undefined) {
      const file = { tablespaceOid, databaseOid, filenode };
      counted = { file, ...NO_ROWS, index: this.#files.length, sameNumber: first };
      this.#files.push(counted);
      this.#byFilenode.set(filenode, counted);
    }
    this.#lastFile = counted;
    return counted;
  }
}

function isFile({ file }: CountedFile, tablespaceOid: number, databaseOid: number, filenode: number): boolean {
  return file.filenode === filenode && file.databaseOid === databaseOid && file.tablespaceOid === tablespaceOid;
}

/** The work of all (sub)transactions of a segment, in order of their first record. */
export class WorkByXid {
  readonly #byXid = new Map<number, XidWorkBuilder>();
  #last: XidWorkBuilder | undefined;

  /** The work of one, which begins at that position if it is its first record here. */
  of(xid: number, lsnHigh: number, lsnLow: number): XidWorkBuilder {
    if (this.#last?.xid === xid) return this.#last;
    let work = this.#byXid.get(xid);
    if (work === undefined) {
      work = new XidWorkBuilder(xid, lsnHigh, lsnLow);
      this.#byXid.set(xid, work);
    }
    this.#last = work;
    return work;
  }

  finish(): XidWork[] {
    return Array.from(this.#byXid.values(), (work) => work.finish());
  }
}
