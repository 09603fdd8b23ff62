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
import type { Lsn } from '../postgres/lsn.ts';
import { asLsn, flag, list, optional, relationFile, shape, unsigned32, type Field } from './index-fields.ts';
import { IndexReader } from './index-reader.ts';
import { IndexWriter } from './index-writer.ts';
import type { FileWork, XidWork } from './segment-index.ts';

type Rare = Pick<XidWork, 'topXid' | 'originId' | 'isMoveOpen' | 'createdFiles' | 'cutFiles' | 'truncatedOids'>;

/** What few transactions do. */
export const rareWork: Field<Rare> = shape<Rare>({
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

/** The columns, in the order of the format. */
export const WORK_COLUMNS = [
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
/** How many counts a file has. */
export const COUNT_KINDS = 6;

/** Something for each column. */
export type ColumnsOfWork<T> = Readonly<Record<(typeof WORK_COLUMNS)[number], T>>;

/** Makes something for each column. */
export function columnsOfWork<T>(make: (name: string) => T): ColumnsOfWork<T> {
  // Every name of the list has its member.
  return Object.fromEntries(WORK_COLUMNS.map((name) => [name, make(name)])) as ColumnsOfWork<T>;
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
  const columns = columnsOfWork(() => new IndexWriter());
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
    if (!isUsual) rareWork.write(columns.rare, one);
    columns.firstInserts.unsigned(one.firstInsertFile === undefined ? 0 : one.firstInsertFile + 1);
    columns.fileCounts.unsigned(one.files.length);
    for (const each of one.files) writeFileWork(columns, fileList.placeOf(each.file), each);
  }
  out.unsigned(work.length);
  list(relationFile).write(out, fileList.files);
  for (const name of WORK_COLUMNS) out.bytes(columns[name].written);
}

function writeFileWork({ files, kinds, counts }: ColumnsOfWork<IndexWriter>, place: number, work: FileWork): void {
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

/** Reads the work of all transactions. @throws {Failure} `corrupt`. */
export function readWork(from: IndexReader, object: string, startLsn: Lsn): readonly XidWork[] {
  const count = from.count();
  const files = list(relationFile).read(from);
  const columns = columnsOfWork((name) => new IndexReader(from.bytes(), object, `${name} of transactions`));
  const work: XidWork[] = [];
  let [xid, firstBefore] = [0, startLsn as bigint];
  for (let left = count; left > 0; left -= 1) {
    xid += columns.transactions.signed();
    if (xid < 0 || xid > 0xffffffff) throw columns.transactions.problem('a transaction number that is not of 32 bits');
    const firstLsn = asLsn(columns.begins.sum(firstBefore), columns.begins);
    firstBefore = firstLsn;
    const lastLsn = asLsn(columns.spans.sum(firstLsn), columns.spans);
    const walBytes = columns.sizes.unsigned();
    const unusual = flag.read(columns.rare) ? rareWork.read(columns.rare) : NOTHING_RARE;
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
  for (const name of WORK_COLUMNS) columns[name].end();
  return work;
}

function readFileWorks(columns: ColumnsOfWork<IndexReader>, files: readonly RelationFile[]): FileWork[] {
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
