/**
 * The tables of {@link RecordTables} in the memory of the {@link IndexProgram}: for the records that it leaves, and for who
 * reads the columns.
 *
 * What was counted stays in that memory until the next segment needs it; then it is copied, if anybody still has it.
 *
 * @module
 */

import { lsnHigh, type Lsn } from '../../postgres/lsn.ts';
import type { RelationFile } from '../../postgres/relation-file.ts';
import { CRC32C_START, finishCrc32c } from '../../postgres/crc32c.ts';
import { MAIN_FORK, type RecordLayout } from '../../postgres/wal-records/record-layout.ts';
import type { RowCounts } from '../../postgres/wal-records/row-records.ts';
import type { StorageChange } from '../../postgres/wal-records/storage-records.ts';
import { CRC_OFFSET } from '../../postgres/wal-records/wal-record.ts';
import { BLOCK_NUMBERS, gatherChangedFiles, NO_LIMIT, type ChangedFile, type NotedFile } from '../changed-blocks.ts';
import type { CurrentRecord } from '../current-record.ts';
import { EventColumns, type PlainEnd } from '../event-columns.ts';
import type { IndexColumns } from '../index-columns.ts';
import type { RecordTables } from '../record-tables.ts';
import type { IndexEvent } from '../segment-index.ts';
import {
  DELETED,
  FILE_MEMBERS,
  FLAGS,
  HAS_RARE,
  INSERTED,
  MOVED_OUT,
  TRANSACTION_MEMBERS,
  UPDATED,
  WorkColumns,
  type RareWork,
} from '../work-columns.ts';
import { FastEnds } from './fast-ends.ts';
import { AT, FILE_ENTRY, type StateName } from './memory-layout.ts';
import type { IndexProgram } from './program.ts';

/** Tables of one segment. */
export class FastRecordTables implements RecordTables {
  readonly #program: IndexProgram;
  readonly #limits = new Map<number, number>();
  readonly #ends: FastEnds;
  readonly #events: EventColumns;
  readonly #work = new WorkColumns();
  #changedFiles: (() => ChangedFile[]) | undefined;

  /** @param program whose tables are empty. */
  constructor(program: IndexProgram, segmentStart: Lsn) {
    this.#program = program;
    this.#ends = new FastEnds(program, lsnHigh(segmentStart));
    this.#events = new EventColumns(this.#ends);
    program.set('contentCrc', CRC32C_START);
  }

  /** All that was kept; nothing is added afterwards. */
  get columns(): IndexColumns {
    this.#workColumns();
    const toFiles = (this.#changedFiles ??= this.#changedBlocks());
    return { events: this.#events, work: this.#work, changedBlocks: { toFiles } };
  }

  get highestXid(): number | undefined {
    const xid = this.#program.get('highestXid');
    return xid === 0 ? undefined : xid;
  }

  get contentCrc(): number {
    this.#program.call.takeChecksums();
    return finishCrc32c(this.#program.get('contentCrc'));
  }

  /** Copies what is in the program's memory, which is to be used for something else. */
  leave(): void {
    const { transactions, files } = this.#work;
    this.#work.transactions = transactions.slice();
    this.#work.files = files.slice();
    this.#work.writer = undefined;
    this.#ends.leave();
  }

  noteBlocks(layout: RecordLayout): void {
    const { forks, tablespaceOids, databaseOids, filenodes, blockNumbers } = layout;
    for (let index = 0; index < layout.blockCount; index += 1) {
      if (forks[index] !== MAIN_FORK) continue;
      const [tablespace, database] = [tablespaceOids[index] ?? 0, databaseOids[index] ?? 0];
      this.#program.call.noteBlock(tablespace, database, filenodes[index] ?? 0, blockNumbers[index] ?? 0);
    }
  }

  limitBlocks({ tablespaceOid, databaseOid, filenode }: RelationFile, limitBlock: number): void {
    const number = this.#program.call.changedNumberOf(tablespaceOid, databaseOid, filenode);
    this.#limits.set(number, Math.min(this.#limits.get(number) ?? NO_LIMIT, limitBlock));
  }

  addRows(record: CurrentRecord, layout: RecordLayout, rows: RowCounts): void {
    const { tablespaceOids, databaseOids, filenodes } = layout;
    const { call } = this.#program;
    const entry = call.fileEntry(tablespaceOids[0] ?? 0, databaseOids[0] ?? 0, filenodes[0] ?? 0);
    const file = call.workNumber(entry) - 1;
    const at = call.transactionOf(record.xid, record.lsnHigh, record.lsnLow);
    // A record has rows of one kind; of an update, the hot ones are counted beside all.
    const { inserted, updated, hotUpdated, deleted, movedOut } = rows;
    if (updated !== 0) call.addRows(at, file, UPDATED, updated, hotUpdated);
    else if (deleted !== 0) call.addRows(at, file, DELETED, deleted, 0);
    else if (movedOut !== 0) call.addRows(at, file, MOVED_OUT, movedOut, 0);
    else call.addRows(at, file, INSERTED, inserted, 0);
  }

  addTruncated(record: CurrentRecord, oids: readonly number[]): void {
    const at = this.#rowOf(record);
    if (oids.length === 0) return;
    const { truncatedOids } = this.#rareOf(at);
    for (const oid of oids) truncatedOids.push(oid);
  }

  addStorageChange(record: CurrentRecord, change: StorageChange): void {
    const { file } = change;
    const rare = this.#rareOf(this.#rowOf(record));
    if (change.kind === 'create') rare.createdFiles.push({ file, isUnlogged: change.isUnlogged });
    else rare.cutFiles.push({ file, blocks: change.blocks });
  }

  addEvent(event: IndexEvent): void {
    this.#events.push(event);
  }

  addEnd(end: PlainEnd): void {
    this.#ends.push(end);
  }

  addChecksum(bytes: Buffer, start: number): void {
    this.#program.call.addChecksum(bytes.readUInt32LE(start + CRC_OFFSET));
  }

  addRecord({ xid, lsnHigh: high, lsnLow: low }: CurrentRecord, layout: RecordLayout, recordBytes: number): void {
    const program = this.#program;
    program.set('hasTopXid', layout.topXid === undefined ? 0 : 1);
    program.set('topXid', layout.topXid ?? 0);
    program.set('hasOrigin', layout.originId === undefined ? 0 : 1);
    program.set('originId', layout.originId ?? 0);
    program.call.addRecord(xid, high, low, recordBytes);
  }

  /** Where a transaction's row begins in the table. */
  #rowOf({ xid, lsnHigh: high, lsnLow: low }: CurrentRecord): number {
    const { call, tables } = this.#program;
    return (call.transactionOf(xid, high, low) - tables.addresses.transactions) / 4;
  }

  #rareOf(at: number): RareWork {
    let found = this.#work.rare.get(at);
    if (found === undefined) {
      found = { createdFiles: [], cutFiles: [], truncatedOids: [] };
      this.#work.rare.set(at, found);
      const flags = this.#program.tables.addresses.transactions / 4 + at + FLAGS;
      this.#program.words[flags] = (this.#program.words[flags] ?? 0) | HAS_RARE;
    }
    return found;
  }

  #workColumns(): void {
    const program = this.#program;
    const { addresses } = program.tables;
    const work = this.#work;
    work.transactionCount = program.get('transactionCount');
    work.fileCount = program.get('fileRowCount');
    work.transactions = program.words.subarray(
      addresses.transactions / 4,
      addresses.transactions / 4 + work.transactionCount * TRANSACTION_MEMBERS,
    );
    work.files = new Int32Array(program.bytes.buffer, addresses.fileRows, work.fileCount * FILE_MEMBERS);
    if (work.relationFiles.length === 0) {
      for (const entry of this.#entries(AT.workFiles, 'workFileCount')) work.relationFiles.push(this.#fileAt(entry));
    }
    work.writer = {
      column: (name, before = 0) => program.column(name, before),
      placeOf: (number) => this.#wordAt(this.#wordAt(AT.workFiles + 4 * number) + FILE_ENTRY.place) - 1,
    };
  }

  /** What gathers the changed blocks, of what the memory has now. */
  #changedBlocks(): () => ChangedFile[] {
    const { words, tables } = this.#program;
    const files = this.#entries(AT.changedFiles, 'changedFileCount').map((entry, index): NotedFile => ({
      ...this.#fileAt(entry),
      limitBlock: this.#limits.get(index + 1) ?? NO_LIMIT,
    }));
    const count = this.#program.get('notedCount');
    const from = tables.addresses.noted / 4;
    const noted = new Float64Array(count);
    for (let index = 0; index < count; index += 1) {
      const at = from + 2 * index;
      noted[index] = ((words[at + 1] ?? 0) - 1) * BLOCK_NUMBERS + (words[at] ?? 0);
    }
    return () => gatherChangedFiles(files, noted);
  }

  #wordAt(address: number): number {
    return this.#program.words[address / 4] ?? 0;
  }

  #entries(list: number, count: StateName): number[] {
    return Array.from({ length: this.#program.get(count) }, (_, index) => this.#wordAt(list + 4 * index));
  }

  #fileAt(entry: number): RelationFile {
    return {
      tablespaceOid: this.#wordAt(entry + FILE_ENTRY.tablespace),
      databaseOid: this.#wordAt(entry + FILE_ENTRY.database),
      filenode: this.#wordAt(entry + FILE_ENTRY.filenode),
    };
  }
}
