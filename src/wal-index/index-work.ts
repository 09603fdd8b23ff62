/**
 * What each transaction did in a segment, in columns, so that it compresses. A file is named once, in order of its first
 * mention, and by its place in that list afterwards.
 *
 * Columns: transaction, as the difference to the one before; first record, as the difference to that of the one before;
 * last record, as the difference to the first; bytes; rare members, behind a zero byte if there are none; the file of the
 * first insert, 0 for none, 1 for the first; number of files; for each file its place in the list, which of its six
 * counts are not 0, and these.
 *
 * @module
 */

import { relationFileKey, type RelationFile } from '../postgres/relation-file.ts';
import { lsnLow, type Lsn } from '../postgres/lsn.ts';
import { asLsn, flag, list, optional, relationFile, shape, unsigned32, type Field } from './index-fields.ts';
import { IndexReader } from './index-reader.ts';
import { IndexWriter } from './index-writer.ts';
import type { FileWork, XidWork } from './segment-index.ts';
import {
  FILE,
  FILE_COUNT,
  FILE_MEMBERS,
  INSERTED as FIRST_COUNT,
  FIRST_FILE,
  FIRST_INSERT,
  FIRST_LOW,
  FLAGS,
  HAS_RARE,
  IS_MOVE_OPEN,
  LAST_LOW,
  NEXT,
  TRANSACTION_MEMBERS,
  WAL_BYTES,
  XID,
  type WorkColumns,
} from './work-columns.ts';

type Rare = Pick<XidWork, 'topXid' | 'originId' | 'isMoveOpen' | 'createdFiles' | 'cutFiles' | 'truncatedOids'>;

const rare: Field<Rare> = shape<Rare>({
  topXid: optional(unsigned32),
  originId: optional(unsigned32),
  isMoveOpen: flag,
  createdFiles: list(shape<XidWork['createdFiles'][number]>({ file: relationFile, isUnlogged: flag })),
  cutFiles: list(shape<XidWork['cutFiles'][number]>({ file: relationFile, blocks: unsigned32 })),
  truncatedOids: list(unsigned32),
});
const NOTHING_RARE: Rare = {
  topXid: undefined,
  originId: undefined,
  isMoveOpen: false,
  createdFiles: [],
  cutFiles: [],
  truncatedOids: [],
};

const COLUMNS = [
  'transactions',
  'begins',
  'spans',
  'sizes',
  'rare',
  'firstInserts',
  'fileCounts',
  'files',
  'kinds',
  'counts',
] as const;

/** Which of the counts of a file are not 0; these follow in this order. */
const INSERTED = 1;
const UPDATED = 2;
const HOT_UPDATED = 4;
const DELETED = 8;
const MOVED_OUT = 16;
const INSERTED_AFTER_MOVE = 32;
const ALL_KINDS = 63;
const COUNT_KINDS = 6;

type Columns<T> = Readonly<Record<(typeof COLUMNS)[number], T>>;

function columnsOf<T>(make: (name: string) => T): Columns<T> {
  // Every name of the list has its member.
  return Object.fromEntries(COLUMNS.map((name) => [name, make(name)])) as Columns<T>;
}

function isPlain({ topXid, originId, isMoveOpen, createdFiles, cutFiles, truncatedOids }: XidWork): boolean {
  return (
    topXid === undefined &&
    originId === undefined &&
    !isMoveOpen &&
    createdFiles.length === 0 &&
    cutFiles.length === 0 &&
    truncatedOids.length === 0
  );
}

/** Gives files their places. The same object is looked up faster than another of the same numbers. */
class FileList {
  readonly files: RelationFile[] = [];
  readonly #byObject = new Map<RelationFile, number>();
  readonly #byKey = new Map<string, number>();

  placeOf(file: RelationFile): number {
    const known = this.#byObject.get(file);
    if (known !== undefined) return known;
    const key = relationFileKey(file);
    const place = this.#byKey.get(key) ?? this.files.length;
    if (place === this.files.length) this.files.push(file);
    this.#byKey.set(key, place);
    this.#byObject.set(file, place);
    return place;
  }
}

/** Writes the work of all transactions. @param startLsn the segment's. */
export function writeWork(out: IndexWriter, work: readonly XidWork[], startLsn: Lsn): void {
  const columns = columnsOf(() => new IndexWriter());
  const fileList = new FileList();
  let [xidBefore, firstBefore] = [0, startLsn as bigint];
  for (const one of work) {
    columns.transactions.signed(one.xid - xidBefore);
    columns.begins.difference(one.firstLsn, firstBefore);
    columns.spans.difference(one.lastLsn, one.firstLsn);
    columns.sizes.unsigned(one.walBytes);
    xidBefore = one.xid;
    firstBefore = one.firstLsn;
    const isUsual = isPlain(one);
    columns.rare.unsigned(isUsual ? 0 : 1);
    if (!isUsual) rare.write(columns.rare, one);
    columns.firstInserts.unsigned(one.firstInsertFile === undefined ? 0 : one.firstInsertFile + 1);
    columns.fileCounts.unsigned(one.files.length);
    for (const each of one.files) writeFileWork(columns, fileList.placeOf(each.file), each);
  }
  out.unsigned(work.length);
  list(relationFile).write(out, fileList.files);
  for (const name of COLUMNS) out.bytes(columns[name].written);
}

function writeFileWork({ files, kinds, counts }: Columns<IndexWriter>, place: number, work: FileWork): void {
  const { inserted, updated, hotUpdated, deleted, movedOut, insertedAfterMove } = work;
  files.unsigned(place);
  kinds.unsigned(
    (inserted === 0 ? 0 : INSERTED) |
      (updated === 0 ? 0 : UPDATED) |
      (hotUpdated === 0 ? 0 : HOT_UPDATED) |
      (deleted === 0 ? 0 : DELETED) |
      (movedOut === 0 ? 0 : MOVED_OUT) |
      (insertedAfterMove === 0 ? 0 : INSERTED_AFTER_MOVE),
  );
  if (inserted !== 0) counts.signed(inserted);
  if (updated !== 0) counts.signed(updated);
  if (hotUpdated !== 0) counts.signed(hotUpdated);
  if (deleted !== 0) counts.signed(deleted);
  if (movedOut !== 0) counts.signed(movedOut);
  if (insertedAfterMove !== 0) counts.signed(insertedAfterMove);
}

/** The same of columns, and to the byte what {@link writeWork} makes of them as objects. */
export function writeWorkColumns(out: IndexWriter, work: WorkColumns, startLsn: Lsn): void {
  const columns = columnsOf(() => new IndexWriter());
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
    const isUsual = ((transactions[at + FLAGS] ?? 0) & (IS_MOVE_OPEN | HAS_RARE)) === 0;
    columns.rare.unsigned(isUsual ? 0 : 1);
    if (!isUsual) rare.write(columns.rare, work.workAt(at));
    columns.firstInserts.unsigned(transactions[at + FIRST_INSERT] ?? 0);
    columns.fileCounts.unsigned(transactions[at + FILE_COUNT] ?? 0);
    writeFileRows(columns, places, work, transactions[at + FIRST_FILE] ?? 0);
  }
  out.unsigned(work.transactionCount);
  list(relationFile).write(out, places.files);
  for (const name of COLUMNS) out.bytes(columns[name].written);
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
function writeFileRows(columns: Columns<IndexWriter>, places: FilePlaces, work: WorkColumns, first: number): void {
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

/** Reads the work of all transactions. @throws {Failure} `corrupt`. */
export function readWork(from: IndexReader, object: string, startLsn: Lsn): readonly XidWork[] {
  const count = from.count();
  const files = list(relationFile).read(from);
  const columns = columnsOf((name) => new IndexReader(from.bytes(), object, `${name} of transactions`));
  const work: XidWork[] = [];
  let [xid, firstBefore] = [0, startLsn as bigint];
  for (let left = count; left > 0; left -= 1) {
    xid += columns.transactions.signed();
    if (xid < 0 || xid > 0xffffffff) throw columns.transactions.problem('a transaction number that is not of 32 bits');
    const firstLsn = asLsn(columns.begins.sum(firstBefore), columns.begins);
    firstBefore = firstLsn;
    const lastLsn = asLsn(columns.spans.sum(firstLsn), columns.spans);
    const walBytes = columns.sizes.unsigned();
    const unusual = flag.read(columns.rare) ? rare.read(columns.rare) : NOTHING_RARE;
    const firstInsert = columns.firstInserts.unsigned();
    const ofFiles = readFileWorks(columns, files);
    if (firstInsert > ofFiles.length) throw columns.firstInserts.problem('a place behind the last file');
    const firstInsertFile = firstInsert === 0 ? undefined : firstInsert - 1;
    const { topXid, originId, isMoveOpen, createdFiles, cutFiles, truncatedOids } = unusual;
    work.push({
      xid,
      topXid,
      firstLsn,
      lastLsn,
      walBytes,
      originId,
      files: ofFiles,
      isMoveOpen,
      firstInsertFile,
      createdFiles,
      cutFiles,
      truncatedOids,
    });
  }
  for (const name of COLUMNS) columns[name].end();
  return work;
}

function readFileWorks(columns: Columns<IndexReader>, files: readonly RelationFile[]): FileWork[] {
  const works: FileWork[] = [];
  const count = columns.fileCounts.unsigned();
  if (count > columns.files.leftBytes)
    throw columns.fileCounts.problem(`${count} files, more than there are bytes for,`);
  for (let left = count; left > 0; left -= 1) {
    const file = files[columns.files.unsigned()];
    if (file === undefined) throw columns.files.problem('a file that is not in the list');
    const kinds = columns.kinds.unsigned();
    if (kinds > ALL_KINDS) throw columns.kinds.problem(`${kinds} where the kinds of counts should be`);
    works.push({
      file,
      inserted: (kinds & INSERTED) === 0 ? 0 : columns.counts.signed(),
      updated: (kinds & UPDATED) === 0 ? 0 : columns.counts.signed(),
      hotUpdated: (kinds & HOT_UPDATED) === 0 ? 0 : columns.counts.signed(),
      deleted: (kinds & DELETED) === 0 ? 0 : columns.counts.signed(),
      movedOut: (kinds & MOVED_OUT) === 0 ? 0 : columns.counts.signed(),
      insertedAfterMove: (kinds & INSERTED_AFTER_MOVE) === 0 ? 0 : columns.counts.signed(),
    });
  }
  return works;
}
