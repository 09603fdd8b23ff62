/**
 * The log of a span of history: the transactions that are wanted, as they are read.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import { relationFileKey } from '../postgres/relation-file.ts';
import type { IgnoredIndexes } from '../history/ignored-indexes.ts';
import type { ScanEnd } from '../history/scan-end.ts';
import { addExtraNames, openNames } from '../history/names/open-names.ts';
import type { CatalogFollower } from '../history/names/catalog-follower.ts';
import type { NameBook } from '../history/names/name-book.ts';
import type { CatalogSnapshot } from '../postgres/catalog-snapshot.ts';
import { readSegmentIndexes } from '../history/segment-indexes.ts';
import type { LoggedTransaction } from '../history/transactions/logged-transaction.ts';
import { followNamesBefore } from '../history/transactions/names-before.ts';
import { readTransactions, type SegmentIndexes } from '../history/transactions/read-transactions.ts';
import { FollowedIndexes } from './follow-indexes.ts';
import { unknownName } from './check-asked-names.ts';
import { isWanted, type LogFilter } from './log-filter.ts';
import { lsnBehindTime, mayGoOnBehind, startForTime, startToFollow, type LogStart } from './log-start.ts';
import { unloggedTables } from './unlogged-tables.ts';
import { LogRemarks, USUAL_DISORDER_US, type LogRemark } from './log-remarks.ts';
import type { LogEnd, LogFacts } from './log-value.ts';
import type { History } from './open-history.ts';

/** What is asked. */
export interface LogRequest {
  /** Commit times, both included; `undefined`: from the first, to the last. */
  readonly sinceUs: bigint | undefined;
  readonly untilUs: bigint | undefined;
  /** Where to begin to read; found by the time if absent. */
  readonly fromLsn?: Lsn | undefined;
  readonly filter: LogFilter;
  /** What a running server or a rehearsal knows of names. @param isNeeded the archive has no snapshot from the start of the span on. */
  readonly readExtraNames: (isNeeded: boolean) => Promise<CatalogSnapshot | undefined>;
  /** At the end of what there is, wait for more. */
  readonly isFollowed: boolean;
  readonly onProgress: OnProgress;
  readonly onWarning: (message: string) => void;
  readonly signal: AbortSignal;
}

/** A log to be read: iterate once, then `end` tells how it ended. */
export interface OpenLog extends AsyncIterable<LoggedTransaction> {
  readonly facts: LogFacts;
  readonly end: LogEnd | undefined;
  /** The last transaction that was read, wanted or not. */
  readonly lastRead: LoggedTransaction | undefined;
  /** What was met so far that bears on how whole the list is. */
  readonly remarks: readonly LogRemark[];
  /** Index objects of no use that were met so far. */
  readonly ignoredIndexes: IgnoredIndexes;
}

/** Names as they are where reading begins. */
interface FollowedNames {
  readonly names: NameBook;
  readonly follower: CatalogFollower;
  /** Where they come from. */
  readonly words: string;
}

async function namesFor(
  { places, line, wal }: History,
  { readExtraNames, onProgress, onWarning, signal }: LogRequest,
  fromLsn: Lsn,
): Promise<FollowedNames> {
  const { store } = places;
  const request = { store, line, fromLsn, systemIdentifier: wal.systemIdentifier, onWarning, signal };
  const names = await openNames(request);
  const keptCount = names.snapshots.length;
  // Where no snapshot comes behind it, what the server says now is the nearest.
  const extra = await readExtraNames(!names.snapshots.some((snapshot) => snapshot.lsn >= fromLsn));
  if (extra !== undefined) addExtraNames(names, extra, request);
  const follower = await followNamesBefore({ ...request, ...places, wal, names, onProgress });
  return { names, follower, words: namesWords(keptCount, extra !== undefined) };
}

/** Where names come from, in words. */
function namesWords(keptCount: number, isServerAsked: boolean): string {
  const parts = [
    keptCount > 0 ? `from ${keptCount === 1 ? 'a snapshot' : `${keptCount} snapshots`} of the catalogs` : '',
    isServerAsked ? 'from a running server' : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'from the WAL alone' : `${parts.join(' and ')}, and from the WAL`;
}

async function startOf(history: History, { fromLsn, sinceUs, isFollowed, signal }: LogRequest): Promise<LogStart> {
  if (fromLsn !== undefined) return { fromLsn, notes: [] };
  return isFollowed && sinceUs === undefined ? startToFollow(history, signal) : startForTime(history, sinceUs, signal);
}

/** Opens it: finds where to begin, and the names. Nothing more is read before the iteration. */
export async function openLog(history: History, request: LogRequest): Promise<OpenLog> {
  const { wal, line, namedTimeline, clusterName, address } = history;
  const { sinceUs, untilUs } = request;
  const { fromLsn, listedFromLsn, notes } = await startOf(history, request);
  const named = await namesFor(history, request, fromLsn);
  const facts: LogFacts = {
    clusterName,
    address,
    systemIdentifier: wal.systemIdentifier,
    timeline: line.timeline,
    namedTimeline,
    sinceUs,
    untilUs,
    fromLsn,
    names: named.words,
    notes,
  };
  return new SpanLog(history, request, facts, { ...named, listedFromLsn });
}

/** What is known where reading begins. */
type BeginOfLog = Pick<FollowedNames, 'names' | 'follower'> & { readonly listedFromLsn: Lsn | undefined };

class SpanLog implements OpenLog {
  readonly facts: LogFacts;
  readonly #history: History;
  readonly #request: LogRequest;
  readonly #names: NameBook;
  readonly #follower: CatalogFollower;
  readonly #listedFromLsn: Lsn | undefined;
  #end: LogEnd | undefined;
  #lastRead: LoggedTransaction | undefined;
  #isUnnamedTold = false;
  readonly #remarks: LogRemarks;
  #unlogged: readonly LogRemark[] = [];

  constructor(history: History, request: LogRequest, facts: LogFacts, begin: BeginOfLog) {
    this.#history = history;
    this.#request = request;
    this.facts = facts;
    this.#names = begin.names;
    this.#follower = begin.follower;
    this.#listedFromLsn = begin.listedFromLsn;
    this.#remarks = new LogRemarks(request);
  }

  get end(): LogEnd | undefined {
    return this.#end;
  }

  get lastRead(): LoggedTransaction | undefined {
    return this.#lastRead;
  }

  get remarks(): readonly LogRemark[] {
    return [...this.#unlogged, ...this.#remarks.all];
  }

  get ignoredIndexes(): IgnoredIndexes {
    return this.#history.ignoredIndexes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LoggedTransaction> {
    const { untilUs, filter, isFollowed } = this.#request;
    if (isFollowed) {
      this.#warnOfUnknown();
      this.#noteUnlogged();
    }
    const sureLsn = await this.#lsnBehindSpan();
    const scan = readTransactions({
      indexes: this.#indexes(),
      names: this.#names,
      follower: this.#follower,
      line: this.#history.line,
      fromLsn: this.#listedFromLsn,
      isBehind: (one) => this.#isBehind(one) && one.lsn >= sureLsn,
      onEvent: (event) => this.#remarks.take(event),
    });
    const stillPrepared: LoggedTransaction[] = [];
    let count = 0;
    for await (const one of scan) {
      if (one.outcome !== 'prepared') this.#lastRead = one;
      const atEnd = untilUs === undefined || one.timeUs <= untilUs ? one : preparedAt(one, untilUs);
      if (atEnd === undefined || !this.#isWithin(atEnd)) continue;
      this.#tellUnnamed(atEnd);
      if (!isWanted(atEnd, filter)) continue;
      count += 1;
      if (atEnd.outcome === 'prepared') stillPrepared.push(atEnd);
      else yield atEnd;
    }
    yield* stillPrepared.toSorted((a, b) => Number(a.lsn - b.lsn));
    this.#end = scan.end === undefined ? undefined : await this.#endOfSpan(scan.end);
    this.#noteUnlogged();
    this.#checkNames(count);
  }

  /** True for what ended so much later than the span that no more of it follows, while the server's clock runs on. */
  #isBehind({ timeUs }: LoggedTransaction): boolean {
    const { untilUs } = this.#request;
    return untilUs !== undefined && timeUs > untilUs + USUAL_DISORDER_US;
  }

  /** The position behind which nothing of the span ended, whatever the clock did, as far as indexes tell. */
  async #lsnBehindSpan(): Promise<Lsn> {
    const { untilUs, isFollowed, signal } = this.#request;
    const { fromLsn } = this.facts;
    return untilUs === undefined || isFollowed ? fromLsn : lsnBehindTime(this.#history, fromLsn, untilUs, signal);
  }

  /** What ends behind the span cuts nothing off. */
  async #endOfSpan(end: ScanEnd): Promise<LogEnd> {
    const { untilUs, signal } = this.#request;
    const isPassed = this.#lastRead !== undefined && this.#isBehind(this.#lastRead);
    if (untilUs === undefined || !isPassed) return end;
    if (end.kind !== 'hole' && end.kind !== 'damage') return { kind: 'reached' };
    const goesOn = await mayGoOnBehind(this.#history, this.#lsnBehind(end), untilUs, signal);
    return goesOn ? end : { kind: 'reached' };
  }

  /** Where the first segment begins that was not reached. */
  #lsnBehind(end: Extract<ScanEnd, { kind: 'hole' | 'damage' }>): Lsn {
    if (end.kind === 'hole') return end.resumes.startLsn;
    const size = BigInt(this.#history.wal.segmentSizeBytes);
    return lsn((end.stop.lsn / size + 1n) * size);
  }

  #isWithin({ timeUs }: LoggedTransaction): boolean {
    const { sinceUs, untilUs } = this.#request;
    return timeUs >= (sinceUs ?? timeUs) && timeUs <= (untilUs ?? timeUs);
  }

  /** An empty answer to a name that nobody knows is refused, unless it may be known where reading did not come. */
  #checkNames(count: number): void {
    const isUncertain = this.#isUnnamedTold || this.#end?.kind === 'hole' || this.#end?.kind === 'damage';
    if (count > 0 || isUncertain) this.#warnOfUnknown();
    else {
      const unknown = unknownName(this.#names, this.#request.filter, this.facts.namedTimeline);
      if (unknown !== undefined) throw unknown;
    }
  }

  #noteUnlogged(): void {
    const tables = unloggedTables(this.#names, this.#request.filter.tables);
    this.#unlogged = tables.map((table) => ({ kind: 'unloggedTable', table }));
  }

  #warnOfUnknown(): void {
    const unknown = unknownName(this.#names, this.#request.filter, this.facts.namedTimeline);
    if (unknown !== undefined) this.#request.onWarning(unknown.message);
  }

  /** With --table, rows of a file whose name is not known could be of that table: an answer may not be shorter in silence. */
  #tellUnnamed({ xid, changes }: LoggedTransaction): void {
    const { filter, onWarning } = this.#request;
    if (this.#isUnnamedTold || filter.tables.length === 0) return;
    const unnamed = changes.find(({ relation }) => relation === undefined);
    if (unnamed === undefined) return;
    this.#isUnnamedTold = true;
    onWarning(
      `the name of file ${relationFileKey(unnamed.file)}, which transaction ${xid} wrote to, is not known here: what is asked of a table may leave its rows out. A running server may know it: --names-from live`,
    );
  }

  #indexes(): SegmentIndexes {
    const { places, wal, line } = this.#history;
    const { signal, onProgress, onWarning, isFollowed } = this.#request;
    const { fromLsn } = this.facts;
    const catalogFiles = () => this.#names.catalogFiles();
    if (!isFollowed) return readSegmentIndexes({ ...places, wal, line, fromLsn, catalogFiles, onProgress, signal });
    return new FollowedIndexes({ ...places, line, fromLsn, catalogFiles, signal }, { onWarning });
  }
}

/** What a transaction was at a time, if it was prepared then and ended later. */
function preparedAt(one: LoggedTransaction, timeUs: bigint): LoggedTransaction | undefined {
  const { preparation, preparedLsn } = one;
  if (preparation === undefined || preparedLsn === undefined || preparation.timeUs > timeUs) return undefined;
  return { ...one, outcome: 'prepared', timeUs: preparation.timeUs, lsn: preparedLsn, endLsn: preparation.endLsn };
}
