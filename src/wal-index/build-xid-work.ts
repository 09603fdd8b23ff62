/**
 * Counts what each (sub)transaction does in one segment. Memory grows with transactions and the files that each touches,
 * never with rows; most transactions touch few, and cost little more than what they leave in the index.
 *
 * @module
 */

import { lsnOfHalves } from '../postgres/lsn.ts';
import type { RelationFile } from '../postgres/relation-file.ts';
import type { RowCounts } from '../postgres/wal-records/row-records.ts';
import type { StorageChange } from '../postgres/wal-records/storage-records.ts';
import type { FileWork, XidWork } from './segment-index.ts';

/** Up to so many files are looked through one by one. */
const FEW_FILES = 8;
const NO_FILES: readonly never[] = [];

/** Rows changed in one file, while counting. */
class CountedFile {
  readonly file: RelationFile;
  /** Its place in the list. */
  readonly index: number;
  inserted = 0;
  updated = 0;
  hotUpdated = 0;
  deleted = 0;
  movedOut = 0;
  insertedAfterMove = 0;

  constructor(file: RelationFile, index: number) {
    this.file = file;
    this.index = index;
  }

  finish(): FileWork {
    const { file, inserted, updated, hotUpdated, deleted, movedOut, insertedAfterMove } = this;
    return { file, inserted, updated, hotUpdated, deleted, movedOut, insertedAfterMove };
  }
}

/** What one (sub)transaction does. */
export class XidWorkBuilder {
  readonly xid: number;
  topXid: number | undefined;
  originId: number | undefined;
  #createdFiles: { readonly file: RelationFile; readonly isUnlogged: boolean }[] | undefined;
  #cutFiles: { readonly file: RelationFile; readonly blocks: number }[] | undefined;
  #truncatedOids: number[] | undefined;
  readonly #files: CountedFile[] = [];
  /** Only if they are many. */
  #byFile: Map<RelationFile, CountedFile> | undefined;
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

  /** Rows of one record. @param file the same object for the same file. */
  addRows(file: RelationFile, rows: RowCounts): void {
    const counted = this.#lastFile?.file === file ? this.#lastFile : this.#countedOf(file);
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

  addStorageChange(change: StorageChange): void {
    const { file } = change;
    if (change.kind === 'create') (this.#createdFiles ??= []).push({ file, isUnlogged: change.isUnlogged });
    else (this.#cutFiles ??= []).push({ file, blocks: change.blocks });
  }

  addTruncated(oids: readonly number[]): void {
    this.#truncatedOids = [...(this.#truncatedOids ?? []), ...oids];
  }

  /** What it did. */
  finish(): XidWork {
    return {
      xid: this.xid,
      topXid: this.topXid,
      firstLsn: lsnOfHalves(this.#firstHigh, this.#firstLow),
      lastLsn: lsnOfHalves(this.#lastHigh, this.#lastLow),
      walBytes: this.#walBytes,
      originId: this.originId,
      files: this.#files.length === 0 ? NO_FILES : this.#files.map((counted) => counted.finish()),
      isMoveOpen: this.#isMoveOpen,
      firstInsertFile: this.#firstInsertFile,
      createdFiles: this.#createdFiles ?? NO_FILES,
      cutFiles: this.#cutFiles ?? NO_FILES,
      truncatedOids: this.#truncatedOids ?? NO_FILES,
    };
  }

  #addInsert(counted: CountedFile): void {
    if (this.#isMoveOpen) counted.insertedAfterMove += 1;
    else if (!this.#hasMoved) this.#firstInsertFile ??= counted.index;
    this.#isMoveOpen = false;
  }

  #countedOf(file: RelationFile): CountedFile {
    const counted = this.#find(file) ?? this.#add(file);
    this.#lastFile = counted;
    return counted;
  }

  #find(file: RelationFile): CountedFile | undefined {
    return this.#byFile === undefined ? this.#files.find((counted) => counted.file === file) : this.#byFile.get(file);
  }

  #add(file: RelationFile): CountedFile {
    const counted = new CountedFile(file, this.#files.length);
    this.#files.push(counted);
    if (this.#byFile !== undefined) this.#byFile.set(file, counted);
    else if (this.#files.length > FEW_FILES) this.#byFile = new Map(this.#files.map((each) => [each.file, each]));
    return counted;
  }
}

/** The work of all (sub)transactions of a segment, in order of their first record. */
export class WorkByXid {
  readonly #byXid = new Map<number, XidWorkBuilder>();
  /** By number; those of one number are of several databases or tablespaces. */
  readonly #files = new Map<number, RelationFile[]>();
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

  /** One object for each file. */
  fileOf(tablespaceOid: number, databaseOid: number, filenode: number): RelationFile {
    const known = this.#files.get(filenode);
    const found = known?.find((file) => file.databaseOid === databaseOid && file.tablespaceOid === tablespaceOid);
    if (found !== undefined) return found;
    const file = { tablespaceOid, databaseOid, filenode };
    if (known === undefined) this.#files.set(filenode, [file]);
    else known.push(file);
    return file;
  }

  finish(): XidWork[] {
    return Array.from(this.#byXid.values(), (work) => work.finish());
  }
}
