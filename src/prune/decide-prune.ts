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
 * What is missing may come back, and nothing goes that it would make useful: where no backup can be a begin, the newest one
 * stays that lacks nothing but WAL; and where a history file is missing, all that may lead to its timeline.
 *
 * Lines come from history files, times from sentinels; nothing is decided by the order of names.
 *
 * @module
 */

import { parentsOfUnfinished, withParents } from '../backup/chain-members.ts';
import type { Backup } from '../backup/backup.ts';
import { backupsOnLine } from '../history/find-moment.ts';
import { formatHistoryName, type TimelineHistory } from '../postgres/timeline-history.ts';
import { BeginFinder, least, type BeginOfLine } from './begin-of-line.ts';
import type { KeepPolicy } from './keep-policy.ts';
import { isSpanOnLine, runningSpans, spansOfLine } from './line-spans.ts';
import { NeededWal, type WalSpan } from './needed-wal.ts';
import { endOfLineMs, livingTimelines, promisedFromMs } from './promised-from.ts';
import type { PruneFacts } from './prune-facts.ts';
import { restorableBackups, spanOfBackup } from './restorable.ts';

/** Why a backup stays. */
export type KeepReason =
  /** It ended within what is promised. */
  | { readonly kind: 'promised' }
  /** What is promised begins with it. */
  | { readonly kind: 'begin' }
  /** What is promised would begin with it if the WAL were there that it lacks, and begins with no other. */
  | { readonly kind: 'mendable' }
  /** It is of a timeline that may lead to another one, whose history file is missing: this one. */
  | { readonly kind: 'unknownLine'; readonly of: string }
  | { readonly kind: 'permanent' }
  | { readonly kind: 'inUse'; readonly by: string }
  | { readonly kind: 'parent'; readonly of: string };

/** A backup that stays. */
export interface KeptBackup {
  readonly backup: Backup;
  readonly reason: KeepReason;
}

/** A line on which something is promised. */
export interface PromisedLine extends BeginOfLine {
  readonly timeline: number;
  readonly line: TimelineHistory;
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
  const lines = promisedLines(facts, promisedFrom);
  const kept = keptBackups(facts, promisedFrom, lines);
  const keptNames = new Set(kept.map(({ backup }) => backup.name));
  return {
    promisedFromMs: promisedFrom,
    kept,
    going: facts.backups.filter(({ name }) => !keptNames.has(name)),
    lines,
    neededWal: new NeededWal([
      ...lines.flatMap((line) => spansOfLine(line, facts.segmentSizeBytes)),
      ...lines.flatMap(({ mayLeadHere }) => mayLeadHere.map(wholeTimeline)),
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
    lines: facts.timelines.map(({ timeline, line }) => ({ timeline, line, ...NO_BEGIN })),
    neededWal: new NeededWal(facts.timelines.map(({ timeline }) => wholeTimeline(timeline))),
    hasNothingToRestore: true,
  };
}

const NO_BEGIN: BeginOfLine = { begin: undefined, mendable: undefined, mayLeadHere: [], firstIndex: 0n };

function wholeTimeline(timeline: number): WalSpan {
  return { timeline, firstIndex: 0n, lastIndex: undefined };
}

function promisedLines(facts: PruneFacts, promisedFrom: number): PromisedLine[] {
  const finder = new BeginFinder(facts);
  const living = new Set(livingTimelines(facts));
  const running = runningSpans(facts);
  return facts.timelines.flatMap((one) => {
    const onLine = backupsOnLine({ line: one.line, backups: facts.backups });
    const used = onLine.filter(({ name }) => facts.inUse.backups.has(name));
    const isHeld = used.length > 0 || facts.inUse.timelines.has(one.timeline);
    const isPromised = living.has(one) || isHeld || endOfLineMs(one, onLine) >= promisedFrom;
    if (!isPromised) return [];
    const begin = finder.beginOf(one, promisedFrom);
    const others = [
      ...used.map((backup) => spanOfBackup(backup, facts.segmentSizeBytes).firstIndex),
      ...running.filter((span) => isSpanOnLine(span, one.line, facts.segmentSizeBytes)).map((span) => span.firstIndex),
    ];
    const firstIndex = least([begin.firstIndex, ...others]);
    return [{ timeline: one.timeline, line: one.line, ...begin, firstIndex }];
  });
}

function keptBackups(facts: PruneFacts, promisedFrom: number, lines: readonly PromisedLine[]): KeptBackup[] {
  const begins = new Set(lines.flatMap(({ begin }) => begin ?? []));
  const mendable = new Set(lines.flatMap((line) => line.mendable ?? []));
  const leadsTo = new Map(lines.flatMap(({ timeline, mayLeadHere }) => mayLeadHere.map((one) => [one, timeline])));
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
    if (child !== undefined) return { kind: 'parent', of: child };
    if (mendable.has(backup)) return { kind: 'mendable' };
    const unknown = leadsTo.get(backup.timeline);
    return unknown === undefined ? undefined : { kind: 'unknownLine', of: formatHistoryName(unknown) };
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
