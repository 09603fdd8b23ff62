/**
 * What transactions did, as a plan tells it: bounded, and as text and numbers that JSON keeps.
 *
 * @module
 */

import type { FoundMoment } from '../history/found-moment.ts';
import type { Losses } from '../history/losses.ts';
import { WorkTotals, type LostDefinition, type TableTotals } from '../history/work-totals.ts';
import type { LoggedTransaction } from '../history/transactions/logged-transaction.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { relationFileKey } from '../postgres/relation-file.ts';
import type { PlannedDefinition, PlannedLosses, PlannedTable, PlannedTransaction, PlannedWork } from './plan-value.ts';

/** How many tables and definitions are told by name. */
const MOST_TOLD = 50;
const MOST_TOLD_OF_ONE = 10;

function plannedTable({ relation, file, transactions, inserted, updated, deleted }: TableTotals): PlannedTable {
  return {
    database: relation?.databaseName ?? null,
    schema: relation?.schemaName ?? null,
    name: relation?.name ?? relationFileKey(file),
    isNamed: relation !== undefined,
    transactions,
    inserted,
    updated,
    deleted,
  };
}

function plannedDefinition({ definition, transaction }: LostDefinition): PlannedDefinition {
  const { kind, relation, file, name, oid } = definition;
  const unnamed = file === undefined ? String(oid ?? '') : relationFileKey(file);
  return {
    kind,
    database: relation?.databaseName ?? transaction.databaseName ?? null,
    schema: relation?.schemaName ?? null,
    name: relation?.name ?? name ?? unnamed,
    xid: transaction.xid,
    timeUs: transaction.timeUs.toString(),
  };
}

/** Totals, with at most so many tables by name. */
export function plannedWork(totals: WorkTotals, mostTold = MOST_TOLD): PlannedWork {
  const { tables, definitions } = totals;
  return {
    tables: tables.slice(0, mostTold).map(plannedTable),
    otherTables: Math.max(0, tables.length - mostTold),
    definitions: definitions.slice(0, mostTold).map(plannedDefinition),
    otherDefinitions: totals.definitionCount - Math.min(definitions.length, mostTold),
    isLowerBound: totals.isLowerBound,
  };
}

/** One transaction with what it did. */
export function plannedTransaction(transaction: LoggedTransaction): PlannedTransaction {
  const totals = new WorkTotals(MOST_TOLD_OF_ONE);
  totals.add(transaction);
  return {
    xid: transaction.xid,
    kind: transaction.outcome,
    timeUs: transaction.timeUs.toString(),
    lsn: formatLsn(transaction.lsn),
    did: plannedWork(totals, MOST_TOLD_OF_ONE),
  };
}

/** What a moment loses. */
export function plannedLosses(losses: Losses, { archiveEnd }: Pick<FoundMoment, 'archiveEnd'>): PlannedLosses {
  const isWhole = archiveEnd.because === 'endOfArchive';
  return {
    ...plannedWork(losses.totals),
    transactions: losses.count,
    first: losses.first.map(plannedTransaction),
    endsAt: isWhole ? null : { lsn: formatLsn(archiveEnd.endLsn), because: archiveEnd.because },
  };
}
