/**
 * Finds one transaction of a line of history, by its number or by a position in the WAL, and the commits beside it.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { LoggedTransaction } from '../history/transactions/logged-transaction.ts';
import type { Run } from '../history/line-runs.ts';
import { timelineFlag } from '../history/target-words.ts';
import { formatLsn, lsn, type Lsn } from '../postgres/lsn.ts';
import { runsNewestFirst, startForXid } from './log-start.ts';
import type { LogEnd } from './log-value.ts';
import type { History } from './open-history.ts';
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
  /** How reading ended, if it went to the end of what can be read; `undefined`: the commit behind it came first. */
  readonly end: LogEnd | undefined;
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
async function findIn(log: OpenLog, name: TransactionName): Promise<FoundTransaction | undefined> {
  let lastCommit: LoggedTransaction | undefined;
  let perhaps: FoundTransaction | undefined;
  let found: FoundTransaction | undefined;
  for await (const one of log) {
    if (found !== undefined && isCommit(one)) return { ...found, after: one };
    if (perhaps !== undefined && perhaps.after === undefined && isCommit(one)) perhaps = { ...perhaps, after: one };
    const itIs = found === undefined ? fits(one, name) : 'no';
    const here = { one, before: lastCommit, after: undefined, end: undefined };
    if (itIs === 'yes') found = here;
    if (itIs === 'perhaps') perhaps = here;
    if (isCommit(one)) lastCommit = one;
  }
  const best = found ?? perhaps;
  return best === undefined ? undefined : { ...best, end: log.end };
}

/** How a log is opened, from a position on. */
export type OpenLogFrom = (fromLsn: Lsn) => Promise<OpenLog>;

/** Looked back so far for the commit before, in segments. */
const STEPS_BACK = [0n, 8n, 64n];

/**
 * Finds it, in the newest part of the line without a hole that has it.
 *
 * @throws {Failure} `notInArchive` if it is in none; `corrupt` if reading stopped before it was found.
 */
export async function findTransaction(
  history: History,
  name: TransactionName,
  openFrom: OpenLogFrom,
  signal: AbortSignal,
): Promise<FoundTransaction> {
  let last: OpenLog | undefined;
  for (const run of runsNewestFirst(history)) {
    const start = await startFor(history, run, name, signal);
    if (start === undefined) continue;
    let found: FoundTransaction | undefined;
    for (const fromLsn of startsBefore(history, run, start)) {
      last = await openFrom(fromLsn);
      found = (await findIn(last, name)) ?? found;
      if (found === undefined || (found.before !== undefined && !found.one.isIncomplete)) break;
    }
    if (found !== undefined) return found;
  }
  throw noSuchTransaction(name, history, last);
}

async function startFor(
  history: History,
  run: Run,
  name: TransactionName,
  signal: AbortSignal,
): Promise<Lsn | undefined> {
  if (name.kind === 'xid') return startForXid(history, run, name.xid, signal);
  return name.lsn >= run.fromLsn && name.lsn < run.toLsn ? name.lsn : undefined;
}

/** From there, and from ever further back in the run. */
function startsBefore({ wal }: History, run: Run, start: Lsn): Lsn[] {
  const back = STEPS_BACK.map((steps) => start - steps * BigInt(wal.segmentSizeBytes));
  return [...new Set(back.map((position) => (position < run.fromLsn ? run.fromLsn : lsn(position))))];
}

/** In words, as it was named. */
function nameWords(name: TransactionName): string {
  return name.kind === 'xid' ? `transaction ${name.xid}` : `a transaction at or behind ${formatLsn(name.lsn)}`;
}

function noSuchTransaction(
  name: TransactionName,
  { line, namedTimeline, address }: History,
  log: OpenLog | undefined,
): Failure {
  const end = log?.end;
  const ended =
    end?.kind === 'hole'
      ? `reading stopped at a hole: ${end.missing} is missing`
      : end?.kind === 'damage'
        ? `reading stopped in ${end.stop.fileName}: ${end.stop.reason}`
        : undefined;
  const sofar = ended === undefined ? '' : ' as far as it can be read';
  return new Failure(end?.kind === 'damage' ? 'corrupt' : 'notInArchive', {
    message: `cannot show ${nameWords(name)}: it is not on timeline ${line.timeline} of ${address}${sofar}`,
    facts: ended === undefined ? [] : [ended],
    remedy: `What is there:\n    walkback log --largest 10${timelineFlag(namedTimeline)}\n    walkback window`,
  });
}
