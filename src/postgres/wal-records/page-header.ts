/**
 * The header of a WAL page. The first page of a segment has the long one, which also tells whose WAL it is and how
 * large its segments and pages are.
 *
 * Source: `src/include/access/xlog_internal.h` (`XLogPageHeaderData`, `XLogLongPageHeaderData`).
 *
 * @module
 */

import { versionByMagic, type PostgresVersion } from '../versions.ts';

/** The page begins with the rest of a record from the page before. */
export const FIRST_IS_CONTRECORD = 0x0001;
const LONG_HEADER = 0x0002;
/** The record that should go on here was lost in a crash; the page begins with a new one. 14.1 and later. */
export const FIRST_IS_OVERWRITE_CONTRECORD = 0x0008;
const ALL_FLAGS = 0x000f;

export const SHORT_HEADER_BYTES = 24;
export const LONG_HEADER_BYTES = 40;

const KIB = 1024;
const MIB = 1024 * KIB;

/** What the first page of a segment says about all of it. */
export interface SegmentHeader {
  readonly version: PostgresVersion;
  readonly systemIdentifier: bigint;
  readonly segmentSizeBytes: number;
  readonly pageSizeBytes: number;
  /** LSN of the segment's first byte. */
  readonly startLsn: bigint;
  /** The timeline of the first record that begins on the page. */
  readonly timeline: number;
}

/** Why the first page of a segment is not one. */
export type SegmentHeaderProblem =
  | { readonly problem: 'unwritten' }
  | { readonly problem: 'unknownVersion'; readonly magic: number }
  | { readonly problem: 'damaged'; readonly reason: string };

function isPowerOfTwoWithin(value: number, smallest: number, largest: number): boolean {
  return value >= smallest && value <= largest && Number.isInteger(Math.log2(value));
}

/** Reads the long header at the start of a segment; what is wrong with it if it cannot be one. */
export function readSegmentHeader(bytes: Buffer): SegmentHeader | SegmentHeaderProblem {
  if (bytes.length < LONG_HEADER_BYTES) return { problem: 'damaged', reason: `it has only ${bytes.length} bytes` };
  if (isZero(bytes, 0, LONG_HEADER_BYTES)) return { problem: 'unwritten' };
  const magic = bytes.readUInt16LE(0);
  const version = versionByMagic(magic);
  if (version === undefined) return { problem: 'unknownVersion', magic };
  const info = bytes.readUInt16LE(2);
  if ((info & LONG_HEADER) === 0 || info > ALL_FLAGS)
    return { problem: 'damaged', reason: 'its first page has no long header' };
  const segmentSizeBytes = bytes.readUInt32LE(32);
  const pageSizeBytes = bytes.readUInt32LE(36);
  const sizesFit =
    isPowerOfTwoWithin(segmentSizeBytes, MIB, KIB * MIB) && isPowerOfTwoWithin(pageSizeBytes, KIB, 64 * KIB);
  if (!sizesFit) return { problem: 'damaged', reason: 'its first page gives impossible segment and page sizes' };
  return {
    version,
    systemIdentifier: bytes.readBigUInt64LE(24),
    segmentSizeBytes,
    pageSizeBytes,
    startLsn: bytes.readBigUInt64LE(8),
    timeline: bytes.readUInt32LE(4),
  };
}

/** True if every byte of `bytes[start .. end)` is zero. */
export function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] !== 0) return false;
  return true;
}

/** Bytes of the header of the page at `offset` of a segment. */
export function pageHeaderBytes(offset: number): number {
  return offset === 0 ? LONG_HEADER_BYTES : SHORT_HEADER_BYTES;
}

/** True if the flags of the page at `offset` of a segment can be right. */
export function flagsFit(info: number, offset: number): boolean {
  return info <= ALL_FLAGS && ((info & LONG_HEADER) !== 0) === (offset === 0);
}
