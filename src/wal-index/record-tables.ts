/**
 * Where the records of a segment are counted.
 *
 * @module
 */

import type { RelationFile } from '../postgres/relation-file.ts';
import type { RecordLayout } from '../postgres/wal-records/record-layout.ts';
import type { RowCounts } from '../postgres/wal-records/row-records.ts';
import type { StorageChange } from '../postgres/wal-records/storage-records.ts';
import { WorkByXid } from './build-xid-work.ts';
import { ChangedBlocks } from './changed-blocks.ts';
import { ContentCrc } from './content-crc.ts';
import type { CurrentRecord } from './current-record.ts';
import { EventColumns, type PlainEnd } from './event-columns.ts';
import type { IndexColumns } from './index-columns.ts';
import type { IndexEvent } from './segment-index.ts';

const FIRST_NORMAL_XID = 3;

/** What is kept of records, in their order. */
export interface RecordTables {
  /** All that was kept. */
  readonly columns: IndexColumns;
  /** The newest (sub)transaction number of any record, in order of assignment. */
  readonly highestXid: number | undefined;
  /** CRC-32C of the records' own checksums. */
  readonly contentCrc: number;
  /** Notes the pages that a record names. */
  noteBlocks(layout: RecordLayout): void;
  /** Notes that a file was made (0) or cut to so many blocks. */
  limitBlocks(file: RelationFile, limitBlock: number): void;
  /** Rows that a record of a transaction changes in the file of its first block reference. */
  addRows(record: CurrentRecord, layout: RecordLayout, rows: RowCounts): void;
  addTruncated(record: CurrentRecord, oids: readonly number[]): void;
  addStorageChange(record: CurrentRecord, change: StorageChange): void;
  addEvent(event: IndexEvent): void;
  /** A commit or an abort that says nothing more than when. */
  addEnd(end: PlainEnd): void;
  /** Takes the checksum of the record at `start`. */
  addChecksum(bytes: Buffer, start: number): void;
  /** A record of a transaction, of any kind. */
  addRecord(record: CurrentRecord, layout: RecordLayout, recordBytes: number): void;
}

/** Tables of objects and typed arrays: the reference, and for whoever has few records. */
export class PlainRecordTables implements RecordTables {
  readonly #work = new WorkByXid();
  readonly #events = new EventColumns();
  readonly #contentCrc = new ContentCrc();
  readonly #changedBlocks = new ChangedBlocks();
  highestXid: number | undefined;

  get columns(): IndexColumns {
    return { events: this.#events, work: this.#work.columns, changedBlocks: this.#changedBlocks };
  }

  get contentCrc(): number {
    return this.#contentCrc.value;
  }

  noteBlocks(layout: RecordLayout): void {
    this.#changedBlocks.take(layout);
  }

  limitBlocks(file: RelationFile, limitBlock: number): void {
    this.#changedBlocks.limit(file, limitBlock);
  }

  addRows(record: CurrentRecord, layout: RecordLayout, rows: RowCounts): void {
    const { tablespaceOids, databaseOids, filenodes } = layout;
    const file = this.#work.fileOf(tablespaceOids[0] ?? 0, databaseOids[0] ?? 0, filenodes[0] ?? 0);
    this.#work.addRows(this.#rowOf(record), file, rows);
  }

  addTruncated(record: CurrentRecord, oids: readonly number[]): void {
    this.#work.addTruncated(this.#rowOf(record), oids);
  }

  addStorageChange(record: CurrentRecord, change: StorageChange): void {
    this.#work.addStorageChange(this.#rowOf(record), change);
  }

  addEvent(event: IndexEvent): void {
    this.#events.push(event);
  }

  addEnd(end: PlainEnd): void {
    this.#events.pushEnd(end);
  }

  addChecksum(bytes: Buffer, start: number): void {
    this.#contentCrc.add(bytes, start);
  }

  addRecord(record: CurrentRecord, { topXid, originId }: RecordLayout, recordBytes: number): void {
    const { xid, lsnHigh, lsnLow } = record;
    const at = this.#rowOf(record);
    this.#work.addRecord(at, lsnHigh, lsnLow, recordBytes);
    if (topXid !== undefined) this.#work.setTopXid(at, topXid);
    if (originId !== undefined) this.#work.setOrigin(at, originId);
    // Numbers go around; the newer of two is the one less than half the way ahead.
    const isNewer = this.highestXid === undefined || ((xid - this.highestXid) | 0) > 0;
    if (isNewer && xid >= FIRST_NORMAL_XID) this.highestXid = xid;
  }

  #rowOf({ xid, lsnHigh, lsnLow }: CurrentRecord): number {
    return this.#work.of(xid, lsnHigh, lsnLow);
  }
}
