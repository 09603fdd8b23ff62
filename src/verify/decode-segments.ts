/**
 * Decodes segments of a line of history, one after another, every record's checksum and every link between records
 * verified, also over the borders of segments.
 *
 * One that cannot be read to its end is told of, and reading begins anew with the next.
 *
 * @module
 */

import { decodeWalObject } from '../archive/read-wal-file.ts';
import { isFailure, messageOf } from '../base/failure.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { RecordVisitor } from '../postgres/wal-records/record-visitor.ts';
import { WalReader, type SegmentBytes } from '../postgres/wal-records/wal-reader.ts';
import { segmentStart } from '../postgres/wal-segment.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { walFileOf } from '../walg/object-names.ts';
import { callOptionsOf, isOver, type VerifyLimits } from './read-limits.ts';
import type { ListedSegment } from './list-segments.ts';

/** A segment to decode. */
export interface SegmentToDecode extends ListedSegment {
  /** Of the timeline whose file it is. */
  readonly timeline: number;
  readonly validBelow?: SegmentBytes['validBelow'];
}

/** How it went with one. */
export interface DecodedSegment {
  readonly segment: SegmentToDecode;
  readonly readBytes: number;
  /** `undefined`: it is as it should be. */
  readonly problem: string | undefined;
  /** True if that is that it was listed, and is not there. */
  readonly isGone: boolean;
}

const NOT_FOUND = 'it is listed, and cannot be found';
const AHEAD_BYTES = 128 * 1024 * 1024;
const LOOKS_AT_NOTHING: RecordVisitor = { record: () => {} };

/** Decodes segments that lie one behind the other. Ends early when time is over. */
export async function* decodeSegments(
  store: ObjectStore,
  wal: ArchivedWal,
  line: TimelineHistory,
  segments: readonly SegmentToDecode[],
  limits: VerifyLimits,
): AsyncGenerator<DecodedSegment> {
  const { segmentSizeBytes, systemIdentifier } = wal;
  const newReader = (): WalReader => new WalReader({ line, segmentSizeBytes, systemIdentifier });
  const depth = Math.max(1, Math.min(limits.concurrency, Math.floor(AHEAD_BYTES / segmentSizeBytes)));
  const coming: Promise<FetchedSegment>[] = [];
  let reader = newReader();
  for (const [at, segment] of segments.entries()) {
    if (isOver(limits)) break;
    while (coming.length < depth && at + coming.length < segments.length) {
      const next = segments[at + coming.length];
      if (next === undefined) break;
      const fetched = fetchSegment(store, next, limits);
      fetched.catch(() => {});
      coming.push(fetched);
    }
    const fetched = await coming.shift();
    if (fetched === undefined) break;
    const problem = fetched.problem ?? decode(reader, segment, fetched.bytes, wal);
    if (fetched.bytes !== undefined) releaseBuffer(fetched.bytes);
    if (problem !== undefined) reader = newReader();
    yield { segment, readBytes: fetched.readBytes, problem, isGone: fetched.problem === NOT_FOUND };
  }
  await Promise.allSettled(coming);
}

function decode(
  reader: WalReader,
  segment: SegmentToDecode,
  bytes: Buffer | undefined,
  { segmentSizeBytes }: ArchivedWal,
): string | undefined {
  if (bytes === undefined) return undefined;
  const { name: fileName, timeline, index, validBelow } = segment;
  const startLsn = segmentStart({ timeline, index }, segmentSizeBytes);
  try {
    reader.visit({ fileName, startLsn, bytes, ...(validBelow === undefined ? {} : { validBelow }) }, LOOKS_AT_NOTHING);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return messageOf(error);
  }
  const { stop } = reader;
  return stop === undefined ? undefined : `it cannot be read from ${formatLsn(stop.lsn)} on: ${stop.reason}`;
}

interface FetchedSegment {
  readonly bytes: Buffer | undefined;
  readonly readBytes: number;
  readonly problem: string | undefined;
}

async function fetchSegment(
  store: ObjectStore,
  { objects }: ListedSegment,
  limits: VerifyLimits,
): Promise<FetchedSegment> {
  let bytes: Buffer | undefined;
  let readBytes = 0;
  for (const object of objects) {
    const found = await fetchObject(store, object, limits);
    readBytes += object.sizeBytes;
    if ('problem' in found) return { bytes, readBytes, problem: found.problem };
    if (bytes !== undefined && !bytes.equals(found.bytes)) {
      return { bytes, readBytes, problem: `it differs from ${objects[0]?.key}, which is of the same segment` };
    }
    bytes ??= found.bytes;
  }
  return { bytes, readBytes, problem: undefined };
}

async function fetchObject(
  store: ObjectStore,
  { key, sizeBytes }: ObjectInfo,
  limits: VerifyLimits,
): Promise<{ bytes: Buffer } | { problem: string }> {
  const compression = walFileOf(key)?.compression ?? 'none';
  try {
    await limits.limiter?.take(sizeBytes, limits.signal);
    const stored = await store.get(key, callOptionsOf(limits));
    if (stored === undefined) return { problem: NOT_FOUND };
    return { bytes: await decodeWalObject({ key, compression }, stored) };
  } catch (error) {
    if (isFailure(error, 'corrupt') || isFailure(error, 'refused')) return { problem: error.message };
    throw error;
  }
}
