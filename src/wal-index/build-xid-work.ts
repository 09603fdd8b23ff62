/**
 * Counts what each (sub)transaction does in one segment. Memory grows with transactions and the files that each touches,
 * never with rows; nothing is allocated for a record.
 *
 * @module
 */

import type { RelationFile } from '../postgres/relation-file.ts';
import type { RowCounts } from '../postgres/wal-records/row-records.ts';
import type { StorageChange } from '../postgres/wal-records/storage-records.ts';
import {
  DELETED,
  FILE,
  FILE_COUNT,
  FILE_MEMBERS,
  FIRST_FILE,
  FIRST_HIGH,
  FIRST_INSERT,
  FIRST_LOW,
  FLAGS,
  HAS_MOVED,
  HAS_ORIGIN,
  HAS_RARE,
  HAS_TOP_XID,
  HOT_UPDATED,
  INSERTED,
  INSERTED_AFTER_MOVE,
  IS_MOVE_OPEN,
  LAST_FILE,
  LAST_HIGH,
  LAST_LOW,
  MOVED_OUT,
  NEXT,
  ORIGIN_ID,
  PLACE,
  TOP_XID,
  TRANSACTION_MEMBERS,
  UPDATED,
  WAL_BYTES,
  WorkColumns,
  XID,
  type RareWork,
} from './work-columns.ts';

/** Up to so many files are looked through one by one. */
export const FEW_FILES = 8;
/** A transaction is looked for at its number's place among so many, where the last of these is. */
const NEAR_TRANSACTIONS = 65_536;
const NEAR_FILES = 256;
/** More files than a segment can have. */
const FILES_LIMIT = 2 ** 26;

/** The work of all (sub)transactions of a segment, in order of their first record. */
export class WorkByXid {
  readonly columns = new WorkColumns();
  /** Row + 1 of the first transaction of each place; 0: none. */
  readonly #near = new Uint32Array(NEAR_TRANSACTIONS);
  /** Of those that share a place with another. */
  readonly #others = new Map<number, number>();
  /** Number + 1 of the file that was asked for last at each place. */
  readonly #nearFiles = new Uint32Array(NEAR_FILES);
  /** By filenode; those of one filenode are of several databases or tablespaces. */
  readonly #files = new Map<number, number[]>();
  /** Rows of files of transactions that touch many, by both numbers. */
  readonly #manyFiles = new Map<number, number>();
  #lastXid = -1;
  #lastAt = 0;

  /** Where the row of a transaction begins; it begins at that position if this is its first record here. */
  of(xid: number, lsnHigh: number, lsnLow: number): number {
    if (xid === this.#lastXid) return this.#lastAt;
    this.#lastXid = xid;
    this.#lastAt = this.#find(xid) ?? this.#add(xid, lsnHigh, lsnLow);
    return this.#lastAt;
  }

  /** One of its records, of any kind. */
  addRecord(at: number, lsnHigh: number, lsnLow: number, recordBytes: number): void {
    const { transactions } = this.columns;
    transactions[at + LAST_HIGH] = lsnHigh;
    transactions[at + LAST_LOW] = lsnLow;
    transactions[at + WAL_BYTES] = (transactions[at + WAL_BYTES] ?? 0) + recordBytes;
  }

  /** Rows of one record. @param file its number, of {@link fileOf}. */
  addRows(at: number, file: number, rows: RowCounts): void {
    const row = this.#fileRow(at, file);
    const { files, transactions } = this.columns;
    const { inserted, updated, hotUpdated, deleted, movedOut } = rows;
    if (inserted !== 0) files[row + INSERTED] = (files[row + INSERTED] ?? 0) + inserted;
    if (updated !== 0) files[row + UPDATED] = (files[row + UPDATED] ?? 0) + updated;
    if (hotUpdated !== 0) files[row + HOT_UPDATED] = (files[row + HOT_UPDATED] ?? 0) + hotUpdated;
    if (deleted !== 0) files[row + DELETED] = (files[row + DELETED] ?? 0) + deleted;
    if (movedOut > 0) {
      files[row + MOVED_OUT] = (files[row + MOVED_OUT] ?? 0) + movedOut;
      transactions[at + FLAGS] = (transactions[at + FLAGS] ?? 0) | IS_MOVE_OPEN | HAS_MOVED;
    } else if (inserted > 0) this.#addInsert(at, row);
  }

  addStorageChange(at: number, change: StorageChange): void {
    const rare = this.#rareOf(at);
    const { file } = change;
    if (change.kind === 'create') rare.createdFiles.push({ file, isUnlogged: change.isUnlogged });
    else rare.cutFiles.push({ file, blocks: change.blocks });
  }

  addTruncated(at: number, oids: readonly number[]): void {
    if (oids.length === 0) return;
    const { truncatedOids } = this.#rareOf(at);
    for (const oid of oids) truncatedOids.push(oid);
  }

  setTopXid(at: number, topXid: number): void {
    const { transactions } = this.columns;
    transactions[at + TOP_XID] = topXid;
    transactions[at + FLAGS] = (transactions[at + FLAGS] ?? 0) | HAS_TOP_XID;
  }

  setOrigin(at: number, originId: number): void {
    const { transactions } = this.columns;
    transactions[at + ORIGIN_ID] = originId;
    transactions[at + FLAGS] = (transactions[at + FLAGS] ?? 0) | HAS_ORIGIN;
  }

  /** The number of a file. */
  fileOf(tablespaceOid: number, databaseOid: number, filenode: number): number {
    const place = filenode % NEAR_FILES;
    const near = (this.#nearFiles[place] ?? 0) - 1;
    if (near >= 0 && this.#isFile(near, tablespaceOid, databaseOid, filenode)) return near;
    const known = this.#files.get(filenode);
    let number = known?.find((one) => this.#isFile(one, tablespaceOid, databaseOid, filenode));
    if (number === undefined) {
      const { relationFiles } = this.columns;
      number = relationFiles.length;
      const file: RelationFile = { tablespaceOid, databaseOid, filenode };
      relationFiles.push(file);
      if (known === undefined) this.#files.set(filenode, [number]);
      else known.push(number);
    }
    this.#nearFiles[place] = number + 1;
    return number;
  }

  #isFile(number: number, tablespaceOid: number, databaseOid: number, filenode: number): boolean {
    const file = this.columns.relationFiles[number];
    return file?.filenode === filenode && file.databaseOid === databaseOid && file.tablespaceOid === tablespaceOid;
  }

  #find(xid: number): number | undefined {
    const near = this.#near[xid % NEAR_TRANSACTIONS] ?? 0;
    if (near === 0) return undefined;
    const at = (near - 1) * TRANSACTION_MEMBERS;
    return this.columns.transactions[at + XID] === xid ? at : this.#others.get(xid);
  }

  #add(xid: number, lsnHigh: number, lsnLow: number): number {
    const at = this.columns.addTransaction();
    const { transactions } = this.columns;
    transactions[at + XID] = xid;
    transactions[at + FIRST_HIGH] = lsnHigh;
    transactions[at + FIRST_LOW] = lsnLow;
    transactions[at + LAST_HIGH] = lsnHigh;
    transactions[at + LAST_LOW] = lsnLow;
    const place = xid % NEAR_TRANSACTIONS;
    if (this.#near[place] === 0) this.#near[place] = this.columns.transactionCount;
    else this.#others.set(xid, at);
    return at;
  }

  /** Where the row of a transaction's file begins. */
  #fileRow(at: number, file: number): number {
    const { transactions, files } = this.columns;
    const last = transactions[at + LAST_FILE] ?? 0;
    if (last > 0 && files[(last - 1) * FILE_MEMBERS + FILE] === file) return (last - 1) * FILE_MEMBERS;
    let next = transactions[at + FIRST_FILE] ?? 0;
    for (let left = FEW_FILES; next > 0 && left > 0; left -= 1) {
      const row = (next - 1) * FILE_MEMBERS;
      if (files[row + FILE] === file) return row;
      next = files[row + NEXT] ?? 0;
    }
    return (next > 0 ? this.#manyFiles.get(manyKey(at, file)) : undefined) ?? this.#addFile(at, file);
  }

  #addFile(at: number, file: number): number {
    const { columns } = this;
    const row = columns.addFile();
    const { transactions, files, fileCount } = columns;
    const last = transactions[at + LAST_FILE] ?? 0;
    const place = transactions[at + FILE_COUNT] ?? 0;
    files[row + FILE] = file;
    files[row + PLACE] = place;
    if (last === 0) transactions[at + FIRST_FILE] = fileCount;
    else files[(last - 1) * FILE_MEMBERS + NEXT] = fileCount;
    transactions[at + LAST_FILE] = fileCount;
    transactions[at + FILE_COUNT] = place + 1;
    if (place >= FEW_FILES) this.#manyFiles.set(manyKey(at, file), row);
    return row;
  }

  #addInsert(at: number, row: number): void {
    const { transactions, files } = this.columns;
    const flags = transactions[at + FLAGS] ?? 0;
    if ((flags & IS_MOVE_OPEN) !== 0) {
      files[row + INSERTED_AFTER_MOVE] = (files[row + INSERTED_AFTER_MOVE] ?? 0) + 1;
      transactions[at + FLAGS] = flags & ~IS_MOVE_OPEN;
    } else if ((flags & HAS_MOVED) === 0 && transactions[at + FIRST_INSERT] === 0) {
      transactions[at + FIRST_INSERT] = (files[row + PLACE] ?? 0) + 1;
    }
  }

  #rareOf(at: number): RareWork {
    const { rare, transactions } = this.columns;
    let found = rare.get(at);
    if (found === undefined) {
      found = { createdFiles: [], cutFiles: [], truncatedOids: [] };
      rare.set(at, found);
      transactions[at + FLAGS] = (transactions[at + FLAGS] ?? 0) | HAS_RARE;
    }
    return found;
  }
}

function manyKey(at: number, file: number): number {
  return (at / TRANSACTION_MEMBERS) * FILES_LIMIT + file;
}
