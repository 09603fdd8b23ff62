/**
 * How much a transaction did, and whether somebody who looks for a disaster wants to see it.
 *
 * @module
 */

import type {
  DefinitionChange,
  LoggedTransaction,
  RelationChange,
} from '../history/transactions/logged-transaction.ts';

/** A table whose rows nobody has counted: ranked with large ones, because overlooking it would be worse. */
const ROWS_OF_UNCOUNTED_TABLE = 1_000_000;

/** From this share of a table on, a delete or update is called large; of tables with a few rows it never is. */
const LARGE_SHARE = 0.2;
const FEW_ROWS = 20;

/** A delete or update of this many rows is large where the size of the table is not known. */
const LARGE_UNCOUNTED_ROWS = 10_000;

/** Rows that were written or went; a row that moved between partitions counts once. */
export function rowsOfChange(change: RelationChange): number {
  return change.inserted + change.updated + change.deleted + change.movedIn;
}

/** True if rows are gone with it at once, uncounted: TRUNCATE, and DROP of what holds rows. */
export function isDestructive({ kind, relation }: DefinitionChange): boolean {
  if (kind === 'truncate' || kind === 'dropDatabase') return true;
  if (kind !== 'drop') return false;
  return relation === undefined || relation.kind === 'table' || relation.kind === 'materializedView';
}

function isLarge(rows: number, share: number | undefined): boolean {
  return share === undefined ? rows >= LARGE_UNCOUNTED_ROWS : rows >= FEW_ROWS && share >= LARGE_SHARE;
}

/** True if a large share of the table went or was overwritten. */
export function isLargeChange({ deleted, updated, deletedShare, updatedShare }: RelationChange): boolean {
  return isLarge(deleted, deletedShare) || isLarge(updated, updatedShare);
}

/** True for what is marked in a list. */
export function isLargeTransaction({ changes, definitions }: LoggedTransaction): boolean {
  return definitions.some(isDestructive) || changes.some(isLargeChange);
}

/** Rows that it changed, those of new tables included; not those that TRUNCATE and DROP removed, nor rewritten ones. */
export function rowsOfTransaction({ changes, definitions }: LoggedTransaction): number {
  const created = definitions.filter(({ kind }) => kind === 'createAs');
  return (
    changes.reduce((sum, change) => sum + rowsOfChange(change), 0) +
    created.reduce((sum, { rows }) => sum + (rows ?? 0), 0)
  );
}

/** What transactions are ranked by: rows changed, and rows that TRUNCATE and DROP removed by the estimate of the catalogs. */
export function weightOfTransaction(one: LoggedTransaction): number {
  const removed = one.definitions
    .filter(isDestructive)
    .reduce((sum, { relation }) => sum + (relation?.estimatedRows ?? ROWS_OF_UNCOUNTED_TABLE), 0);
  return rowsOfTransaction(one) + removed;
}

/** True if it changed neither rows nor definitions: locks, catalogs and statistics alone. */
export function isWithoutEffect({ changes, definitions }: LoggedTransaction): boolean {
  return changes.length === 0 && definitions.length === 0;
}
