/**
 * A transaction of the log as JSON.
 *
 * Every member is always there: what is not known is `null`. Positions are as PostgreSQL prints them, times RFC 3339 in UTC
 * with six digits. Documented for programs; members may be added, none changes its meaning.
 *
 * @module
 */

import type { Relation } from '../../history/names/relation-names.ts';
import type {
  DefinitionChange,
  LoggedTransaction,
  RelationChange,
} from '../../history/transactions/logged-transaction.ts';
import { formatLsn, type Lsn } from '../../postgres/lsn.ts';
import { formatTimeUs } from '../../postgres/timestamp.ts';

const position = (lsn: Lsn | undefined): string | null => (lsn === undefined ? null : formatLsn(lsn));

const named = ({ schemaName, name }: Relation) => ({ schema: schemaName ?? null, table: name });

function changeJson(change: RelationChange) {
  const { relation, file, root } = change;
  return {
    schema: relation?.schemaName ?? null,
    table: relation?.name ?? null,
    kind: relation?.kind ?? null,
    oid: relation?.oid ?? null,
    databaseOid: file.databaseOid,
    tablespaceOid: file.tablespaceOid,
    filenode: file.filenode,
    root: root === undefined ? null : named(root),
    inserted: change.inserted,
    updated: change.updated,
    hotUpdated: change.hotUpdated,
    deleted: change.deleted,
    movedIn: change.movedIn,
    movedOut: change.movedOut,
    deletedShare: change.deletedShare ?? null,
    updatedShare: change.updatedShare ?? null,
  };
}

function definitionJson(definition: DefinitionChange) {
  const { relation, file } = definition;
  return {
    kind: definition.kind,
    schema: relation?.schemaName ?? null,
    name: definition.name ?? relation?.name ?? null,
    relationKind: relation?.kind ?? null,
    isUnlogged: relation?.isUnlogged ?? null,
    oid: definition.oid ?? relation?.oid ?? null,
    databaseOid: relation?.databaseOid ?? file?.databaseOid ?? null,
    filenode: file?.filenode ?? null,
    rows: definition.rows ?? null,
    lsn: formatLsn(definition.lsn),
  };
}

/** The object of one transaction. */
export function transactionJson(one: LoggedTransaction) {
  return {
    xid: one.xid,
    subxids: one.subxids,
    outcome: one.outcome,
    isTopKnown: one.isTopKnown,
    time: formatTimeUs(one.timeUs),
    lsn: formatLsn(one.lsn),
    endLsn: formatLsn(one.endLsn),
    firstLsn: position(one.firstLsn),
    preparedLsn: position(one.preparedLsn),
    timeline: one.timeline,
    gid: one.gid ?? null,
    origin: one.originId ?? null,
    database: one.databaseName ?? null,
    databaseOid: one.databaseOid ?? null,
    walBytes: one.walBytes,
    isIncomplete: one.isIncomplete,
    changes: one.changes.map(changeJson),
    definitions: one.definitions.map(definitionJson),
  };
}
