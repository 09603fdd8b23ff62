/**
 * Reads the events of a line of history out of the indexes of its segments, as {@link scanWal} reads them out of the
 * segments: much faster where index objects are there, and the same where they are not.
 *
 * An index tells nothing of single records. Where the record at a position is asked for, its segment is decoded.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { WalEvent } from '../postgres/wal-records/wal-event.ts';
import { indexRecord } from '../wal-index/build-segment-index.ts';
import type { IndexEvent, SegmentIndex } from '../wal-index/segment-index.ts';
import type { ScanEnd } from './scan-end.ts';
import { scanWal, type ScanRequest, type WalScan } from './scan.ts';
import type { SegmentIndexRequest } from './segment-indexes-request.ts';
import { readSegmentIndexes, type SegmentIndexScan } from './segment-indexes.ts';
import { BorderRecords } from './transactions/border-record.ts';

/** What to read, and how: see {@link SegmentIndexRequest}. */
export type IndexScanRequest = ScanRequest & Pick<SegmentIndexRequest, 'useIndex' | 'workerCount' | 'onIgnoredIndex'>;

/** Begins to read. Nothing is read before the iteration. */
export function scanIndexes(request: IndexScanRequest): WalScan {
  return new IndexedScan(request);
}

/** Starting threads takes as long as reading this much. */
const WORTH_THREADS_BYTES = 384 * 1024 * 1024;

/** How many threads are worth starting for a span; `undefined`: as many as there can be. */
export function workersFor({
  wal,
  line,
  fromLsn,
  toLsn,
}: Pick<SegmentIndexRequest, 'wal' | 'line' | 'fromLsn' | 'toLsn'>): number | undefined {
  const lastIndex = wal.segments.get(line.timeline)?.at(-1)?.lastIndex ?? 0n;
  const endLsn = toLsn ?? (lastIndex + 1n) * BigInt(wal.segmentSizeBytes);
  return endLsn - fromLsn < WORTH_THREADS_BYTES ? 0 : undefined;
}

class IndexedScan implements WalScan {
  readonly #request: IndexScanRequest;
  readonly #indexes: SegmentIndexScan;
  /** How reading ended by itself, if not with the indexes. */
  #end: ScanEnd | undefined;

  constructor(request: IndexScanRequest) {
    this.#request = request;
    this.#indexes = readSegmentIndexes({ ...request, workerCount: request.workerCount ?? workersFor(request) });
  }

  get end(): ScanEnd | undefined {
    return this.#end ?? this.#indexes.end;
  }

  get last() {
    return this.#indexes.last;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WalEvent> {
    const { fromLsn, toLsn } = this.#request;
    const positions = await this.#positions();
    for await (const event of this.#events()) {
      if (event.lsn < fromLsn) continue;
      while (positions[0] !== undefined && positions[0].lsn < event.lsn) yield* positions.splice(0, 1);
      if (positions[0]?.lsn === event.lsn) positions.shift();
      if (toLsn !== undefined && event.lsn >= toLsn) {
        this.#end = { kind: 'reached' };
        return;
      }
      yield event;
    }
    const lastLsn = this.last?.lsn;
    yield* positions.filter(({ lsn }) => lastLsn !== undefined && lsn <= lastLsn);
  }

  /** The records at the positions that are asked for, ascending. */
  async #positions(): Promise<WalEvent[]> {
    const found: WalEvent[] = [];
    for (const position of this.#request.alsoFirstAt ?? []) {
      const record = await firstAt({ ...this.#request, fromLsn: position, alsoFirstAt: [position] });
      if (record !== undefined && record.lsn !== found.at(-1)?.lsn) found.push(record);
    }
    return found;
  }

  async *#events(): AsyncGenerator<WalEvent> {
    const onBroken = (end: ScanEnd): void => {
      this.#end = end;
    };
    for await (const event of eventsOf(this.#indexes, onBroken)) if (isWalEvent(event)) yield event;
  }
}

/**
 * The events of indexes in order, those of records that cross a border included.
 *
 * @param onBroken is told how reading ended where the two sides of a border do not fit together.
 */
export async function* eventsOf(
  indexes: AsyncIterable<SegmentIndex>,
  onBroken: (end: ScanEnd) => void = () => {},
): AsyncGenerator<IndexEvent> {
  const borders = new BorderRecords();
  for await (const index of indexes) {
    const crossing = eventsOfBorder(borders, index);
    if ('kind' in crossing) {
      onBroken(crossing);
      return;
    }
    yield* crossing;
    yield* index.events;
    borders.leave(index);
  }
}

async function firstAt(request: ScanRequest): Promise<WalEvent | undefined> {
  const { onProgress: _silent, ...quiet } = request;
  for await (const event of scanWal(quiet)) return event;
  return undefined;
}

/** Of the record that ends in this segment and began in one before; or the damage that it is. */
function eventsOfBorder(borders: BorderRecords, index: SegmentIndex): readonly IndexEvent[] | ScanEnd {
  const border = borders.enter(index);
  if (border.kind === 'none' || border.kind === 'open') return [];
  const damage = (lsn: Lsn, reason: string): ScanEnd => ({
    kind: 'damage',
    stop: { kind: 'damaged', fileName: index.fileName, offsetBytes: 0, lsn, reason },
  });
  if (border.kind === 'broken') return damage(border.lsn, border.reason);
  const { bytes, lsn, endLsn } = border.record;
  try {
    return indexRecord(bytes, lsn, endLsn, index.timeline, index.major).events;
  } catch (error) {
    if (isFailure(error, 'corrupt')) return damage(lsn, error.message);
    throw error;
  }
}

function isWalEvent(event: IndexEvent): event is WalEvent {
  return event.kind !== 'catalogRows' && event.kind !== 'catalogUpdate' && event.kind !== 'catalogDelete';
}
