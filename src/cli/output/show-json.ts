/**
 * What `walkback show` answers as JSON.
 *
 * @module
 */

import type { Reach, ShownTransaction } from '../../app/shown-transaction.ts';
import type { LoggedTransaction } from '../../history/transactions/logged-transaction.ts';
import { endJson } from './log-json.ts';
import { transactionJson } from './transaction-json.ts';

function reachJson(reach: Reach) {
  if (reach.kind !== 'yes') return reach;
  return { kind: reach.kind, backup: reach.backup.name, segmentCount: reach.segmentCount };
}

const orNull = (one: LoggedTransaction | undefined) => (one === undefined ? null : transactionJson(one));

/** The object. */
export function showJson({ one, askedXid, before, after, end, reach, notes }: ShownTransaction) {
  return {
    askedXid: askedXid ?? null,
    transaction: transactionJson(one),
    before: orNull(before),
    after: orNull(after),
    end: end === undefined ? null : endJson(end),
    reach: { before: reachJson(reach.before), after: reachJson(reach.after) },
    notes,
  };
}
