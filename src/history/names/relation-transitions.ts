/**
 * What became of each relation whose row of `pg_class` a transaction changed.
 *
 * @module
 */

import type { CatalogRow, ClassRow } from '../../postgres/catalog-rows.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import type { NameBook } from './name-book.ts';
import type { PendingRow } from './pending-rows.ts';
import type { Relation } from './relation-names.ts';

/** One relation across one transaction. */
export interface RelationTransition {
  readonly databaseOid: number;
  readonly oid: number;
  /** It existed when the transaction began. What it was is `before`, where that is known. */
  readonly existedBefore: boolean;
  readonly before: Relation | undefined;
  /** `undefined`: it was dropped. */
  readonly after: Relation | undefined;
  /** Its row as it was last written, of dropped relations too: the passing one of a rewrite is `pg_temp_<oid>`. */
  readonly last: Relation | undefined;
  /** A temporary table, or what belongs to one. */
  readonly isTemporary: boolean;
  /** The numbers of the files that it got from the transaction, in their order. The last one is `after`'s. */
  readonly filenodes: readonly number[];
  /** The first record of it. */
  readonly lsn: Lsn;
}

interface Ending {
  readonly lsn: Lsn;
  /** The top transaction first. */
  readonly xids: readonly number[];
}

function classRowOf(row: CatalogRow | undefined): ClassRow | undefined {
  return row?.catalog === 'pg_class' ? row.row : undefined;
}

/** The changes of each relation's row, in their order. */
function byRelation(changes: readonly PendingRow[]): Map<string, [PendingRow, ...PendingRow[]]> {
  const groups = new Map<string, [PendingRow, ...PendingRow[]]>();
  for (const change of changes) {
    if (change.row.catalog !== 'pg_class') continue;
    const key = `${change.databaseOid}/${change.row.row.oid}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [change]);
    else group.push(change);
  }
  return groups;
}

/**
 * Writes a committed family's changes into the book.
 *
 * @param changes in LSN order.
 */
export function transitionsOf(book: NameBook, changes: readonly PendingRow[], end: Ending): RelationTransition[] {
  const groups = [...byRelation(changes).values()];
  const begun = groups.map((group) => beginningOf(book, group, end));
  for (const { databaseOid, kind, row } of changes) {
    if (row.catalog === 'pg_class') continue;
    if (kind === 'delete') book.remove(databaseOid, row, end.lsn);
    else book.put(databaseOid, row, end.lsn, end.xids[0]);
  }
  // Those that stay last: they may have got their files from passing ones.
  for (const group of groups) if (isDropped(group)) putFinalRow(book, group, end);
  for (const group of groups) if (!isDropped(group)) putFinalRow(book, group, end);
  return begun.map(({ group, before }) => transitionOf(book, group, before, end));
}

function transitionOf(
  book: NameBook,
  group: [PendingRow, ...PendingRow[]],
  before: Relation | undefined,
  end: Ending,
): RelationTransition {
  const [first] = group;
  const { kind, row } = group.at(-1) ?? first;
  const { databaseOid, lsn } = first;
  const { oid } = row.row;
  const lastRow = classRowOf(row);
  return {
    databaseOid,
    oid,
    existedBefore: first.kind !== 'insert' && !isOwn(first, end.xids),
    before,
    after: kind === 'delete' ? undefined : book.ofOid(databaseOid, oid, end.lsn),
    last: lastRow === undefined ? undefined : book.ofRow(databaseOid, lastRow, end.lsn),
    isTemporary: lastRow?.persistence === 't',
    filenodes: newFiles(group),
    lsn,
  };
}

/** `pg_temp_<oid>`, which a rewrite makes and drops; `make_new_heap` in `src/backend/commands/cluster.c`. */
const PASSING_NAME = /^pg_temp_\d+$/;

/** A passing relation whose insert went into the file that a rewrite of `pg_class` itself replaced. */
function isOwn({ insertedBy, row }: PendingRow, xids: readonly number[]): boolean {
  const name = classRowOf(row)?.name ?? '';
  return insertedBy !== undefined && xids.includes(insertedBy) && PASSING_NAME.test(name);
}

function isDropped(group: readonly PendingRow[]): boolean {
  return group.at(-1)?.kind === 'delete';
}

/** What a relation was, which must be asked before the book has the changes. */
function beginningOf(book: NameBook, group: [PendingRow, ...PendingRow[]], { lsn }: Ending) {
  const [first] = group;
  const row = classRowOf(first.before);
  if (first.kind === 'insert' || row === undefined) return { group, before: undefined };
  book.putBefore(first.databaseOid, row, first.lsn);
  return { group, before: book.ofRow(first.databaseOid, row, lsn) };
}

/**
 * Relations that stay own their files, those they had in between too. The passing relation of a rewrite held the old file
 * last, and the new one first: it owns neither.
 */
function putFinalRow(book: NameBook, group: [PendingRow, ...PendingRow[]], { lsn, xids }: Ending): void {
  const last = group.at(-1);
  for (const { databaseOid, row, kind } of group) {
    if (row.catalog !== 'pg_class' || kind === 'delete') continue;
    if (isDropped(group)) book.putIfUnknown(databaseOid, row.row, lsn);
    else book.putFileIfUnknown(databaseOid, row.row, lsn);
  }
  if (last !== undefined && last.kind !== 'delete') book.put(last.databaseOid, last.row, lsn, xids[0]);
}

function newFiles(group: readonly PendingRow[]): number[] {
  const files = new Set<number>();
  for (const { kind, row } of group) {
    const filenode = kind === 'delete' ? 0 : (classRowOf(row)?.filenode ?? 0);
    if (filenode !== 0) files.add(filenode);
  }
  const [first] = group;
  files.delete(first?.kind === 'insert' ? 0 : (classRowOf(first?.before)?.filenode ?? 0));
  return [...files];
}
