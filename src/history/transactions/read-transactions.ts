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

import type { Lsn } from '../../postgres/lsn.ts';
import type { TimelineHistory } from '../../postgres/timeline-history.ts';
import type { IndexEvent, SegmentIndex } from '../../wal-index/segment-index.ts';
import { CatalogFollower } from '../names/catalog-follower.ts';
import type { NameBook } from '../names/name-book.ts';
import type { ScanEnd } from '../scan-end.ts';
import { Completeness } from './completeness.ts';
import type { LoggedTransaction } from './logged-transaction.ts';
import { Stretches } from './segment-stretch.ts';
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
  /** What has followed the names in the WAL up to the first index; a new one unless given. */
  readonly follower?: CatalogFollower | undefined;
  readonly line: TimelineHistory;
  /** Transactions that ended before this are not given, but followed. */
  readonly fromLsn?: Lsn | undefined;
  /** Reading ends before the first transaction that ended behind this. */
  readonly toLsn?: Lsn | undefined;
  /** Reading ends behind the first transaction of which this is true. */
  readonly isBehind?: ((ended: LoggedTransaction) => boolean) | undefined;
  /** Is told of each event before the transaction that it ends is given. Must not throw. */
  readonly onEvent?: ((event: IndexEvent) => void) | undefined;
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

class LineTransactions implements TransactionScan {
  readonly #request: TransactionRequest;
  readonly #completeness = new Completeness();
  #assembler: TransactionAssembler | undefined;
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
    const { indexes, fromLsn, toLsn, isBehind, onEvent, names, line } = this.#request;
    const stretches = new Stretches(line, names);
    let own: ScanEnd | undefined;
    for await (const index of indexes) {
      const assembler = (this.#assembler ??= this.#begin(index));
      const stretch = stretches.enter(index);
      if (stretch.kind !== 'stretch') {
        own = { kind: 'damage', stop: stretch };
        break;
      }
      const { crossing } = stretch;
      assembler.addWork(crossing.work);
      assembler.addWork(index.work);
      const events = crossing.events.length === 0 ? index.events : [...crossing.events, ...index.events];
      for (const event of events) {
        if (toLsn !== undefined && event.lsn > toLsn) own = { kind: 'reached' };
        if (own !== undefined) break;
        onEvent?.(event);
        const ended = assembler.take(event);
        if (ended === undefined) continue;
        if (fromLsn === undefined || ended.lsn >= fromLsn) yield ended;
        if (isBehind?.(ended) === true) own = { kind: 'reached' };
      }
      if (own !== undefined) break;
    }
    const { lastLsn } = stretches;
    if (this.#assembler !== undefined && lastLsn !== undefined) yield* this.#assembler.unended(lastLsn);
    this.#end = own ?? indexes.end;
  }

  #begin(index: SegmentIndex): TransactionAssembler {
    const { names, line, follower = new CatalogFollower(names, index.major, index.startLsn) } = this.#request;
    this.#completeness.begin(index);
    return new TransactionAssembler({ line, names, follower, completeness: this.#completeness });
  }
}
