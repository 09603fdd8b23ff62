/**
 * Keeps the next few indexes of a line coming: objects are fetched, segments are fetched and decoded, several at a time.
 *
 * What waits for its turn is an index as it is stored, which is small; segments in memory are bounded by their bytes.
 *
 * @module
 */

import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { isFailure, messageOf } from '../base/failure.ts';
import type { CatalogFile } from '../postgres/wal-records/catalog-files.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';
import { segmentAt } from '../postgres/wal-segment.ts';
import { decodeAll, openSegmentIndex } from '../wal-index/decode.ts';
import { segmentIndexKey } from '../wal-index/index-object.ts';
import type { SegmentIndex } from '../wal-index/segment-index.ts';
import { chooseSegment, type ChosenSegment } from './segment-choice.ts';
import { headStop } from './segment-indexes-make.ts';
import { readIndexObject, type IgnoredIndex } from './segment-indexes-object.ts';
import { IndexMakers } from './segment-indexes-makers.ts';
import type { SegmentIndexRequest } from './segment-indexes-request.ts';
import { SegmentSource, stopAtDamagedObject, type FoundSegment } from './segment-source.ts';

/** How many bytes of segments may be fetched or decoded at a time; two segments always may. */
const AHEAD_BYTES = 48 * 1024 * 1024;
const MOST_AHEAD = 16;
const MOST_WORKERS = 4;
const MOST_IGNORED = 100;
/** A server may be writing the page that is read: it is read again before it is called damaged. */
const TORN_TRIES = 3;
const TORN_PAUSE_MS = 40;

/** An index that was read. */
export interface ReadIndex {
  readonly kind: 'read';
  readonly segment: ChosenSegment;
  /** Decoded when its turn comes ({@link IndexesAhead.whole}): two at a time would be much. */
  readonly index: SegmentIndex;
  /** Something in it changed names, files or databases. */
  readonly hasDdl: boolean;
  /** It was read from its object, not made of the segment. */
  readonly isFromObject: boolean;
  /** It was made of a file of `pg_wal`. */
  readonly isLive: boolean;
}

/** A segment of which nothing can be read. */
export interface UnreadableSegment {
  readonly kind: 'unreadable';
  readonly stop: WalStop;
  readonly isLive: boolean;
}

/** What will be decoded when its turn comes. */
interface Coming {
  readonly kind: 'coming';
  readonly segment: ChosenSegment;
  readonly object: Buffer;
  readonly isFromObject: boolean;
  readonly isLive: boolean;
  /** The segment could not be read to its end. */
  readonly isStopped?: boolean;
}

/** Reads ahead. Disposing gives up what is no longer wanted, and waits for what is being stored. */
export class IndexesAhead implements AsyncDisposable {
  readonly ignored: IgnoredIndex[] = [];
  readonly #request: SegmentIndexRequest;
  readonly #source: SegmentSource;
  readonly #makers: IndexMakers;
  readonly #noLongerWanted = new AbortController();
  readonly #signal: AbortSignal;
  readonly #depth: number;
  readonly #coming = new Map<bigint, Promise<Coming | UnreadableSegment | undefined>>();
  readonly #storing = new Set<Promise<void>>();
  #done = 0;
  #hasWarned = false;

  constructor(request: SegmentIndexRequest) {
    this.#request = request;
    this.#source = new SegmentSource(request);
    const { signal, workerCount = Math.min(availableParallelism(), MOST_WORKERS) } = request;
    this.#makers = new IndexMakers({ workerCount });
    this.#signal = AbortSignal.any([this.#noLongerWanted.signal, ...(signal === undefined ? [] : [signal])]);
    this.#depth = Math.min(Math.max(Math.floor(AHEAD_BYTES / request.wal.segmentSizeBytes), 2), MOST_AHEAD);
  }

  /** The index of a segment; `undefined` if the segment is not there. */
  async next(index: bigint): Promise<ReadIndex | UnreadableSegment | undefined> {
    const { toLsn, line, wal } = this.#request;
    const lastIndex = toLsn === undefined ? undefined : segmentAt(line.timeline, toLsn, wal.segmentSizeBytes).index;
    for (let step = 0n; step < BigInt(this.#depth); step += 1n) {
      const wanted = index + step;
      // The record at `toLsn` may begin in the segment behind it.
      if (step > 0n && lastIndex !== undefined && wanted > lastIndex + 1n) break;
      if (!this.#coming.has(wanted)) this.#begin(wanted);
    }
    const coming = await this.#coming.get(index);
    this.#coming.delete(index);
    return coming?.kind === 'coming' ? this.#decode(coming) : coming;
  }

  /** The same, decoded; made anew if what is stored of it cannot be decoded. */
  async whole(one: ReadIndex): Promise<ReadIndex | UnreadableSegment> {
    const decoded = await this.#soundOr(one, () => {
      decodeAll(one.index);
      return one;
    });
    if (decoded.kind === 'read') decodeAll(decoded.index);
    return decoded;
  }

  /** The index of a segment made anew, whatever its object says. */
  async remake(
    { segment }: Pick<ReadIndex, 'segment'>,
    reason = 'it does not fit its neighbours',
  ): Promise<ReadIndex | UnreadableSegment> {
    this.#ignore({ key: segmentIndexKey(segment.fileName), reason });
    return this.remakeKnowing({ segment }, []);
  }

  /** The same, where it was made without knowing where these catalogs are: no fault of it. */
  async remakeKnowing(
    { segment }: Pick<ReadIndex, 'segment'>,
    catalogFiles: readonly CatalogFile[],
  ): Promise<ReadIndex | UnreadableSegment> {
    const made = await this.#make(segment, catalogFiles);
    if (made?.kind === 'coming') return this.#decode(made);
    if (made !== undefined) return made;
    const stop = { fileName: segment.fileName, offsetBytes: 0, lsn: segment.startLsn };
    const isGone = 'its index cannot be used, and the segment itself is gone';
    return { kind: 'unreadable', stop: { kind: 'damaged', ...stop, reason: isGone }, isLive: false };
  }

  report(): void {
    const { fromLsn, toLsn, wal, onProgress } = this.#request;
    const size = BigInt(wal.segmentSizeBytes);
    this.#done += 1;
    const total = toLsn === undefined ? {} : { total: Number(toLsn / size - fromLsn / size) + 1 };
    onProgress?.({ phase: 'scan', done: this.#done, unit: 'segments', ...total });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#noLongerWanted.abort();
    await this.#makers.end();
    await Promise.allSettled([...this.#coming.values(), ...this.#storing]);
  }

  #begin(index: bigint): void {
    const coming = this.#fetch(index);
    // Awaited when its turn comes; until then a failure is not an unhandled one.
    coming.catch(() => {});
    this.#coming.set(index, coming);
  }

  async #decode({ object, segment, isFromObject, isLive }: Coming): Promise<ReadIndex | UnreadableSegment> {
    return this.#soundOr({ segment, isFromObject }, () => {
      const { index, summary } = openSegmentIndex(object, segmentIndexKey(segment.fileName));
      return { kind: 'read', segment, index, hasDdl: summary.hasDdl, isFromObject, isLive };
    });
  }

  /** What is read of an index object; what is made of the segment, if that shows the object to be damaged. */
  async #soundOr(
    { segment, isFromObject }: Pick<ReadIndex, 'segment' | 'isFromObject'>,
    read: () => ReadIndex,
  ): Promise<ReadIndex | UnreadableSegment> {
    try {
      return read();
    } catch (error) {
      if (!isFromObject || !isFailure(error, 'corrupt')) throw error;
      return this.remake({ segment }, error.message);
    }
  }

  async #fetch(index: bigint): Promise<Coming | UnreadableSegment | undefined> {
    const { store, wal, line, useIndex = true } = this.#request;
    const segment = chooseSegment(wal, line, index);
    if (segment === undefined) return undefined;
    // The index of a parent's segment would tell of records behind the branch too.
    if (useIndex && store !== undefined && segment.validBelow === undefined) {
      const found = await readIndexObject({ store, wal, segment, signal: this.#signal });
      if (found.kind === 'sound') {
        return { kind: 'coming', object: found.value, segment, isFromObject: true, isLive: false };
      }
      if (found.kind === 'ignored') this.#ignore(found.ignored);
    }
    return this.#make(segment);
  }

  #ignore(ignored: IgnoredIndex): void {
    this.#request.onIgnoredIndex?.(ignored);
    if (this.ignored.length < MOST_IGNORED) this.ignored.push(ignored);
  }

  /** Makes an index of the segment: of the file in `pg_wal` if that is whole, else of the archive's, if it is there. */
  async #make(
    segment: ChosenSegment,
    catalogFiles: readonly CatalogFile[] = [],
  ): Promise<Coming | UnreadableSegment | undefined> {
    const local = await this.#makeOf(segment, 'pgWal', catalogFiles);
    if (local?.kind === 'coming' && !local.isStopped) return local;
    return (await this.#makeOf(segment, 'archive', catalogFiles)) ?? local;
  }

  async #makeOf(
    segment: ChosenSegment,
    place: FoundSegment['place'],
    more: readonly CatalogFile[],
  ): Promise<Coming | UnreadableSegment | undefined> {
    const isLive = place === 'pgWal';
    for (let tries = 1; ; tries += 1) {
      const found = await this.#source
        .read(segment.fileName, this.#signal, place)
        .catch((error: unknown) => stopAtDamagedObject(error, segment));
      if (found === undefined) return undefined;
      if ('reason' in found) return { kind: 'unreadable', stop: found, isLive };
      const stop = headStop(found.bytes, segment, this.#request.wal);
      if (stop !== undefined) return { kind: 'unreadable', stop, isLive };
      const { object, stopKind } = await this.#makers.make({
        ...segment,
        ...found,
        objectBytes: isLive ? undefined : this.#request.wal.objectBytes.get(segment.fileName),
        catalogFiles: [...(this.#request.catalogFiles?.() ?? []), ...more],
      });
      if (isLive && tries < TORN_TRIES && stopKind === 'damaged') {
        await sleep(TORN_PAUSE_MS);
        continue;
      }
      const isStopped = stopKind !== undefined;
      if (!isLive && !isStopped) this.#store(segment, object);
      return { kind: 'coming', object, segment, isFromObject: false, isLive, isStopped };
    }
  }

  #store({ fileName, validBelow }: ChosenSegment, object: Buffer): void {
    const { store, writeIndex = false, signal } = this.#request;
    if (!writeIndex || store === undefined || validBelow !== undefined) return;
    const options = signal === undefined ? {} : { signal };
    const storing = store.put(segmentIndexKey(fileName), object, options).then(
      () => {},
      (error: unknown) => this.#warnOfStoring(fileName, error),
    );
    this.#storing.add(storing);
    void storing.finally(() => this.#storing.delete(storing));
  }

  /** Once: what keeps one from being stored mostly keeps all. */
  #warnOfStoring(fileName: string, error: unknown): void {
    if (this.#hasWarned || this.#signal.aborted) return;
    this.#hasWarned = true;
    this.#request.onWarning?.(`cannot store the index of ${fileName}, which was made anew: ${messageOf(error)}`);
  }
}
