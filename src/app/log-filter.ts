/**
 * Which transactions of a log are wanted.
 *
 * @module
 */

import { isMeant, type TablePattern } from '../history/table-pattern.ts';
import type {
  DefinitionChange,
  LoggedTransaction,
  RelationChange,
} from '../history/transactions/logged-transaction.ts';
import { isDestructive, rowsOfChange } from './transaction-size.ts';

/** What a transaction did, for filters. `ddl`: any change of a definition but TRUNCATE. */
export const LOG_OPERATIONS = ['insert', 'update', 'delete', 'truncate', 'drop', 'ddl'] as const;

/** One of {@link LOG_OPERATIONS}. */
export type LogOperation = (typeof LOG_OPERATIONS)[number];

/** What is wanted; empty lists and `undefined` want everything. */
export interface LogFilter {
  /** Tables or their parents. */
  readonly tables: readonly TablePattern[];
  readonly databases: readonly string[];
  readonly operations: readonly LogOperation[];
  /** Rows changed, in the wanted tables and by the wanted operations. TRUNCATE and DROP always have enough. */
  readonly minRows: number | undefined;
  /** Top transactions or their subtransactions. */
  readonly xids: readonly number[];
  /** Rolled-back ones too. */
  readonly withAborted: boolean;
}

/** One that wants every transaction that was not rolled back. */
export const EVERYTHING: LogFilter = {
  tables: [],
  databases: [],
  operations: [],
  minRows: undefined,
  xids: [],
  withAborted: false,
};

/** True if a filter asks what transactions did, and not only which they are. */
export function asksForEffects({ tables, operations, minRows }: LogFilter): boolean {
  return tables.length > 0 || operations.length > 0 || minRows !== undefined;
}

const isRolledBack = ({ outcome }: LoggedTransaction) => outcome === 'abort' || outcome === 'abortPrepared';

function isOfTables(one: RelationChange | DefinitionChange, tables: readonly TablePattern[]): boolean {
  const { relation, root, file } = one;
  return (
    tables.length === 0 ||
    tables.some((pattern) => isMeant(pattern, relation, file) || isMeant(pattern, root, undefined))
  );
}

function didToRows(change: RelationChange, operation: LogOperation): boolean {
  switch (operation) {
    case 'insert':
      return change.inserted > 0;
    case 'update':
      return change.updated > 0 || change.movedIn > 0 || change.movedOut > 0;
    case 'delete':
      return change.deleted > 0;
    case 'truncate':
    case 'drop':
    case 'ddl':
      return false;
  }
}

function didToDefinition({ kind, rows }: DefinitionChange, operation: LogOperation): boolean {
  switch (operation) {
    case 'insert':
      return kind === 'createAs' && (rows ?? 0) > 0;
    case 'truncate':
      return kind === 'truncate';
    case 'drop':
      return kind === 'drop' || kind === 'dropDatabase' || kind === 'dropTablespace';
    case 'ddl':
      return kind !== 'truncate';
    case 'update':
    case 'delete':
      return false;
  }
}

function hasWantedEffect({ changes, definitions }: LoggedTransaction, filter: LogFilter): boolean {
  const { tables, operations, minRows } = filter;
  const wantedChanges = changes.filter(
    (change) =>
      isOfTables(change, tables) && (operations.length === 0 || operations.some((one) => didToRows(change, one))),
  );
  const wantedDefinitions = definitions.filter(
    (definition) =>
      isOfTables(definition, tables) &&
      (operations.length === 0 || operations.some((one) => didToDefinition(definition, one))),
  );
  if (minRows === undefined) return wantedChanges.length > 0 || wantedDefinitions.length > 0;
  const written = wantedChanges.reduce((sum, change) => sum + rowsOfChange(change), 0);
  const created = wantedDefinitions.reduce((sum, { kind, rows }) => sum + (kind === 'createAs' ? (rows ?? 0) : 0), 0);
  return written + created >= minRows || wantedDefinitions.some(isDestructive);
}

/** True if the transaction is wanted. */
export function isWanted(one: LoggedTransaction, filter: LogFilter): boolean {
  if (!filter.withAborted && isRolledBack(one)) return false;
  const { databases, xids } = filter;
  if (xids.length > 0 && !xids.some((xid) => xid === one.xid || one.subxids.includes(xid))) return false;
  if (databases.length > 0 && !databases.some((name) => isInDatabase(one, name))) return false;
  return !asksForEffects(filter) || hasWantedEffect(one, filter);
}

/** A database dropped or created belongs to itself, wherever the statement ran. */
function isInDatabase(one: LoggedTransaction, name: string): boolean {
  if (one.databaseName === name || String(one.databaseOid) === name) return true;
  return one.definitions.some(
    (definition) =>
      (definition.kind === 'createDatabase' || definition.kind === 'dropDatabase') &&
      (definition.name === name || String(definition.oid) === name),
  );
}
