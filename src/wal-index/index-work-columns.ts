/**
 * Writes what each transaction did from its tables, to the byte as {@link writeWork} does from objects.
 *
 * @module
 */

import { lsnLow, type Lsn } from '../postgres/lsn.ts';
import type { RelationFile } from '../postgres/relation-file.ts';
import { list, relationFile } from './index-fields.ts';
import { columnsOfWork, COUNT_KINDS, rareWork, WORK_COLUMNS, type ColumnsOfWork } from './index-work.ts';
import { IndexWriter } from './index-writer.ts';
import {
  FILE,
  FILE_COUNT,
  FILE_MEMBERS,
  FIRST_FILE,
  FIRST_INSERT,
  FIRST_LOW,
  FLAGS,
  INSERTED as FIRST_COUNT,
  IS_UNUSUAL,
  LAST_LOW,
  NEXT,
  TRANSACTION_MEMBERS,
  WAL_BYTES,
  XID,
  type WorkColumns,
  type WorkWriter,
} from './work-columns.ts';

/** The longest number: what a writer has left before it grows. */
const LONGEST_BYTES = 10;

/** Writes the work of all transactions. @param startLsn the segment's. */
export function writeWorkColumns(out: IndexWriter, work: WorkColumns, startLsn: Lsn): void {
  if (work.writer === undefined) writeRows(out, work, startLsn);
  else writeReadyColumns(out, work, work.writer, startLsn);
}

/** The columns, written where the tables are; but for the rare one. */
function writeReadyColumns(out: IndexWriter, work: WorkColumns, writer: WorkWriter, startLsn: Lsn): void {
  // It gives files their places, so it is asked for first.
  const files = Buffer.from(writer.column('files'));
  const placed: RelationFile[] = [];
  for (const [number, file] of work.relationFiles.entries()) {
    const place = writer.placeOf(number);
    if (place >= 0) placed[place] = file;
  }
  out.unsigned(work.transactionCount);
  list(relationFile).write(out, placed);
  for (const name of WORK_COLUMNS) {
    if (name === 'files') out.bytes(files);
    else if (name === 'rare') out.bytes(rareColumn(work));
    else out.bytes(writer.column(name, name === 'begins' ? lsnLow(startLsn) : 0));
  }
}

function rareColumn(work: WorkColumns): Buffer {
  const { transactions } = work;
  const column = new IndexWriter(work.transactionCount + LONGEST_BYTES);
  const end = work.transactionCount * TRANSACTION_MEMBERS;
  for (let at = 0; at < end; at += TRANSACTION_MEMBERS) {
    const isUsual = ((transactions[at + FLAGS] ?? 0) & IS_UNUSUAL) === 0;
    column.unsigned(isUsual ? 0 : 1);
    if (!isUsual) rareWork.write(column, work.workAt(at));
  }
  return column.written;
}

function writeRows(out: IndexWriter, work: WorkColumns, startLsn: Lsn): void {
  const columns = columnsOfWork(() => new IndexWriter());
  const { transactions } = work;
  const places = new FilePlaces(work.relationFiles);
  let [xidBefore, lowBefore] = [0, lsnLow(startLsn)];
  const end = work.transactionCount * TRANSACTION_MEMBERS;
  for (let at = 0; at < end; at += TRANSACTION_MEMBERS) {
    // All positions are in one segment, so their high halves are the same.
    const firstLow = transactions[at + FIRST_LOW] ?? 0;
    const xid = transactions[at + XID] ?? 0;
    columns.transactions.signed(xid - xidBefore);
    columns.begins.signed(firstLow - lowBefore);
    columns.spans.signed((transactions[at + LAST_LOW] ?? 0) - firstLow);
    columns.sizes.unsigned(transactions[at + WAL_BYTES] ?? 0);
    xidBefore = xid;
    lowBefore = firstLow;
    const isUsual = ((transactions[at + FLAGS] ?? 0) & IS_UNUSUAL) === 0;
    columns.rare.unsigned(isUsual ? 0 : 1);
    if (!isUsual) rareWork.write(columns.rare, work.workAt(at));
    columns.firstInserts.unsigned(transactions[at + FIRST_INSERT] ?? 0);
    columns.fileCounts.unsigned(transactions[at + FILE_COUNT] ?? 0);
    writeFileRows(columns, places, work, transactions[at + FIRST_FILE] ?? 0);
  }
  out.unsigned(work.transactionCount);
  list(relationFile).write(out, places.files);
  for (const name of WORK_COLUMNS) out.bytes(columns[name].written);
}

/** Gives numbered files their places. */
class FilePlaces {
  readonly files: RelationFile[] = [];
  readonly #relationFiles: readonly RelationFile[];
  /** Place + 1. */
  readonly #places: Uint32Array;

  constructor(relationFiles: readonly RelationFile[]) {
    this.#relationFiles = relationFiles;
    this.#places = new Uint32Array(relationFiles.length);
  }

  placeOf(number: number): number {
    const known = this.#places[number] ?? 0;
    if (known > 0) return known - 1;
    const file = this.#relationFiles[number];
    if (file === undefined) throw new TypeError('a file that is not in the list');
    this.#places[number] = this.files.push(file);
    return this.files.length - 1;
  }
}

/** The rows of files from one on; `first` is its number + 1. */
function writeFileRows(
  columns: ColumnsOfWork<IndexWriter>,
  places: FilePlaces,
  work: WorkColumns,
  first: number,
): void {
  const rows = work.files;
  for (let next = first; next > 0;) {
    const at = (next - 1) * FILE_MEMBERS;
    columns.files.unsigned(places.placeOf(rows[at + FILE] ?? 0));
    let kinds = 0;
    // The bits are in the order of the members.
    for (let kind = 0; kind < COUNT_KINDS; kind += 1) {
      const count = rows[at + FIRST_COUNT + kind] ?? 0;
      if (count === 0) continue;
      kinds |= 1 << kind;
      columns.counts.signed(count);
    }
    columns.kinds.unsigned(kinds);
    next = rows[at + NEXT] ?? 0;
  }
}
