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
  const { found, end } = await searchBackward(place, backups, asked);
  const chosen = await chooseRemoval(asked, found, ask);
  return {
    target: targetBefore(chosen),
    asked: `just before transaction ${chosen.xid}, ${whatItDid(asked, chosen)}`,
    notes: [
      `Transaction ${chosen.xid}: ${describeRemoval(chosen)} of ${chosen.tables.join(', ')}`,
      ...repeated(asked, found),
      ...broken(end),
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

/** From the newest backup's WAL back to the oldest's, until something is found. */
async function searchBackward(
  place: HistoryPlace,
  backups: readonly Backup[],
  asked: RemovalTarget,
): Promise<{ readonly found: FoundRemovals; readonly end: ScanEnd | undefined }> {
  const onLine = backupsOnLine({ line: place.line, backups });
  let hasNames = place.liveNames !== undefined;
  let hasIncomplete = false;
  let fromUs: bigint | undefined;
  let toUs: bigint | undefined;
  let end: ScanEnd | undefined;
  for (let at = onLine.length - 1; at >= 0; at -= 1) {
    const search = new RemovalSearch(asked);
    const startLsn = onLine[at]?.startLsn;
    if (startLsn === undefined) break;
    // What began before a backup and ended behind it is whole only when it is read from before.
    const toLsn: Lsn | undefined = hasIncomplete ? undefined : onLine[at + 1]?.startLsn;
    const transactions = await transactionsFrom(place, startLsn, toLsn);
    let isFirst = true;
    for await (const one of transactions) {
      search.take(one);
      hasNames ||= one.changes.some(({ relation }) => relation !== undefined);
      if (isFirst) fromUs = one.timeUs;
      isFirst = false;
      if (toUs === undefined || one.timeUs > toUs) toUs = one.timeUs;
    }
    if (at === onLine.length - 1) end = transactions.end;
    if (search.count > 0) return { found: { kept: search.kept, count: search.count, hasNames, fromUs, toUs }, end };
    hasIncomplete = search.hasIncomplete;
  }
  return { found: { kept: [], count: 0, hasNames, fromUs, toUs }, end };
}
