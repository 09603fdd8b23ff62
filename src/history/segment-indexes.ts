/**
 * Reads a line of history as the indexes of its segments, in order: from index objects where they are sound, otherwise
 * made of the segments themselves, of an archive, of a server's `pg_wal`, or of both.
 *
 * An index object is believed only if it is of this segment, and if its records go on where those of the segment before
 * end and are gone on with in the one behind. Where they do not, it is made anew; what then still does not fit is damage.
 * So each index is given when the one behind it is known.
 *
 * @module
 */

import { collectGarbageIfGrown } from '../base/collect-garbage.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';
import { segmentAt } from '../postgres/wal-segment.ts';
import type { SegmentIndex } from '../wal-index/segment-index.ts';
import { endAt, type ScanEnd } from './scan-end.ts';
import { nextChosenSegment } from './segment-choice.ts';
import { IndexesAhead, type ReadIndex } from './segment-indexes-ahead.ts';
import { filesMovedTo, missesCatalogChanges } from './segment-indexes-catalogs.ts';
import { followChain, type ChainEnd } from '../wal-index/index-chain.ts';
import type { IgnoredIndex } from './segment-indexes-object.ts';
import type { SegmentIndexRequest } from './segment-indexes-request.ts';

export type { SegmentIndexRequest } from './segment-indexes-request.ts';

/** Indexes of a line of history, in order. Iterate once; then `end` and `last` tell how far it went. */
export interface SegmentIndexScan extends AsyncIterable<SegmentIndex> {
  /** `undefined` until the iteration ended by itself. */
  readonly end: ScanEnd | undefined;
  /** The last whole record, one that crosses a border included. */
  readonly last: { readonly lsn: Lsn; readonly endLsn: Lsn } | undefined;
  /** Index objects that were there and were not used, the first few of them. */
  readonly ignored: readonly IgnoredIndex[];
}

/** Begins to read. Nothing is read before the iteration. */
export function readSegmentIndexes(request: SegmentIndexRequest): SegmentIndexScan {
  return new LineIndexes(request);
}

class LineIndexes implements SegmentIndexScan {
  readonly #request: SegmentIndexRequest;
  #end: ScanEnd | undefined;
  #last: { readonly lsn: Lsn; readonly endLsn: Lsn } | undefined;
  #ignored: readonly IgnoredIndex[] = [];
  /** Where the chain was before the index in hand. */
  #before: ChainEnd | undefined;

  constructor(request: SegmentIndexRequest) {
    this.#request = request;
  }

  get end() {
    return this.#end;
  }

  get last() {
    return this.#last;
  }

  get ignored() {
    return this.#ignored;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SegmentIndex> {
    const { wal, line, fromLsn, signal } = this.#request;
    await using ahead = new IndexesAhead(this.#request);
    this.#ignored = ahead.ignored;
    let { index: segment } = segmentAt(line.timeline, fromLsn, wal.segmentSizeBytes);
    let current = await ahead.next(segment);
    for (; current?.kind === 'read'; segment += 1n) {
      current = await ahead.whole(current);
      if (current.kind !== 'read') break;
      let next = this.#endsWith(current) === undefined ? await ahead.next(segment + 1n) : undefined;
      [current, next] = await this.#agree(ahead, current, next);
      const chain = followChain(this.#before, current.index);
      if (typeof chain === 'string') {
        this.#end = { kind: 'damage', stop: brokenChain(current, chain) };
        return;
      }
      this.#noteLast(current, chain);
      if (next?.kind === 'read' && next.hasDdl) next = await ahead.whole(next);
      current = await this.#knowingCatalogs(ahead, current, next);
      yield current.index;
      this.#before = chain;
      signal?.throwIfAborted();
      ahead.report();
      this.#end = this.#endsWith(current);
      if (this.#end !== undefined) return;
      current = next;
      collectGarbageIfGrown();
    }
    this.#end =
      current === undefined ? endAt(this.#request, segment) : this.#stopEnd(current.stop, current.isLive, segment);
  }

  /** The two, each made anew from its segment where they do not fit. The first may still not fit what came before. */
  async #agree(
    ahead: IndexesAhead,
    current: ReadIndex,
    next: Awaited<ReturnType<IndexesAhead['next']>>,
  ): Promise<[ReadIndex, typeof next]> {
    const chain = followChain(this.#before, current.index);
    const fits = (one: typeof next) =>
      typeof chain !== 'string' && (one?.kind !== 'read' || typeof followChain(chain, one.index) !== 'string');
    if (fits(next)) return [current, next];
    const remadeNext = next?.kind === 'read' && next.isFromObject ? await ahead.remake(next) : next;
    if (fits(remadeNext) || !current.isFromObject) return [current, remadeNext];
    const remade = await ahead.remake(current);
    return [remade.kind === 'read' ? remade : current, remadeNext];
  }

  /** The same index with all changes to catalogs; where the segment is gone, as it is. */
  async #knowingCatalogs(
    ahead: IndexesAhead,
    current: ReadIndex,
    next: Awaited<ReturnType<IndexesAhead['next']>>,
  ): Promise<ReadIndex> {
    const files = this.#request.catalogFiles?.();
    if (files === undefined) return current;
    const moved = next?.kind === 'read' && next.hasDdl ? filesMovedTo(next.index, files) : [];
    if (moved.length === 0 && !missesCatalogChanges(current.index, files)) return current;
    const remade = await ahead.remakeKnowing(current, moved);
    return remade.kind === 'read' ? remade : current;
  }

  /** How reading ends with this index; `undefined` if it goes on. */
  #endsWith({ index, segment, isLive }: ReadIndex): ScanEnd | undefined {
    const { toLsn } = this.#request;
    if (toLsn !== undefined && index.last !== undefined && index.last.lsn >= toLsn) return { kind: 'reached' };
    if (index.stop !== undefined) return this.#stopEnd(index.stop, isLive, segment.index);
    return segment.validBelow === undefined ? undefined : endAt(this.#request, segment.index, true);
  }

  /** A segment of `pg_wal` that is not written further, with none behind it, is the end of what there is. */
  #stopEnd(stop: WalStop, isLive: boolean, index: bigint): ScanEnd {
    const { wal, line } = this.#request;
    const wasWritten = stop.kind === 'damaged' || stop.kind === 'foreign';
    if (isLive && !wasWritten && nextChosenSegment(wal, line, index + 1n) === undefined) {
      return { kind: 'endOfArchive', missing: stop.fileName };
    }
    return { kind: 'damage', stop };
  }

  #noteLast({ index: { last, tail, stop, startLsn, sizeBytes } }: ReadIndex, chain: ChainEnd): void {
    const crossedLsn = this.#before?.open?.lsn;
    if (last !== undefined) this.#last = last;
    else if (crossedLsn !== undefined && chain.lastLsn === crossedLsn) {
      // It became whole here, and nothing whole follows it: the next record would begin where reading stopped.
      this.#last = { lsn: crossedLsn, endLsn: stop?.lsn ?? tail?.lsn ?? lsn(startLsn + BigInt(sizeBytes)) };
    }
  }
}

function brokenChain({ index, segment }: ReadIndex, reason: string): WalStop {
  return { kind: 'damaged', fileName: segment.fileName, offsetBytes: 0, lsn: index.startLsn, reason };
}
