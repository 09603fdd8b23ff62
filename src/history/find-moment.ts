/**
 * Resolves a recovery target to a {@link FoundMoment}: one position, on one timeline, from one backup.
 *
 * The WAL is read as the server will read it, from the backup's redo position on, and the server's own rule decides where
 * the target stops. Of the backups on the line of history the newest that can reach the target is taken; a target in a
 * backup's own span is reached from an earlier one, or not at all; a time in it also where nothing has ended behind its checkpoint, as
 * something may have before. Whatever cannot be reached is refused, with the nearest
 * target that can.
 *
 * @module
 */

import { isBackupOnLine } from '../backup/delta-line.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { timelineAt } from '../postgres/timeline-history.ts';
import type { Lsn } from '../postgres/lsn.ts';
import { findElsewhere } from './find-elsewhere.ts';
import type { BackupPoint, FoundMoment } from './found-moment.ts';
import { notesOf } from './moment-notes.ts';
import { MomentSearch, type FoundStop } from './moment-search.ts';
import { scanIndexes, type IndexScanRequest } from './scan-indexes.ts';
import type { WalScan } from './scan.ts';
import * as refuse from './target-refusal.ts';
import type { Timelines } from './timelines.ts';

/** What to find, and where. */
export interface FindMomentRequest<B extends BackupPoint> extends Pick<
  IndexScanRequest,
  'store' | 'wal' | 'line' | 'useIndex' | 'workerCount' | 'onIgnoredIndex' | 'onProgress' | 'signal'
> {
  readonly timelines: Timelines;
  /** All backups of the archive, or those that may be used. */
  readonly backups: readonly B[];
  readonly target: RecoveryTarget;
}

/** One backup's WAL, read until the target was found or there was no more. */
interface Pass<B extends BackupPoint> {
  readonly backup: B;
  /** The next backup on the line. */
  readonly newer: B | undefined;
  readonly search: MomentSearch;
  readonly scan: WalScan;
}

/**
 * Finds the moment that a target means.
 *
 * @throws {Failure} `refused`, with the nearest reachable target in the remedy: before the first backup, inside a backup,
 *   behind the last commit, in a hole, on another timeline, no such transaction or restore point, a subtransaction.
 */
export async function findMoment<B extends BackupPoint>(request: FindMomentRequest<B>): Promise<FoundMoment<B>> {
  const { target, line } = request;
  const backups = backupsOnLine(request);
  const first = backups[0];
  if (first === undefined) throw refuse.noBackupOnLine(askedOf(request), line.timeline, request.backups);
  const candidates = backups.filter((backup) => mayReach(backup, target)).toReversed();
  if (candidates.length === 0) throw refuse.beforeFirstBackup(askedOf(request), first);
  const passes: Pass<B>[] = [];
  const isSearched = target.kind === 'xid' || target.kind === 'transaction' || target.kind === 'name';
  let isBehindCandidate = false;
  let doubted: Pass<B> | undefined;
  for (const backup of candidates) {
    const newer = backups[backups.indexOf(backup) + 1];
    const untilLsn: Lsn | undefined =
      isSearched && passes.length > 0 && !isBehindCandidate ? newer?.startLsn : undefined;
    const pass: Pass<B> = await searchFrom(request, backup, newer, untilLsn);
    passes.push(pass);
    const { stop } = pass.search;
    if (stop !== undefined && isReachedBy(pass, stop) && !pass.search.isPreparedBefore) {
      const same = isSameStop(doubted?.search.stop, stop) ? doubted : undefined;
      if (isSureOf(pass, target)) return foundMoment(request, same ?? pass, stop);
      doubted = same ?? pass;
    }
    isBehindCandidate = stop !== undefined;
    if (stop === undefined && !isSearched) break;
  }
  for (const pass of passes) {
    const { stop } = pass.search;
    if (stop !== undefined && isReachedBy(pass, stop) && isSureOf(pass, target))
      return foundMoment(request, pass, stop);
  }
  throw await refusalOf(request, first, passes);
}

/** The backups that lie on the line of history, oldest first. */
export function backupsOnLine<B extends BackupPoint>(request: Pick<FindMomentRequest<B>, 'line' | 'backups'>): B[] {
  const { line, backups } = request;
  return backups
    .filter((backup) => isBackupOnLine(backup, line))
    .toSorted((a, b) => (a.finishLsn < b.finishLsn ? -1 : a.finishLsn > b.finishLsn ? 1 : 0));
}

/** False if the target certainly stops before the backup begins. */
export function mayReach(backup: BackupPoint, target: RecoveryTarget): boolean {
  if (target.kind === 'lsn') return target.lsn >= backup.startLsn;
  return target.kind !== 'time' || target.timeUs >= BigInt(backup.startedAt.getTime()) * 1000n;
}

/** True if the backup's files are consistent where recovery stops. */
function isReachedBy({ backup }: Pass<BackupPoint>, { record, side }: FoundStop): boolean {
  return (side === 'before' ? record.lsn : record.endLsn) >= backup.finishLsn;
}

/**
 * False if transactions behind the time may have ended before the WAL that was read: a backup tells when it was asked for, and holds
 * what has been committed until its checkpoint. An earlier backup then shows whether it stops there too.
 */
function isSureOf({ backup, search }: Pass<BackupPoint>, target: RecoveryTarget): boolean {
  if (target.kind !== 'time' || search.hasEndWithin) return true;
  return target.timeUs >= BigInt(backup.finishedAt.getTime()) * 1000n;
}

function isSameStop(one: FoundStop | undefined, other: FoundStop): boolean {
  return one?.record.lsn === other.record.lsn && one.side === other.side;
}

async function searchFrom<B extends BackupPoint>(
  request: FindMomentRequest<B>,
  backup: B,
  newer: B | undefined,
  untilLsn: Lsn | undefined,
): Promise<Pass<B>> {
  const { target } = request;
  const search = new MomentSearch(target, backup.finishLsn);
  const alsoFirstAt = target.kind === 'lsn' ? [target.lsn] : [];
  const scan = scanIndexes({ ...request, fromLsn: backup.startLsn, alsoFirstAt });
  for await (const event of scan) {
    if (untilLsn !== undefined && search.stop === undefined && event.lsn >= untilLsn) break;
    search.take(event);
  }
  if (search.stop === undefined && scan.end !== undefined) stopAtEnd(target, search, scan);
  return { backup, newer, search, scan };
}

/** Targets that mean "all there is": reached when the archive ends without a break. */
function stopAtEnd(target: RecoveryTarget, search: MomentSearch, scan: WalScan): void {
  const { last, end } = scan;
  if (last === undefined || end === undefined || search.minimalLsn !== undefined) return;
  const isWhole = end.kind === 'endOfArchive';
  const meansEnd =
    (target.kind === 'latest' && isWhole) ||
    (target.kind === 'lsn' && target.lsn > last.lsn && target.lsn <= last.endLsn) ||
    (target.kind === 'time' && target.inclusive && isWhole && search.lastEnd?.timeUs === target.timeUs);
  if (meansEnd) search.stopAfterLast({ kind: 'position', ...last, xid: 0, timeUs: undefined });
}

function foundMoment<B extends BackupPoint>(
  request: FindMomentRequest<B>,
  { backup, search, scan }: Pass<B>,
  stop: FoundStop,
): FoundMoment<B> {
  if (request.target.kind === 'transaction' && stop.record.kind === 'abort') {
    throw refuse.wasRolledBack(askedOf(request), stop.record, search.topOfTarget);
  }
  const { lost, lastKept } = search;
  const last = scan.last ?? stop.record;
  const because = scan.end === undefined || scan.end.kind === 'reached' ? 'endOfArchive' : scan.end.kind;
  return {
    timeline: timelineAt(request.line, stop.record.lsn),
    targetLsn: stop.record.lsn,
    inclusive: stop.side === 'after',
    lastKept,
    firstLost: lost.first,
    backup,
    stopsAt: stop.record,
    lost,
    ...search.facts(),
    notes: notesOf(request.target, search, stop),
    archiveEnd: { lastRecordLsn: last.lsn, endLsn: last.endLsn, because },
  };
}

/** What is typed names the line wherever there are several: which one goes without saying may differ from this one. */
function askedOf({ target, line, timelines }: Omit<FindMomentRequest<BackupPoint>, 'backups'>): refuse.Asked {
  return { target, timeline: timelines.all.length > 1 ? line.timeline : undefined };
}

async function refusalOf<B extends BackupPoint>(
  request: FindMomentRequest<B>,
  first: B,
  passes: readonly Pass<B>[],
): Promise<Error> {
  const { target, line } = request;
  const asked = askedOf(request);
  const inSpan = passes.findLast(({ search }) => search.stop !== undefined);
  if (inSpan !== undefined) return refuse.insideBackup(asked, inSpan.backup);
  const newest = passes[0];
  const family = passes.find(({ search }) => search.topOfTarget !== undefined)?.search.topOfTarget;
  if (family !== undefined && target.kind === 'xid') return refuse.isSubtransaction(asked, family);
  const xid = target.kind === 'xid' || target.kind === 'transaction' ? (family ?? target.xid) : undefined;
  const prepared = xid === undefined ? undefined : newest?.search.prepared.get(xid);
  if (prepared !== undefined) return refuse.stillPrepared(asked, prepared);
  const minimal = passes.find(({ search }) => search.minimalLsn !== undefined);
  if (minimal?.search.minimalLsn !== undefined) {
    return refuse.behindMinimal(asked, minimal.search.minimalLsn, minimal.newer);
  }
  const elsewhere = target.kind === 'latest' ? undefined : await findElsewhere(request, target);
  if (elsewhere !== undefined && target.kind !== 'time')
    return refuse.onAnotherTimeline(asked, line.timeline, elsewhere);
  if (newest !== undefined && newest.scan.last === undefined && newest.scan.end?.kind === 'endOfArchive') {
    return refuse.noWalOfBackup(asked, newest.backup, newest.scan.end.missing);
  }
  const broken = passes.find(({ scan }) => scan.end?.kind === 'hole' || scan.end?.kind === 'damage');
  if (broken?.scan.end !== undefined) {
    const { search, scan, newer } = broken;
    const isReachable = (scan.last?.endLsn ?? 0n) >= broken.backup.finishLsn;
    const last = { lastCommit: search.lastCommit, lastRecordLsn: isReachable ? scan.last?.lsn : undefined };
    return refuse.behindBreak(asked, broken.scan.end, last, newer);
  }
  const lastCommit = newest?.search.lastCommit;
  if (target.kind === 'time') return refuse.afterLastCommit(asked, lastCommit, elsewhere);
  const endLsn = newest?.scan.last?.endLsn;
  if (target.kind === 'lsn' && endLsn !== undefined) return refuse.afterEndOfArchive(asked, endLsn);
  return refuse.notFound(asked, first, lastCommit);
}
