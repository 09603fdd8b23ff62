/**
 * What stays and what goes, decided from facts alone.
 *
 * A policy promises every moment from some time on ({@link promisedFromMs}), on every line of history that has any: also
 * on one that was abandoned, as long as WAL came to it after that time. For each such line, the newest backup that ended
 * before, that lies on the line and can be restored, is where the promise *begins*; it stays, with all WAL of the line from
 * its start on, holes included, since a hole may be healed. Every backup that ended later stays. Besides: backups that are
 * permanent, that a recovery uses, that one being taken builds on; and what any of these builds on. Each backup that stays
 * keeps the WAL it needs to be consistent. Everything else goes.
 *
 * Lines come from history files, times from sentinels; nothing is decided by the order of names.
 *
 * @module
 */

import { parentsOfUnfinished, withParents } from '../backup/chain-members.ts';
import type { Backup } from '../backup/backup.ts';
import { backupsOnLine } from '../history/find-moment.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { KeepPolicy } from './keep-policy.ts';
import { isSpanOnLine, runningSpans, spansOfLine } from './line-spans.ts';
import { NeededWal } from './needed-wal.ts';
import { endOfLineMs, livingTimelines, promisedFromMs } from './promised-from.ts';
import type { PruneFacts, TimelineFacts } from './prune-facts.ts';
import { restorableBackups, spanOfBackup } from './restorable.ts';

/** Why a backup stays. */
export type KeepReason =
  /** It ended within what is promised. */
  | { readonly kind: 'promised' }
  /** What is promised begins with it. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'permanent' }
  | { readonly kind: 'inUse'; readonly by: string }
  | { readonly kind: 'parent'; readonly of: string };

/** A backup that stays. */
export interface KeptBackup {
  readonly backup: Backup;
  readonly reason: KeepReason;
}

/** A line on which something is promised. */
export interface PromisedLine {
  readonly timeline: number;
  readonly line: TimelineHistory;
  /** WAL of the line stays from this segment on. */
  readonly firstIndex: bigint;
  /** The backup that it begins with; `undefined` if no backup of the line can be restored. */
  readonly begin: Backup | undefined;
}

/** What stays and what goes. */
export interface PruneDecision {
  /** In ms since 1970; −Infinity: from the beginning. */
  readonly promisedFromMs: number;
  readonly kept: readonly KeptBackup[];
  readonly going: readonly Backup[];
  readonly lines: readonly PromisedLine[];
  readonly neededWal: NeededWal;
  /** True if no backup can be restored, so that nothing goes. */
  readonly hasNothingToRestore: boolean;
}

/** Decides. @param fromMs what is promised begins there, instead of where the policy says now. */
export function decidePrune(facts: PruneFacts, policy: KeepPolicy, fromMs?: number): PruneDecision {
  const restorable = restorableBackups(facts);
  if (restorable.length === 0) return nothingGoes(facts);
  const promisedFrom = fromMs ?? promisedFromMs(facts, policy, restorable);
  const lines = promisedLines(facts, promisedFrom, new Set(restorable));
  const kept = keptBackups(facts, promisedFrom, lines);
  const keptNames = new Set(kept.map(({ backup }) => backup.name));
  return {
    promisedFromMs: promisedFrom,
    kept,
    going: facts.backups.filter(({ name }) => !keptNames.has(name)),
    lines,
    neededWal: new NeededWal([
      ...lines.flatMap((line) => spansOfLine(line, facts.segmentSizeBytes)),
      ...kept.map(({ backup }) => spanOfBackup(backup, facts.segmentSizeBytes)),
      ...runningSpans(facts),
    ]),
    hasNothingToRestore: false,
  };
}

function nothingGoes(facts: PruneFacts): PruneDecision {
  return {
    promisedFromMs: Number.NEGATIVE_INFINITY,
    kept: facts.backups.map((backup) => ({ backup, reason: { kind: 'promised' } })),
    going: [],
    lines: facts.timelines.map(({ timeline, line }) => ({ timeline, line, firstIndex: 0n, begin: undefined })),
    neededWal: new NeededWal(
      facts.timelines.map(({ timeline }) => ({ timeline, firstIndex: 0n, lastIndex: undefined })),
    ),
    hasNothingToRestore: true,
  };
}

function promisedLines(facts: PruneFacts, promisedFrom: number, restorable: ReadonlySet<Backup>): PromisedLine[] {
  const living = new Set(livingTimelines(facts));
  const running = runningSpans(facts);
  return facts.timelines.flatMap((one) => {
    const onLine = backupsOnLine({ line: one.line, backups: facts.backups });
    const used = onLine.filter(({ name }) => facts.inUse.backups.has(name));
    const isHeld = used.length > 0 || facts.inUse.timelines.has(one.timeline);
    const isPromised = living.has(one) || isHeld || endOfLineMs(one, onLine) >= promisedFrom;
    if (!isPromised) return [];
    const { begin, firstIndex } = beginOf(one, onLine, promisedFrom, restorable, facts.segmentSizeBytes);
    const others = [
      ...used.map((backup) => spanOfBackup(backup, facts.segmentSizeBytes).firstIndex),
      ...running.filter((span) => isSpanOnLine(span, one.line, facts.segmentSizeBytes)).map((span) => span.firstIndex),
    ];
    return [{ timeline: one.timeline, line: one.line, firstIndex: least([firstIndex, ...others]), begin }];
  });
}

function beginOf(
  { line }: TimelineFacts,
  onLine: readonly Backup[],
  promisedFrom: number,
  restorable: ReadonlySet<Backup>,
  segmentSizeBytes: number,
): { begin: Backup | undefined; firstIndex: bigint } {
  const before = onLine.filter((one) => one.finishedAt.getTime() <= promisedFrom && restorable.has(one));
  const begin = before.toSorted((a, b) => a.finishedAt.getTime() - b.finishedAt.getTime()).at(-1);
  if (begin !== undefined) return { begin, firstIndex: spanOfBackup(begin, segmentSizeBytes).firstIndex };
  const later = onLine.filter((one) => one.finishedAt.getTime() > promisedFrom);
  const starts = later.map((one) => spanOfBackup(one, segmentSizeBytes).firstIndex);
  // Without any backup, the WAL of this timeline stays for one that may come; what led to it is of no use.
  const ownBegin = (line.ancestors.at(-1)?.switchLsn ?? 0n) / BigInt(segmentSizeBytes);
  return { begin: undefined, firstIndex: starts.length === 0 ? ownBegin : least(starts) };
}

function keptBackups(facts: PruneFacts, promisedFrom: number, lines: readonly PromisedLine[]): KeptBackup[] {
  const begins = new Set(lines.flatMap(({ begin }) => begin ?? []));
  const building = new Map<Backup, string>();
  for (const unfinished of facts.unfinished.filter(({ mayBeRunning }) => mayBeRunning)) {
    for (const parent of parentsOfUnfinished(facts.backups, unfinished.name)) building.set(parent, unfinished.name);
  }
  const reasonOf = (backup: Backup): KeepReason | undefined => {
    if (begins.has(backup)) return { kind: 'begin' };
    if (backup.finishedAt.getTime() > promisedFrom) return { kind: 'promised' };
    if (backup.isPermanent) return { kind: 'permanent' };
    const by = facts.inUse.backups.get(backup.name);
    if (by !== undefined) return { kind: 'inUse', by };
    const child = building.get(backup);
    return child === undefined ? undefined : { kind: 'parent', of: child };
  };
  const reasons = new Map<string, KeepReason>();
  for (const backup of facts.backups) {
    const reason = reasonOf(backup);
    if (reason !== undefined) reasons.set(backup.name, reason);
  }
  for (const [name, child] of withParents(facts.backups, reasons.keys())) {
    if (child !== undefined) reasons.set(name, { kind: 'parent', of: child });
  }
  return facts.backups.flatMap((backup) => {
    const reason = reasons.get(backup.name);
    return reason === undefined ? [] : [{ backup, reason }];
  });
}

function least(indexes: readonly bigint[]): bigint {
  return indexes.reduce((a, b) => (a < b ? a : b));
}
