/**
 * The index objects of an archive: read if they are sound and of the segment asked for, otherwise as good as absent.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { decodeSegmentIndexSummary, summaryEndByte } from '../wal-index/decode.ts';
import { INDEX_FIRST_READ_BYTES, segmentIndexKey } from '../wal-index/index-object.ts';
import type { SegmentIndexSummary } from '../wal-index/segment-index.ts';
import type { ArchivedWal } from './archived-wal.ts';
import type { ChosenSegment } from './segment-choice.ts';

/** An index object that is not used. */
export interface IgnoredIndex {
  readonly key: string;
  readonly reason: string;
}

/** What an index object was good for. */
export type FoundIndex<T> =
  | { readonly kind: 'sound'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'ignored'; readonly ignored: IgnoredIndex };

/** Whose index is asked for. */
export interface WantedIndex {
  readonly store: ObjectStore;
  readonly wal: ArchivedWal;
  readonly segment: Pick<ChosenSegment, 'fileName' | 'startLsn'>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of a segment's index object, whose summary is sound; whether the rest is, shows when it is decoded.
 *
 * @throws what the store throws, except that it may not be read.
 */
export async function readIndexObject(wanted: WantedIndex): Promise<FoundIndex<Buffer>> {
  const key = segmentIndexKey(wanted.segment.fileName);
  return soundOr(key, async () => {
    const bytes = await wanted.store.get(key, callOptions(wanted));
    if (bytes === undefined) return undefined;
    check(decodeSegmentIndexSummary(bytes, key), wanted);
    return bytes;
  });
}

/** Reads the summary of a segment's index, from the beginning of its object. */
export async function readIndexSummary(wanted: WantedIndex): Promise<FoundIndex<SegmentIndexSummary>> {
  const key = segmentIndexKey(wanted.segment.fileName);
  return soundOr(key, async () => {
    const range = { startByte: 0, lengthBytes: INDEX_FIRST_READ_BYTES };
    let start = await wanted.store.get(key, { ...callOptions(wanted), range });
    if (start === undefined) return undefined;
    const endByte = summaryEndByte(start, key);
    if (start.length < endByte) {
      start = await wanted.store.get(key, { ...callOptions(wanted), range: { startByte: 0, lengthBytes: endByte } });
    }
    return start === undefined ? undefined : check(decodeSegmentIndexSummary(start, key), wanted);
  });
}

function callOptions({ signal }: WantedIndex): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Why an index is not that of the segment asked for, in words. */
class Mismatch extends Error {}

function check(summary: SegmentIndexSummary, { wal, segment }: WantedIndex): SegmentIndexSummary {
  if (summary.systemIdentifier !== wal.systemIdentifier) {
    throw new Mismatch(`it is of the system ${summary.systemIdentifier}, and the archive of ${wal.systemIdentifier}`);
  }
  if (summary.fileName !== segment.fileName || summary.startLsn !== segment.startLsn) {
    throw new Mismatch(`it is the index of ${summary.fileName}`);
  }
  if (summary.sizeBytes !== wal.segmentSizeBytes) {
    throw new Mismatch(`it is of a segment of ${summary.sizeBytes} bytes, not ${wal.segmentSizeBytes}`);
  }
  const objectBytes = wal.objectBytes.get(segment.fileName);
  if (objectBytes !== undefined && summary.objectBytes !== undefined && summary.objectBytes !== objectBytes) {
    throw new Mismatch(
      `it was made when the segment's object had ${summary.objectBytes} bytes, and it has ${objectBytes}: that was replaced, or cut`,
    );
  }
  // Whoever repaired the segment has not told the index.
  if (summary.isStopped) throw new Mismatch('it is of a segment that could not be read to its end');
  return summary;
}

async function soundOr<T>(key: string, read: () => Promise<T | undefined>): Promise<FoundIndex<T>> {
  try {
    const value = await read();
    return value === undefined ? { kind: 'absent' } : { kind: 'sound', value };
  } catch (error) {
    const isUseless = error instanceof Mismatch || isFailure(error, 'corrupt') || isFailure(error, 'denied');
    if (!isUseless) throw error;
    return { kind: 'ignored', ignored: { key, reason: error.message } };
  }
}
