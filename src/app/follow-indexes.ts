/**
 * The indexes of a line of history, and then of each segment as it comes; of the segment that a server is writing, where its
 * `pg_wal` can be read, of each new part of it.
 *
 * @module
 */

import { setTimeout as wait } from 'node:timers/promises';

import type { ArchivedWal } from '../history/archived-wal.ts';
import { endAt, type ScanEnd } from '../history/scan-end.ts';
import { nextChosenSegment } from '../history/segment-choice.ts';
import { listWal } from '../history/segment-source-wal.ts';
import { readSegmentIndexes, type SegmentIndexRequest } from '../history/segment-indexes.ts';
import { SegmentSource } from '../history/segment-source.ts';
import { formatLsn, lsn, type Lsn } from '../postgres/lsn.ts';
import { formatHistoryName, parseTimelineHistory } from '../postgres/timeline-history.ts';
import type { SegmentIndex } from '../wal-index/segment-index.ts';
import { LiveSegment } from './live-segment.ts';

const POLL_MS = 2000;

/** Segments are archived side by side: one that is missing while a later one is there may only be late. */
const HOLE_PATIENCE_MS = 60_000;

/** An index of which more will come. */
type Begun = SegmentIndex & { readonly last: { readonly lsn: Lsn; readonly endLsn: Lsn } };

/** How to follow. */
export interface FollowOptions {
  /** Told of a timeline that has branched off: the line that is followed may not go on. Must not throw. */
  readonly onWarning: (message: string) => void;
  /** How long to wait before it is looked again; two seconds unless told. */
  readonly pollMs?: number;
}

/** Never ends by itself but at damage, or at a hole that stays: at the end of what there is it waits for more. */
export class FollowedIndexes implements AsyncIterable<SegmentIndex> {
  readonly #request: Omit<SegmentIndexRequest, 'wal'>;
  readonly #pollMs: number;
  readonly #onWarning: (message: string) => void;
  /** Timelines that are known to be there; `undefined` before the first look. */
  #timelines: ReadonlySet<number> | undefined;
  #end: ScanEnd | undefined;
  #missingMs = 0;

  constructor(request: Omit<SegmentIndexRequest, 'wal'>, { onWarning, pollMs = POLL_MS }: FollowOptions) {
    this.#request = request;
    this.#pollMs = pollMs;
    this.#onWarning = onWarning;
  }

  get end(): ScanEnd | undefined {
    return this.#end;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SegmentIndex> {
    let next: Lsn | undefined = this.#request.fromLsn;
    while (next !== undefined) next = yield* this.#readFrom(next);
  }

  /** Reads what there is. @returns where to go on; `undefined`: nowhere. */
  async *#readFrom(begin: Lsn): AsyncGenerator<SegmentIndex, Lsn | undefined> {
    let fromLsn = begin;
    const wal = await this.#list();
    const whole = readSegmentIndexes({ ...this.#request, wal, fromLsn });
    let cut: SegmentIndex | undefined;
    for await (const index of whole) {
      // Whether it is damaged, or is still being written, is known behind it.
      if (index.stop !== undefined) cut = index;
      else {
        yield index;
        fromLsn = behind(index);
        this.#missingMs = 0;
      }
    }
    const { end } = whole;
    const isLast = cut !== undefined && nextOf(wal, this.#request, cut) === undefined;
    const isBeingWritten = isLast && this.#request.pgWal !== undefined;
    if (end?.kind === 'damage' && !isBeingWritten) {
      if (cut !== undefined) yield cut;
      this.#end = end;
      return undefined;
    }
    if (cut !== undefined && isBegun(cut)) return yield* this.#followLive(cut);
    if (end?.kind === 'hole' && this.#isTooLong()) {
      this.#end = end;
      return undefined;
    }
    await this.#wait();
    return fromLsn;
  }

  /** Gives what was read of a segment, and what comes to it. @returns where to go on. */
  async *#followLive(begun: Begun): AsyncGenerator<SegmentIndex, Lsn | undefined> {
    yield begun;
    const { catalogFiles = () => [], signal } = this.#request;
    const live = new LiveSegment(this.#request, begun, catalogFiles);
    for (;;) {
      await this.#wait();
      const news = await live.read(signal);
      if ('index' in news) {
        this.#missingMs = 0;
        yield news.index;
        if (news.kind === 'rest') return behind(begun);
        continue;
      }
      const wal = await this.#list();
      // While no later WAL is there, this is the one that is being written.
      if (nextOf(wal, this.#request, begun) === undefined || !this.#isTooLong()) continue;
      this.#end = news.kind === 'gone' ? this.#holeAt(begun, wal) : { kind: 'damage', stop: news.stop };
      return undefined;
    }
  }

  #holeAt({ startLsn, sizeBytes }: SegmentIndex, wal: ArchivedWal): ScanEnd {
    return endAt({ wal, line: this.#request.line }, startLsn / BigInt(sizeBytes));
  }

  /** Tells of timelines that are new, if they come of the line that is followed. */
  async #list(): Promise<ArchivedWal> {
    const { signal } = this.#request;
    const wal = await listWal(this.#request, signal);
    const known = this.#timelines ?? new Set(wal.historyTimelines);
    this.#timelines = new Set(wal.historyTimelines);
    for (const timeline of wal.historyTimelines) if (!known.has(timeline)) await this.#tellOf(timeline);
    return wal;
  }

  async #tellOf(timeline: number): Promise<void> {
    const { line, signal } = this.#request;
    const file = await new SegmentSource(this.#request).read(formatHistoryName(timeline), signal);
    if (file === undefined) return;
    const parent = parseTimelineHistory(timeline, file.bytes.toString('utf8')).ancestors.at(-1);
    if (parent?.timeline !== line.timeline) return;
    this.#onWarning(
      `timeline ${timeline} has branched off at ${formatLsn(parent.switchLsn)}: --timeline ${timeline} follows what is committed on it`,
    );
  }

  #isTooLong(): boolean {
    this.#missingMs += this.#pollMs;
    return this.#missingMs > HOLE_PATIENCE_MS;
  }

  async #wait(): Promise<void> {
    const { signal } = this.#request;
    await wait(this.#pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

function nextOf(wal: ArchivedWal, { line }: Pick<SegmentIndexRequest, 'line'>, index: SegmentIndex) {
  return nextChosenSegment(wal, line, index.startLsn / BigInt(index.sizeBytes) + 1n);
}

function isBegun(index: SegmentIndex): index is Begun {
  return index.last !== undefined;
}

function behind({ startLsn, sizeBytes }: SegmentIndex): Lsn {
  return lsn(startLsn + BigInt(sizeBytes));
}
