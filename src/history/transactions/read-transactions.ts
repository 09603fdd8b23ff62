/**
 * The list of transactions of a line of history, from the indexes of its segments.
 *
 * In the order in which they ended, which is that of recovery; those that are still prepared where reading ends come last.
 * Memory grows with what is open at a time, not with what is read.
 *
 * Ends as the reading of the indexes does, or with damage where the two sides of a border do not fit together.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import { timelineAt, type TimelineHistory } from '../../postgres/timeline-history.ts';
import type { WalStop } from '../../postgres/wal-records/wal-stop.ts';
import { indexRecord } from '../../wal-index/build-segment-index.ts';
import type { IndexEvent, SegmentIndex } from '../../wal-index/segment-index.ts';
import { CatalogFollower } from '../names/catalog-follower.ts';
import type { NameBook } from '../names/name-book.ts';
import type { ScanEnd } from '../scan-end.ts';
import { filesInMap } from '../segment-indexes-catalogs.ts';
import { followChain, type ChainEnd } from '../segment-indexes-chain.ts';
import { BorderRecords, type BorderRecord } from './border-record.ts';
import { Completeness } from './completeness.ts';
import type { LoggedTransaction } from './logged-transaction.ts';
import { TransactionAssembler } from './transaction-assembler.ts';

/** Indexes in order, without a gap. `end`: how reading them ended, when it did. */
export interface SegmentIndexes extends AsyncIterable<SegmentIndex> {
  readonly end: ScanEnd | undefined;
}

/** What to read. */
export interface TransactionRequest {
  readonly indexes: SegmentIndexes;
  /** Is filled with what the WAL says of names. */
  readonly names: NameBook;
  readonly line: TimelineHistory;
  /** Transactions that ended before this are not given, but followed. */
  readonly fromLsn?: Lsn | undefined;
  /** Reading ends before the first transaction that ended behind this. */
  readonly toLsn?: Lsn | undefined;
}

/** Transactions in order. Iterate once; then `end` tells how far it went. */
export interface TransactionScan extends AsyncIterable<LoggedTransaction> {
  /** `undefined` until the iteration ended by itself. */
  readonly end: ScanEnd | undefined;
  /** How many (sub)transactions are being followed. */
  readonly openCount: number;
}

/** Begins to read. Nothing is read before the iteration. */
export function readTransactions(request: TransactionRequest): TransactionScan {
  return new LineTransactions(request);
}

/** What one segment adds to the list, in order. */
interface Stretch {
  readonly events: readonly IndexEvent[];
  readonly stop: WalStop | undefined;
}

class LineTransactions implements TransactionScan {
  readonly #request: TransactionRequest;
  readonly #borders = new BorderRecords();
  readonly #completeness = new Completeness();
  #assembler: TransactionAssembler | undefined;
  #chain: ChainEnd | undefined;
  /** The last whole record. */
  #lastLsn: Lsn | undefined;
  #end: ScanEnd | undefined;

  constructor(request: TransactionRequest) {
    this.#request = request;
  }

  get end(): ScanEnd | undefined {
    return this.#end;
  }

  get openCount(): number {
    return this.#assembler?.openCount ?? 0;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LoggedTransaction> {
    const { indexes, fromLsn, toLsn } = this.#request;
    let own: ScanEnd | undefined;
    for await (const index of indexes) {
      const assembler = (this.#assembler ??= this.#begin(index));
      const { events, stop } = this.#enter(index, assembler);
      for (const event of events) {
        if (toLsn !== undefined && event.lsn > toLsn) own = { kind: 'reached' };
        if (own !== undefined) break;
        const ended = assembler.take(event);
        if (ended !== undefined && (fromLsn === undefined || ended.lsn >= fromLsn)) yield ended;
      }
      if (stop !== undefined) own ??= { kind: 'damage', stop };
      if (own !== undefined) break;
    }
    const lastLsn = this.#lastLsn;
    if (this.#assembler !== undefined && lastLsn !== undefined) yield* this.#assembler.unended(lastLsn);
    this.#end = own ?? indexes.end;
  }

  #begin(index: SegmentIndex): TransactionAssembler {
    const { names, line } = this.#request;
    this.#completeness.begin(index);
    const follower = new CatalogFollower(names, index.major, index.startLsn);
    return new TransactionAssembler({ line, names, follower, completeness: this.#completeness });
  }

  /** Adds a segment's work and gives its events, those of a record that crosses into it first. */
  #enter(index: SegmentIndex, assembler: TransactionAssembler): Stretch {
    const chain = followChain(this.#chain, index);
    if (typeof chain === 'string') return broken(index, index.startLsn, chain);
    const border = this.#borders.enter(index);
    if (border.kind === 'broken') return broken(index, border.lsn, border.reason);
    const crossing = border.kind === 'record' ? this.#crossing(border.record, index, assembler) : [];
    if (!Array.isArray(crossing)) return broken(index, crossing.lsn, crossing.reason);
    this.#borders.leave(index);
    this.#chain = chain;
    this.#lastLsn = index.last?.lsn ?? this.#lastLsn;
    assembler.addWork(index.work);
    // What a segment says of its timeline is the name of its file; a branch may be in the middle of it.
    return { events: [...crossing, ...index.events], stop: undefined };
  }

  #crossing(
    record: BorderRecord,
    { major, events: following }: SegmentIndex,
    assembler: TransactionAssembler,
  ): IndexEvent[] | { readonly lsn: Lsn; readonly reason: string } {
    const { bytes, lsn, endLsn, previousLsn } = record;
    const { line, names } = this.#request;
    if (this.#lastLsn !== undefined && previousLsn !== this.#lastLsn) {
      return { lsn, reason: 'a record that does not follow the one before' };
    }
    try {
      // All that was read before is in the names, and what a rewrite that goes on here ends with in this segment.
      const catalogFiles = [...names.catalogFiles(), ...filesInMap(following)];
      const { events, work } = indexRecord(bytes, lsn, endLsn, timelineAt(line, lsn), major, { catalogFiles });
      assembler.addWork(work);
      this.#lastLsn = lsn;
      return [...events];
    } catch (error) {
      if (isFailure(error, 'corrupt')) return { lsn, reason: error.message };
      throw error;
    }
  }
}

/** Nothing of the segment is believed. */
function broken({ fileName, startLsn }: SegmentIndex, lsn: Lsn, reason: string): Stretch {
  const offsetBytes = Math.max(Number(lsn - startLsn), 0);
  return { events: [], stop: { kind: 'damaged', fileName, offsetBytes, lsn, reason } };
}
