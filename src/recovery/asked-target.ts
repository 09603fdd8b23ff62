/**
 * From what an operator asks for to a recovery target: a table that was dropped or lost rows is looked up in the log, the
 * newest WAL first; everything else is one already.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import {
  chooseRemoval,
  describeRemoval,
  describeRemovalTarget,
  targetBefore,
  type AskWhich,
  type FoundRemovals,
} from '../history/choose-removal.ts';
import { backupsOnLine } from '../history/find-moment.ts';
import { RemovalSearch, type Removal, type RemovalTarget } from '../history/removals.ts';
import type { ScanEnd } from '../history/scan-end.ts';
import { describeTarget } from '../history/target-words.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { transactionsFrom, type HistoryPlace } from './gather-losses.ts';

/** What can be asked for. */
export type AskedTarget = RecoveryTarget | RemovalTarget;

/** What it came to. */
export interface ResolvedTarget {
  readonly target: RecoveryTarget;
  /** In words. */
  readonly asked: string;
  /** How it was found, a sentence each. */
  readonly notes: readonly string[];
}

function isRemoval(asked: AskedTarget): asked is RemovalTarget {
  return asked.kind === 'beforeDrop' || asked.kind === 'beforeDelete';
}

/** `just before orders was dropped`, `just before transaction 601762` … */
export function describeAsked(asked: AskedTarget): string {
  return isRemoval(asked) ? describeRemovalTarget(asked) : describeTarget(asked);
}

/**
 * Finds the target.
 *
 * @param ask says which of several transactions is meant, where somebody can be asked.
 * @throws {Failure} `usage` for what names no table; `refused` if there is no such transaction, or nobody says which.
 */
export async function resolveTarget(
  place: HistoryPlace,
  backups: readonly Backup[],
  asked: AskedTarget,
  ask?: AskWhich,
): Promise<ResolvedTarget> {
  if (!isRemoval(asked)) return { target: asked, asked: describeTarget(asked), notes: [] };
  const doubts = new Set<string>();
  const doubting = { ...place, onWarning: (message: string) => void doubts.add(message) };
  const { found, end, nameless } = await searchBackward(doubting, backups, asked);
  const timeline = place.wal.historyTimelines.length === 0 ? undefined : place.line.timeline;
  const told = { ...found, doubts: [...doubts, ...unnamed(nameless)], timeline };
  const chosen = await chooseRemoval(asked, told, ask);
  return {
    target: targetBefore(chosen),
    asked: `just before transaction ${chosen.xid}, ${whatItDid(asked, chosen)}`,
    notes: [
      `Transaction ${chosen.xid}: ${describeRemoval(chosen)} of ${chosen.tables.join(', ')}`,
      ...repeated(asked, found),
      ...broken(end),
      ...[...doubts].map((doubt) => `Names may be wrong: ${doubt.replace(/\.$/, '')}.`),
      ...unnamed(nameless),
    ],
  };
}

/** Short, with the table as it was typed: it stands in many lines. */
function whatItDid({ table }: RemovalTarget, { what }: Removal): string {
  if (what === 'drop') return `which dropped ${table}`;
  return what === 'truncate' ? `which truncated ${table}` : `which deleted from ${table}`;
}

function repeated({ kind, table }: RemovalTarget, { count }: FoundRemovals): string[] {
  return kind === 'beforeDrop' && count > 1
    ? [`${table} was dropped ${count} times in the WAL that was read; this is before the last time.`]
    : [];
}

function broken(end: ScanEnd | undefined): string[] {
  if (end?.kind !== 'hole' && end?.kind !== 'damage') return [];
  return ['The WAL is not whole behind it: what was done later was not looked at.'];
}

function unnamed(transactions: number): string[] {
  if (transactions === 0) return [];
  const removed = transactions === 1 ? '1 transaction' : `${transactions.toLocaleString('en-US')} transactions`;
  return [`${removed} did the like to tables whose names are not known: see "walkback log".`];
}

/** What several spans have, the older before the newer. */
function together(older: FoundRemovals, newer: FoundRemovals): FoundRemovals {
  return {
    kept: [...older.kept, ...newer.kept],
    count: older.count + newer.count,
    hasNames: older.hasNames || newer.hasNames,
    fromUs: older.fromUs ?? newer.fromUs,
    toUs: newer.toUs === undefined || (older.toUs ?? 0n) > newer.toUs ? older.toUs : newer.toUs,
  };
}

/** One drop is enough, as the last is meant; of a deletion it must be known whether there is another. */
function isEnough({ kind }: RemovalTarget, { count }: FoundRemovals): boolean {
  return count > (kind === 'beforeDrop' ? 0 : 1);
}

/** The transactions between two positions, looked through. */
async function searchSpan(place: HistoryPlace, asked: RemovalTarget, fromLsn: Lsn, toLsn: Lsn | undefined) {
  const search = new RemovalSearch(asked);
  const transactions = await transactionsFrom(place, fromLsn, toLsn);
  let hasNames = place.liveNames !== undefined;
  let fromUs: bigint | undefined;
  let toUs: bigint | undefined;
  for await (const one of transactions) {
    search.take(one);
    hasNames ||= one.changes.some(({ relation }) => relation !== undefined);
    fromUs ??= one.timeUs;
    if (toUs === undefined || one.timeUs > toUs) toUs = one.timeUs;
  }
  const { kept, count, hasIncomplete, nameless } = search;
  return { found: { kept, count, hasNames, fromUs, toUs }, hasIncomplete, nameless, end: transactions.end };
}

const isBroken = (end: ScanEnd | undefined): boolean => end?.kind === 'hole' || end?.kind === 'damage';

/** From the newest backup's WAL back to the oldest's, until enough is found. */
async function searchBackward(
  place: HistoryPlace,
  backups: readonly Backup[],
  asked: RemovalTarget,
): Promise<{ readonly found: FoundRemovals; readonly end: ScanEnd | undefined; readonly nameless: number }> {
  const starts = backupsOnLine({ line: place.line, backups }).map(({ startLsn }) => startLsn);
  const hasNames = place.liveNames !== undefined;
  let found: FoundRemovals = { kept: [], count: 0, hasNames, fromUs: undefined, toUs: undefined };
  let hasIncomplete = false;
  let nameless = 0;
  let end: ScanEnd | undefined;
  for (const [back, startLsn] of starts.toReversed().entries()) {
    // What began before a backup and ended behind it is whole only when it is read from before; then all is read once more.
    const toLsn = hasIncomplete ? undefined : starts[starts.length - back];
    const span = await searchSpan(place, asked, startLsn, toLsn);
    found = toLsn === undefined ? span.found : together(span.found, found);
    nameless = span.nameless + (toLsn === undefined ? 0 : nameless);
    if (toLsn === undefined || isBroken(span.end)) end = span.end;
    if (isEnough(asked, found)) break;
    hasIncomplete = span.hasIncomplete;
  }
  return { found, end, nameless };
}
