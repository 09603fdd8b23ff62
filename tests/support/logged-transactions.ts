/**
 * Transactions as the log has them, made by hand for tests.
 *
 * @module
 */

import type { Relation } from '../../src/history/names/relation-names.ts';
import type {
  DefinitionChange,
  LoggedTransaction,
  RelationChange,
} from '../../src/history/transactions/logged-transaction.ts';
import { lsn } from '../../src/postgres/lsn.ts';

/** A table of database 5 (`shop`), whose file has its oid's number. */
export function relation(given: Partial<Relation>): Relation {
  const oid = given.oid ?? 16_400;
  return {
    databaseOid: 5,
    databaseName: 'shop',
    oid,
    schemaName: 'public',
    name: 'orders',
    kind: 'table',
    isUnlogged: false,
    isCatalog: false,
    filenode: oid,
    tablespaceOid: 0,
    toastOid: 0,
    toastOwnerOid: undefined,
    parentOid: undefined,
    estimatedRows: undefined,
    ...given,
  };
}

/** Rows changed in a relation; none unless given. */
export function change(of: Relation | undefined, given: Partial<RelationChange>): RelationChange {
  return {
    relation: of,
    file: { tablespaceOid: 1663, databaseOid: 5, filenode: of?.filenode ?? 0 },
    root: undefined,
    inserted: 0,
    updated: 0,
    hotUpdated: 0,
    deleted: 0,
    movedIn: 0,
    movedOut: 0,
    deletedShare: undefined,
    updatedShare: undefined,
    ...given,
  };
}

/** A commit of database 5. */
export function transaction(
  given: Partial<Omit<LoggedTransaction, 'definitions'>> & {
    readonly definitions?: readonly (Omit<DefinitionChange, 'lsn' | 'rows'> & Partial<DefinitionChange>)[];
  },
): LoggedTransaction {
  return {
    xid: 700,
    subxids: [],
    outcome: 'commit',
    isTopKnown: true,
    timeUs: 1_780_671_731_620_113n,
    lsn: lsn(0x500_0000n),
    endLsn: lsn(0x500_0040n),
    timeline: 1,
    firstLsn: lsn(0x4ff_0000n),
    preparedLsn: undefined,
    gid: undefined,
    originId: undefined,
    databaseOid: 5,
    databaseName: 'shop',
    walBytes: 1000,
    isIncomplete: false,
    changes: [],
    ...given,
    definitions: (given.definitions ?? []).map((one) => ({ rows: undefined, lsn: lsn(0x4ff_0000n), ...one })),
  };
}
