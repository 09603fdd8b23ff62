/**
 * What stays and what goes at a target: the transactions on both sides of it with what they did, and the sum of all behind it.
 *
 * @module
 */

import type { Moment } from '../postgres/recovery-target.ts';
import type { LoggedTransaction } from './transactions/logged-transaction.ts';
import { WorkTotals } from './work-totals.ts';

/** How many of the lost are kept whole, the first in the order of their commits. */
const MOST_KEPT = 200;
const MOST_DEFINITIONS = 50;

/** What a target loses. */
export interface Losses {
  /** The last commit that stays, with what it did; `undefined` if it was not read. */
  readonly lastKept: LoggedTransaction | undefined;
  readonly firstLost: LoggedTransaction | undefined;
  /** Lost commits that changed rows or definitions. */
  readonly count: number;
  readonly first: readonly LoggedTransaction[];
  /** Prepared behind the target, and not ended where reading ended: somebody may count on committing them. The first of them. */
  readonly prepared: readonly LoggedTransaction[];
  readonly totals: WorkTotals;
}

/** What these transactions, in the order of the log, are to a moment. */
export async function lossesBehind(
  moment: Pick<Moment, 'targetLsn' | 'inclusive' | 'lastKept' | 'firstLost'>,
  transactions: AsyncIterable<LoggedTransaction>,
): Promise<Losses> {
  const totals = new WorkTotals(MOST_DEFINITIONS);
  const first: LoggedTransaction[] = [];
  let lastKept: LoggedTransaction | undefined;
  let firstLost: LoggedTransaction | undefined;
  let count = 0;
  const prepared: LoggedTransaction[] = [];
  for await (const one of transactions) {
    if (one.lsn === moment.lastKept?.lsn) lastKept = one;
    if (one.lsn === moment.firstLost?.lsn) firstLost = one;
    if (one.outcome === 'prepared' && isBehind(one, moment) && prepared.length < MOST_KEPT) prepared.push(one);
    if (!isLost(one, moment) || !hasEffect(one)) continue;
    count += 1;
    totals.add(one);
    if (first.length < MOST_KEPT) first.push(one);
  }
  return { lastKept, firstLost, count, first, prepared, totals };
}

type Target = Pick<Moment, 'targetLsn' | 'inclusive'>;

function isBehind({ lsn }: LoggedTransaction, { targetLsn, inclusive }: Target): boolean {
  return inclusive ? lsn > targetLsn : lsn >= targetLsn;
}

function isLost(one: LoggedTransaction, target: Target): boolean {
  return (one.outcome === 'commit' || one.outcome === 'commitPrepared') && isBehind(one, target);
}

function hasEffect({ changes, definitions }: LoggedTransaction): boolean {
  return changes.length > 0 || definitions.length > 0;
}
