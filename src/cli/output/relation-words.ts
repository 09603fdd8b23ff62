/**
 * What a transaction did to the rows of a table: `orders +3 ~1 -48,211`.
 *
 * @module
 */

import type { Relation } from '../../history/names/relation-names.ts';
import { shareOfWords } from '../../history/share-percent.ts';
import type { RelationChange } from '../../history/transactions/logged-transaction.ts';
import { relationFileKey, type RelationFile } from '../../postgres/relation-file.ts';
import { formatCount } from './format.ts';
import { shownName } from './shown-name.ts';

/** A share is worth a word from here on. */
const SHARE_SHOWN = 0.05;

/** `orders`, `audit.log`; `file 1663/16384/24576` where there is no name. The schema is left out where it is `public`. */
export function relationName(relation: Relation | undefined, file: RelationFile | undefined): string {
  if (relation === undefined) return file === undefined ? 'a relation without a name' : `file ${relationFileKey(file)}`;
  const { schemaName, name } = relation;
  return schemaName === undefined || schemaName === 'public'
    ? shownName(name)
    : `${shownName(schemaName)}.${shownName(name)}`;
}

/** Rows changed in a table, or in the partitions of one together. */
export interface TableWork {
  readonly name: string;
  readonly inserted: number;
  /** Rows that moved between its partitions included. */
  readonly updated: number;
  readonly deleted: number;
  readonly deletedShare: number | undefined;
  readonly updatedShare: number | undefined;
  /** How many partitions it was done in; 0 for a plain table. */
  readonly partitionCount: number;
  /** Known rows before, by the estimate of the catalogs. */
  readonly estimatedRows: number | undefined;
}

/** The work of one relation, whatever it is a part of. */
export function workOfRelation(change: RelationChange): TableWork {
  return {
    name: relationName(change.relation, change.file),
    inserted: change.inserted,
    updated: change.updated,
    deleted: change.deleted,
    deletedShare: change.deletedShare,
    updatedShare: change.updatedShare,
    partitionCount: 0,
    estimatedRows: change.relation?.estimatedRows,
  };
}

const keyOf = ({ relation, root, file }: RelationChange): string =>
  root !== undefined
    ? `${root.databaseOid}/${root.oid}`
    : relation === undefined
      ? relationFileKey(file)
      : `${relation.databaseOid}/${relation.oid}`;

/** Changes by table: partitions under the topmost table, in the order in which each first comes. */
export function workByTable(changes: readonly RelationChange[]): TableWork[] {
  return [...Map.groupBy(changes, keyOf).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return first.root === undefined && group.length === 1 ? [workOfRelation(first)] : [sumOf(first, group)];
  });
}

function sumOf(first: RelationChange, group: readonly RelationChange[]): TableWork {
  const sum = (count: (change: RelationChange) => number) => group.reduce((total, one) => total + count(one), 0);
  const moved = Math.max(
    sum(({ movedIn }) => movedIn),
    sum(({ movedOut }) => movedOut),
  );
  const deleted = sum((one) => one.deleted);
  const updated = sum((one) => one.updated) + moved;
  // Of the partitions that were touched; the others' rows are not known here.
  const rows = group.every(({ relation }) => relation?.estimatedRows !== undefined)
    ? sum(({ relation }) => relation?.estimatedRows ?? 0)
    : undefined;
  const shareOf = (count: number) => (rows === undefined || rows === 0 || group.length > 1 ? undefined : count / rows);
  return {
    name: relationName(first.root ?? first.relation, first.file),
    inserted: sum((one) => one.inserted),
    updated,
    deleted,
    deletedShare: group.length === 1 ? first.deletedShare : shareOf(deleted),
    updatedShare: group.length === 1 ? first.updatedShare : shareOf(updated),
    partitionCount: first.root === undefined ? 0 : group.length,
    estimatedRows: rows,
  };
}

/** `+3 ~1 -48,211`; empty if nothing is left to count. */
export function countsText({ inserted, updated, deleted }: TableWork): string {
  const signed = (sign: string, count: number) => (count === 0 ? [] : [`${sign}${formatCount(count)}`]);
  return [...signed('+', inserted), ...signed('~', updated), ...signed('-', deleted)].join(' ');
}

/** `96 % of the table`, for the deleted or else the updated share, where it is worth saying. */
export function shareText({ deletedShare, updatedShare, partitionCount }: TableWork): string {
  const share = Math.max(deletedShare ?? 0, updatedShare ?? 0);
  if (share < SHARE_SHOWN) return '';
  return shareOfWords(share, partitionCount > 0 ? 'partition' : 'table');
}

/** `orders -48,211  96 % of the table`. */
export function workText(work: TableWork): string {
  const counts = countsText(work);
  const share = shareText(work);
  return `${work.name} ${counts === '' ? '+0' : counts}${share === '' ? '' : `  ${share}`}`;
}
