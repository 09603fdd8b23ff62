/**
 * Puts a transaction together when it ends: its own work and that of its committed children, with names.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';
import type { TransactionEffects } from '../../postgres/wal-records/wal-event.ts';
import type { RelationNames } from '../names/relation-names.ts';
import type { RelationTransition } from '../names/relation-transitions.ts';
import { definitionChanges } from './definition-changes.ts';
import type { LoggedTransaction } from './logged-transaction.ts';
import type { FamilyWork } from './open-transactions.ts';
import { rowsByRelation } from './relation-changes.ts';
import { relationFates } from './relation-fates.ts';

/** What the record that ended it says. */
export type EndOfTransaction = Pick<
  LoggedTransaction,
  | 'xid'
  | 'subxids'
  | 'outcome'
  | 'isTopKnown'
  | 'timeUs'
  | 'lsn'
  | 'endLsn'
  | 'timeline'
  | 'preparedLsn'
  | 'preparation'
  | 'gid'
  | 'isIncomplete'
>;

/** A transaction that ended. */
export interface EndedTransaction {
  readonly end: EndOfTransaction;
  readonly effects: TransactionEffects;
  readonly work: FamilyWork;
  /** What became of relations; none if it was rolled back. */
  readonly transitions: readonly RelationTransition[];
  readonly names: RelationNames;
  /** Where names are looked up: where it ended, or where reading ended. */
  readonly namesLsn: Lsn;
}

/** Describes it. */
export function describeTransaction(ended: EndedTransaction): LoggedTransaction {
  const { end, effects, work, transitions, names, namesLsn } = ended;
  const at = { names, lsn: namesLsn };
  const { droppedOids } = effects;
  const evidence = { transitions, droppedOids, createdFiles: work.createdFiles, isIncomplete: end.isIncomplete };
  const fates = relationFates({ ...evidence, ...at });
  const rows = rowsByRelation(work.rows.values(), fates, at);
  const databaseOid = effects.databaseOid ?? databaseOf(work) ?? transitions[0]?.databaseOid;
  const isRolledBack = end.outcome === 'abort' || end.outcome === 'abortPrepared';
  const whole = { work, databaseOid, effects, fates, rows };
  return {
    ...end,
    firstLsn: work.firstLsn,
    originId: effects.originId ?? work.originId,
    databaseOid,
    databaseName: databaseOid === undefined ? undefined : names.databaseName(databaseOid, namesLsn),
    walBytes: work.walBytes,
    changes: rows.changes,
    definitions: isRolledBack ? [] : definitionChanges(whole, at),
  };
}

/** That of the files which it changed; shared catalogs have none. */
function databaseOf({ rows, createdFiles }: FamilyWork): number | undefined {
  for (const { file } of rows.values()) if (file.databaseOid !== 0) return file.databaseOid;
  return createdFiles.find(({ file }) => file.databaseOid !== 0)?.file.databaseOid;
}
