/**
 * Reads which blocks have changed between two positions, from the indexes of the WAL between them.
 *
 * A segment without a sound index is read itself, from `pg_wal` or the archive, if there are not too many of them: the last
 * one always is, since it is still being written. The segments must follow each other without a gap, record by record; where
 * they do not, nobody knows what has changed, and the answer is why.
 *
 * Source: PostgreSQL `src/backend/backup/basebackup_incremental.c` (`PrepareForIncrementalBackup`).
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readWalFile } from '../archive/read-wal-file.ts';
import { isFailure } from '../base/failure.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import { timelineAt, type TimelineHistory } from '../postgres/timeline-history.ts';
import { formatSegmentName, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { buildSegmentIndex, indexRecord } from '../wal-index/build-segment-index.ts';
import { decodeIndexedBlocks, type IndexedBlocks } from '../wal-index/decode.ts';
import { followChain, type ChainEnd } from '../wal-index/index-chain.ts';
import { changedFilesOf } from '../wal-index/index-columns.ts';
import { segmentIndexKey } from '../wal-index/index-object.ts';
import { BlockMap } from './block-map.ts';

/** A span of WAL, and where it is. */
export interface WalSpan {
  readonly store: ObjectStore;
  /** The server's. */
  readonly pgWal: string;
  readonly line: TimelineHistory;
  readonly fromLsn: Lsn;
  readonly toLsn: Lsn;
  readonly segmentSizeBytes: WalSegmentSizeBytes;
  readonly systemIdentifier: bigint;
  readonly blocksPerSegment: number;
  /** So many segments without an index are read; beyond that, looking at the files is less work. */
  readonly maxRead: number;
  readonly signal: AbortSignal;
}

/** The blocks, or why nobody knows them. */
export type WalBlocks =
  | { readonly kind: 'known'; readonly map: BlockMap; readonly segments: number; readonly read: number }
  | { readonly kind: 'unknown'; readonly because: string };

/** What is needed of one segment. */
type Part = Omit<IndexedBlocks, 'summary'> & Pick<IndexedBlocks['summary'], 'first' | 'last' | 'major'>;

interface NamedSegment {
  readonly fileName: string;
  readonly startLsn: Lsn;
  readonly isLast: boolean;
}

class Unknown extends Error {}

const FETCHED_AHEAD = 8;

/** Reads them. @throws what the store throws. */
export async function readWalBlocks(span: WalSpan): Promise<WalBlocks> {
  const reading = new SpanReading(span);
  try {
    const segments = segmentsOf(span);
    for (let at = 0; at < segments.length; at += FETCHED_AHEAD) {
      span.signal.throwIfAborted();
      const some = segments.slice(at, at + FETCHED_AHEAD);
      const indexed = await Promise.all(
        some.map(async (segment) => (segment.isLast ? undefined : fromIndex(span, segment))),
      );
      for (const [place, segment] of some.entries()) await reading.take(segment, indexed[place]);
    }
    return { kind: 'known', map: reading.map, segments: segments.length, read: reading.readCount };
  } catch (error) {
    if (!(error instanceof Unknown || isFailure(error, 'corrupt'))) throw error;
    return { kind: 'unknown', because: error.message };
  }
}

function segmentsOf({ line, fromLsn, toLsn, segmentSizeBytes }: WalSpan): NamedSegment[] {
  const size = BigInt(segmentSizeBytes);
  const lastIndex = (toLsn - 1n) / size;
  const segments: NamedSegment[] = [];
  for (let index = fromLsn / size; index <= lastIndex; index += 1n) {
    const endLsn = index === lastIndex ? toLsn : (index + 1n) * size;
    const timeline = timelineAt(line, lsn(endLsn - 1n));
    const fileName = formatSegmentName({ timeline, index }, segmentSizeBytes);
    segments.push({ fileName, startLsn: lsn(index * size), isLast: index === lastIndex });
  }
  return segments;
}

/** The part of an index that is sound, of that segment, and tells of blocks; otherwise `undefined`. */
async function fromIndex(span: WalSpan, { fileName, startLsn }: NamedSegment): Promise<Part | undefined> {
  const key = segmentIndexKey(fileName);
  const bytes = await span.store.get(key, { signal: span.signal });
  if (bytes === undefined) return undefined;
  try {
    const { summary, ...part } = decodeIndexedBlocks(bytes, key);
    const isRight =
      summary.fileName === fileName &&
      summary.startLsn === startLsn &&
      summary.sizeBytes === span.segmentSizeBytes &&
      summary.systemIdentifier === span.systemIdentifier &&
      !summary.isStopped;
    const { first, last, major } = summary;
    return isRight && part.files !== undefined ? { ...part, first, last, major } : undefined;
  } catch (error) {
    if (isFailure(error, 'corrupt')) return undefined;
    throw error;
  }
}

/** Segment after segment. */
class SpanReading {
  readonly map: BlockMap;
  readCount = 0;
  readonly #span: WalSpan;
  #chain: ChainEnd | undefined;
  /** The bytes of the record that goes on in the next segment; `undefined` if it began before the span. */
  #open: Buffer[] | undefined;

  constructor(span: WalSpan) {
    this.#span = span;
    this.map = new BlockMap(span.blocksPerSegment);
  }

  async take(segment: NamedSegment, indexed: Part | undefined): Promise<void> {
    const part = indexed ?? (await this.#read(segment));
    const open = this.#chain?.open;
    const next = followChain(this.#chain, part);
    if (typeof next === 'string') throw new Unknown(`${segment.fileName} does not fit: ${next}`);
    this.#join(segment, part, open?.lsn);
    this.#chain = next;
    this.map.add(part.files ?? []);
  }

  /** Puts the record over the border together. */
  #join(segment: NamedSegment, { head, tail, first, major }: Part, lsnOfOpen: Lsn | undefined): void {
    const isGoingOn = head.restBytes > head.bytes.length;
    if (head.restBytes === 0) this.#open = undefined;
    this.#open?.push(head.bytes);
    if (this.#open !== undefined && !isGoingOn && lsnOfOpen !== undefined) {
      const bytes = Buffer.concat(this.#open);
      const endLsn = first?.lsn ?? segment.startLsn;
      this.map.add(indexRecord(bytes, lsnOfOpen, endLsn, 0, major).changedFiles);
    }
    if (!isGoingOn) this.#open = tail === undefined ? undefined : [tail.bytes];
  }

  async #read(segment: NamedSegment): Promise<Part> {
    const { maxRead, toLsn } = this.#span;
    this.readCount += 1;
    if (this.readCount > maxRead) throw new Unknown(`more than ${maxRead} segments have no index that tells of blocks`);
    const index = (await this.#fromPgWal(segment)) ?? (await this.#fromArchive(segment));
    if (index === undefined) throw new Unknown(`${segment.fileName} is neither in the archive nor in pg_wal`);
    const { head, tail, stop, first, last, major } = index;
    const isFarEnough = segment.isLast && last !== undefined && last.endLsn > toLsn;
    if (stop !== undefined && !isFarEnough)
      throw new Unknown(`${segment.fileName} cannot be read to its end: ${stop.reason}`);
    return { head, tail, stop, first, last, major, files: changedFilesOf(index) };
  }

  async #fromPgWal({ fileName, startLsn, isLast }: NamedSegment) {
    const bytes = await readFile(join(this.#span.pgWal, fileName)).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    const index = bytes && buildOrUndefined(fileName, bytes, this.#span);
    // A file that waits for later use still holds what it held under another name.
    const isWhole = index?.startLsn === startLsn && (isLast || index.stop === undefined);
    return isWhole ? index : undefined;
  }

  async #fromArchive({ fileName }: NamedSegment) {
    const { store, signal } = this.#span;
    const file = await readWalFile(store, fileName, { signal });
    return file && buildOrUndefined(fileName, file.bytes, this.#span);
  }
}

function buildOrUndefined(fileName: string, bytes: Buffer, { systemIdentifier }: WalSpan) {
  try {
    return buildSegmentIndex({ fileName, bytes }, { systemIdentifier });
  } catch (error) {
    if (isFailure(error, 'corrupt') || isFailure(error, 'conflict')) return undefined;
    throw error;
  }
}
