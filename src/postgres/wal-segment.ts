/**
 * WAL segments: the files a server cuts its WAL stream into, and their names.
 *
 * Source: `src/include/access/xlog_internal.h` (`XLogFileName`, `XLByteToSeg`); PostgreSQL manual, "WAL Internals".
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { lsn, type Lsn } from './lsn.ts';

declare const segmentSizeBrand: unique symbol;

/** A valid `wal_segment_size`, in bytes. It belongs to a cluster: pass it, never assume 16 MiB. */
export type WalSegmentSizeBytes = number & { readonly [segmentSizeBrand]: true };

/** One segment file of one timeline. */
export interface WalSegment {
  /** Which history of the cluster this WAL belongs to; 1 or more. */
  readonly timeline: number;
  /** Place in the stream, counting segments from zero. */
  readonly index: bigint;
}

const MIB = 1024 * 1024;
const SEGMENT_NAME = /^[0-9A-F]{24}$/;

function isWalSegmentSize(sizeBytes: number): sizeBytes is WalSegmentSizeBytes {
  const isPowerOfTwo = Number.isInteger(Math.log2(sizeBytes));
  return isPowerOfTwo && sizeBytes >= MIB && sizeBytes <= 1024 * MIB;
}

/** Checks a segment size: a power of two, 1 MiB to 1 GiB. @throws {Failure} `corrupt` if it is not. */
export function walSegmentSize(sizeBytes: number): WalSegmentSizeBytes {
  if (isWalSegmentSize(sizeBytes)) return sizeBytes;
  throw new Failure('corrupt', {
    message: `cannot use ${sizeBytes} bytes as a WAL segment size: it must be a power of two from 1 MiB to 1 GiB`,
    remedy: 'Ask the server: SHOW wal_segment_size.',
  });
}

function segmentsPerHigh(size: WalSegmentSizeBytes): bigint {
  return (1n << 32n) / BigInt(size);
}

/** The segment that holds the byte at `position`. */
export function segmentAt(timeline: number, position: Lsn, size: WalSegmentSizeBytes): WalSegment {
  return { timeline, index: position / BigInt(size) };
}

/** The position of the segment's first byte. */
export function segmentStart(segment: WalSegment, size: WalSegmentSizeBytes): Lsn {
  return lsn(segment.index * BigInt(size));
}

/** The next segment on the same timeline. */
export function nextSegment(segment: WalSegment): WalSegment {
  return { timeline: segment.timeline, index: segment.index + 1n };
}

function hex8(value: bigint): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

/** The file name, `0000000100000000000000A1`. */
export function formatSegmentName(segment: WalSegment, size: WalSegmentSizeBytes): string {
  const perHigh = segmentsPerHigh(size);
  return `${hex8(BigInt(segment.timeline))}${hex8(segment.index / perHigh)}${hex8(segment.index % perHigh)}`;
}

/** The segment a file name means; `undefined` if it is no segment name for this segment size. */
export function parseSegmentName(name: string, size: WalSegmentSizeBytes): WalSegment | undefined {
  if (!SEGMENT_NAME.test(name)) return undefined;
  const perHigh = segmentsPerHigh(size);
  const low = BigInt(`0x${name.slice(16)}`);
  const timeline = Number.parseInt(name.slice(0, 8), 16);
  if (low >= perHigh || timeline === 0) return undefined;
  return { timeline, index: BigInt(`0x${name.slice(8, 16)}`) * perHigh + low };
}

/** True if `name` has the shape of a segment's file name, whatever the segment size. */
export function isSegmentName(name: string): boolean {
  return SEGMENT_NAME.test(name);
}
