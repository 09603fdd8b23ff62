/**
 * Finds one transaction of a line of history, by its number or by a position in the WAL, and the commits beside it.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { LoggedTransaction } from '../history/transactions/logged-transaction.ts';
import { formatLsn, type Lsn } from '../postgres/lsn.ts';
import type { OpenLog } from './read-log.ts';

/** What an operator names. A position means the transaction whose end record is there, or the next one behind it. */
export type TransactionName =
  | { readonly kind: 'xid'; readonly xid: number }
  | { readonly kind: 'lsn'; readonly lsn: Lsn };

/** The transaction, and the commits beside it. */
export interface FoundTransaction {
  readonly one: LoggedTransaction;
  readonly before: LoggedTransaction | undefined;
  readonly after: LoggedTransaction | undefined;
}

const isCommit = ({ outcome }: LoggedTransaction) => outcome === 'commit' || outcome === 'commitPrepared';

/**
 * A number can stand on more than one record: a subtransaction that was rolled back has a record of its own, before the
 * end of the transaction around it. So such a record is taken only if nothing better comes.
 */
function fits(one: LoggedTransaction, name: TransactionName): 'no' | 'perhaps' | 'yes' {
  if (name.kind === 'lsn') return one.endLsn > name.lsn ? 'yes' : 'no';
  if (one.xid !== name.xid && !one.subxids.includes(name.xid)) return 'no';
  return one.isTopKnown ? 'yes' : 'perhaps';
}

/** Reads a log, those that were rolled back included, until the commit behind the transaction is known. */
export async function findTransaction(log: OpenLog, name: TransactionName): Promise<FoundTransaction | undefined> {
  let lastCommit: LoggedTransaction | undefined;
  let perhaps: { one: LoggedTransaction; before: typeof lastCommit; after?: LoggedTransaction } | undefined;
  let found: { readonly one: LoggedTransaction; readonly before: typeof lastCommit } | undefined;
  for await (const one of log) {
    const isItsOwn = found === undefined ? fits(one, name) : 'no';
    if (found !== undefined && isCommit(one)) return { ...found, after: one };
    if (isItsOwn === 'yes') found = { one, before: lastCommit };
    if (isItsOwn === 'perhaps') perhaps = { one, before: lastCommit };
    else if (perhaps !== undefined && isCommit(one)) perhaps.after ??= one;
    if (isCommit(one)) lastCommit = one;
  }
  if (found !== undefined) return { ...found, after: undefined };
  return perhaps === undefined ? undefined : { after: undefined, ...perhaps };
}

/** In words, as it was named. */
export function nameWords(name: TransactionName): string {
  return name.kind === 'xid' ? `transaction ${name.xid}` : `a transaction at or behind ${formatLsn(name.lsn)}`;
}

/** The refusal of a transaction that is not there. */
export function noSuchTransaction(name: TransactionName, { facts, end }: OpenLog): Failure {
  const where = `timeline ${facts.timeline} of ${facts.address}`;
  const ended =
    end?.kind === 'hole'
      ? `reading stopped at a hole: ${end.missing} is missing`
      : end?.kind === 'damage'
        ? `reading stopped in ${end.stop.fileName}: ${end.stop.reason}`
        : undefined;
  return new Failure(end?.kind === 'damage' ? 'corrupt' : 'notInArchive', {
    message: `cannot show ${nameWords(name)}: it is not on ${where}${ended === undefined ? '' : ' as far as it can be read'}`,
    facts: [...(ended === undefined ? [] : [ended]), ...facts.notes],
    remedy: 'What is there:\n    walkback log --largest 10\n    walkback window',
  });
}
