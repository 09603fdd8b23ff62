/**
 * Reads a line of history out of an archive: segments fetched ahead in parallel, decoded in order.
 *
 * At most {@link SCAN_AHEAD_BYTES} of segments (two at least) are held at a time. Ends in one of the ways of
 * {@link ScanEnd}; a store that cannot be asked is a `Failure` of its own and never an end.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import { readWalFile } from '../archive/read-wal-file.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import {
  CUSTOM_RESOURCE_MANAGERS,
  DECODED_RESOURCE_MANAGERS,
  decodeRecord,
} from '../postgres/wal-records/decode-record.ts';
import type { WalEvent } from '../postgres/wal-records/wal-event.ts';
import { WalReader } from '../postgres/wal-records/wal-reader.ts';
import type { WalRecord } from '../postgres/wal-records/wal-record.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';
import { segmentAt } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { ArchivedWal } from './archived-wal.ts';
import { endAt, type ScanEnd } from './scan-end.ts';
import { chooseSegment, type ChosenSegment } from './segment-choice.ts';
import { stopAtDamagedObject } from './segment-source.ts';

export type { ScanEnd } from './scan-end.ts';

/** How many bytes of segments are fetched ahead. */
const SCAN_AHEAD_BYTES = 128 * 1024 * 1024;
const MOST_AHEAD = 16;
const WANTED_RESOURCE_MANAGERS = DECODED_RESOURCE_MANAGERS.union(CUSTOM_RESOURCE_MANAGERS);

/** What to read. */
export interface ScanRequest {
  readonly store: ObjectStore;
  readonly wal: ArchivedWal;
  readonly line: TimelineHistory;
  /** Events before this are not given. */
  readonly fromLsn: Lsn;
  /** Reading ends with the first record at or behind this. */
  readonly toLsn?: Lsn | undefined;
  /** Give the first record at or behind each of these (ascending), of whatever kind. */
  readonly alsoFirstAt?: readonly Lsn[];
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Events of a line of history, in LSN order. Iterate once; then `end` and `last` tell how far it went. */
export interface WalScan extends AsyncIterable<WalEvent> {
  /** `undefined` until the iteration ended by itself. */
  readonly end: ScanEnd | undefined;
  /** The last whole record. */
  readonly last: { readonly lsn: Lsn; readonly endLsn: Lsn } | undefined;
}

/** Begins a scan. Nothing is read before the iteration. */
export function scanWal(request: ScanRequest): WalScan {
  return new LineScan(request);
}

class LineScan implements WalScan {
  readonly #request: ScanRequest;
  readonly #reader: WalReader;
  #end: ScanEnd | undefined;

  constructor(request: ScanRequest) {
    this.#request = request;
    this.#reader = new WalReader({
      line: request.line,
      segmentSizeBytes: request.wal.segmentSizeBytes,
      systemIdentifier: request.wal.systemIdentifier,
      wanted: WANTED_RESOURCE_MANAGERS,
      alsoFirstAt: [...(request.alsoFirstAt ?? []), ...(request.toLsn === undefined ? [] : [request.toLsn])].toSorted(
        (a, b) => Number(a - b),
      ),
    });
  }

  get end(): ScanEnd | undefined {
    return this.#end;
  }

  get last() {
    return this.#reader.last;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WalEvent> {
    const { wal, line, fromLsn, toLsn } = this.#request;
    await using ahead = new SegmentsAhead(this.#request);
    let { index } = segmentAt(line.timeline, fromLsn, wal.segmentSizeBytes);
    for (;;) {
      const segment = await ahead.next(index);
      if (segment === undefined) {
        this.#end = endAt(this.#request, index);
        return;
      }
      if ('reason' in segment) {
        this.#end = { kind: 'damage', stop: segment };
        return;
      }
      for (const record of this.#reader.read(segment)) {
        if (record.lsn >= fromLsn) yield this.#eventOf(record);
        if (toLsn !== undefined && record.lsn >= toLsn) {
          this.#end = { kind: 'reached' };
          return;
        }
      }
      if (this.#reader.stop !== undefined) {
        this.#end = { kind: 'damage', stop: this.#reader.stop };
        return;
      }
      this.#request.signal?.throwIfAborted();
      index += 1n;
      if (segment.validBelow !== undefined) {
        this.#end = endAt(this.#request, index - 1n, true);
        return;
      }
      ahead.report();
    }
  }

  /** A wanted record that says nothing of interest is still a position. */
  #eventOf(record: WalRecord): WalEvent {
    const { version } = this.#reader;
    const event = version === undefined ? undefined : decodeRecord(record, version);
    const { lsn, endLsn, timeline, xid } = record;
    if (event !== undefined) return event;
    const position = { kind: 'position', lsn, endLsn, timeline, xid } as const;
    const { resourceManager } = record;
    return CUSTOM_RESOURCE_MANAGERS.has(resourceManager)
      ? { ...position, customResourceManager: resourceManager }
      : position;
  }
}

type FetchedSegment = ChosenSegment & { readonly bytes: Buffer };

/** Keeps the next few segments coming. Disposing gives up those that are no longer wanted. */
class SegmentsAhead implements AsyncDisposable {
  readonly #request: ScanRequest;
  readonly #noLongerWanted = new AbortController();
  readonly #signal: AbortSignal;
  readonly #depth: number;
  readonly #coming = new Map<bigint, Promise<FetchedSegment | WalStop | undefined>>();
  readonly #total: number | undefined;
  #done = 0;

  constructor(request: ScanRequest) {
    this.#request = request;
    const size = request.wal.segmentSizeBytes;
    this.#depth = Math.min(Math.max(Math.floor(SCAN_AHEAD_BYTES / size), 2), MOST_AHEAD);
    const { fromLsn, toLsn, signal } = request;
    this.#signal = AbortSignal.any([this.#noLongerWanted.signal, ...(signal === undefined ? [] : [signal])]);
    this.#total = toLsn === undefined ? undefined : Number(toLsn / BigInt(size) - fromLsn / BigInt(size)) + 1;
  }

  /** A segment; where reading stops, if its object is damaged; `undefined` if it is not there. */
  async next(index: bigint): Promise<FetchedSegment | WalStop | undefined> {
    const { toLsn, line, wal } = this.#request;
    const lastIndex = toLsn === undefined ? undefined : segmentAt(line.timeline, toLsn, wal.segmentSizeBytes).index;
    for (let step = 0n; step < BigInt(this.#depth); step += 1n) {
      const wanted = index + step;
      // The record at `toLsn` may begin in the segment behind it.
      if (lastIndex !== undefined && wanted > lastIndex + 1n) break;
      if (!this.#coming.has(wanted)) this.#begin(wanted);
    }
    const segment = await this.#coming.get(index);
    this.#coming.delete(index);
    return segment;
  }

  report(): void {
    this.#done += 1;
    const total = this.#total === undefined ? {} : { total: this.#total };
    this.#request.onProgress?.({ phase: 'scan', done: this.#done, unit: 'segments', ...total });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#noLongerWanted.abort();
    await Promise.allSettled(this.#coming.values());
  }

  #begin(index: bigint): void {
    const fetched = this.#fetch(index);
    // Awaited when its turn comes; until then a failure is not an unhandled one.
    fetched.catch(() => {});
    this.#coming.set(index, fetched);
  }

  async #fetch(index: bigint): Promise<FetchedSegment | WalStop | undefined> {
    const { store, wal, line } = this.#request;
    const chosen = chooseSegment(wal, line, index);
    if (chosen === undefined) return undefined;
    const file = await readWalFile(store, chosen.fileName, { signal: this.#signal }).catch((error: unknown) =>
      stopAtDamagedObject(error, chosen),
    );
    return file === undefined || 'reason' in file ? file : { ...chosen, bytes: file.bytes };
  }
}
