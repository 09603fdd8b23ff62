/**
 * One WAL record: its header, and the way through the block headers to its main data.
 *
 * Block images and row data are stepped over, with every length checked; nothing here needs them.
 *
 * Source: `src/include/access/xlogrecord.h`, `src/backend/access/transam/xlogreader.c` (`DecodeXLogRecord`).
 *
 * @module
 */

import type { Lsn } from '../lsn.ts';
import type { PostgresVersion } from '../versions.ts';

/** A verified record. */
export interface WalRecord {
  /** First byte of the record. */
  readonly lsn: Lsn;
  /** First byte behind it, aligned to 8; for a segment switch, the start of the next segment. */
  readonly endLsn: Lsn;
  /** The timeline that this position of the line of history belongs to. */
  readonly timeline: number;
  /** The writing (sub)transaction, low 32 bits; 0 if it has none. */
  readonly xid: number;
  /** Resource manager: who wrote it. */
  readonly resourceManager: number;
  /** The resource manager's own bits, masked with 0xF0. */
  readonly info: number;
  readonly mainData: Buffer;
  /** The first record of a subtransaction at `wal_level=logical` names its top transaction. */
  readonly topXid: number | undefined;
}

/** The resource managers whose records are decoded here (`src/include/access/rmgrlist.h`). */
export const RM_XLOG = 0;
export const RM_XACT = 1;
export const RM_DBASE = 4;
export const RM_TBLSPC = 5;
export const RM_STANDBY = 8;
/** The last built-in id of 14 to 18; 128 and up are extensions'. */
export const LAST_BUILT_IN_RESOURCE_MANAGER = 21;
export const FIRST_CUSTOM_RESOURCE_MANAGER = 128;

export const RECORD_HEADER_BYTES = 24;
/** The longest record that a server writes or replays. */
export const LONGEST_RECORD_BYTES = 1020 * 1024 * 1024;

const XID_OFFSET = 4;
const PREVIOUS_OFFSET = 8;
const INFO_OFFSET = 16;
const RESOURCE_MANAGER_OFFSET = 17;
const INFO_MASK = 0xf0;
const INFO_SWITCH = 0x40;

/** The writing (sub)transaction of the record at `start`. */
export function recordXid(bytes: Buffer, start: number): number {
  return bytes.readUInt32LE(start + XID_OFFSET);
}

/** The resource manager of the record at `start`. */
export function recordResourceManager(bytes: Buffer, start: number): number {
  return bytes[start + RESOURCE_MANAGER_OFFSET] ?? 0;
}

/** The resource manager's own bits of the record at `start`. */
export function recordInfo(bytes: Buffer, start: number): number {
  return (bytes[start + INFO_OFFSET] ?? 0) & INFO_MASK;
}

/** Low half of where the record before the one at `start` begins. */
export function recordPreviousLow(bytes: Buffer, start: number): number {
  return bytes.readUInt32LE(start + PREVIOUS_OFFSET);
}

/** High half of where the record before the one at `start` begins. */
export function recordPreviousHigh(bytes: Buffer, start: number): number {
  return bytes.readUInt32LE(start + PREVIOUS_OFFSET + 4);
}

/** True for the record behind which the rest of its segment is empty. */
export function isSegmentSwitch(bytes: Buffer, start: number): boolean {
  return recordResourceManager(bytes, start) === RM_XLOG && recordInfo(bytes, start) === INFO_SWITCH;
}

const LAST_BLOCK_ID = 32;
const ID_TOP_XID = 252;
const ID_ORIGIN = 253;
const ID_DATA_LONG = 254;
const ID_DATA_SHORT = 255;

const BLOCK_HAS_IMAGE = 0x10;
const BLOCK_HAS_DATA = 0x20;
const BLOCK_SAME_RELATION = 0x80;
const IMAGE_HAS_HOLE = 0x01;

/** Where the main data of a record is. */
export interface MainData {
  readonly start: number;
  readonly end: number;
  readonly topXid: number | undefined;
}

/**
 * Finds the main data of the record in `bytes[start .. end)`; `undefined` if its headers do not add up.
 */
export function findMainData(
  bytes: Buffer,
  start: number,
  end: number,
  version: PostgresVersion,
): MainData | undefined {
  let at = start + RECORD_HEADER_BYTES;
  let announced = 0;
  let lastBlockId = -1;
  let topXid: number | undefined;
  while (end - at > announced) {
    const id = bytes.readUInt8(at);
    if (id === ID_DATA_SHORT || id === ID_DATA_LONG) {
      const headerBytes = id === ID_DATA_SHORT ? 2 : 5;
      if (at + headerBytes > end) return undefined;
      const lengthBytes = id === ID_DATA_SHORT ? bytes.readUInt8(at + 1) : bytes.readUInt32LE(at + 1);
      if (end - (at + headerBytes) !== announced + lengthBytes) return undefined;
      return { start: end - lengthBytes, end, topXid };
    }
    if (id === ID_ORIGIN) at += 3;
    else if (id === ID_TOP_XID) {
      if (at + 5 > end) return undefined;
      topXid = bytes.readUInt32LE(at + 1);
      at += 5;
    } else {
      if (id > LAST_BLOCK_ID || id <= lastBlockId) return undefined;
      const block = readBlockHeader(bytes, at, end, version, lastBlockId >= 0);
      if (block === undefined) return undefined;
      lastBlockId = id;
      at = block.next;
      announced += block.dataBytes;
    }
  }
  return end - at === announced ? { start: end, end, topXid } : undefined;
}

interface BlockHeader {
  readonly next: number;
  readonly dataBytes: number;
}

function readBlockHeader(
  bytes: Buffer,
  start: number,
  end: number,
  version: PostgresVersion,
  hasBlockBefore: boolean,
): BlockHeader | undefined {
  let at = start + 4;
  if (at > end) return undefined;
  const flags = bytes.readUInt8(start + 1);
  const dataBytes = bytes.readUInt16LE(start + 2);
  if (((flags & BLOCK_HAS_DATA) !== 0) !== dataBytes > 0) return undefined;
  let imageBytes = 0;
  if ((flags & BLOCK_HAS_IMAGE) !== 0) {
    if (at + 5 > end) return undefined;
    imageBytes = bytes.readUInt16LE(at);
    const imageInfo = bytes.readUInt8(at + 4);
    at += 5;
    if ((imageInfo & IMAGE_HAS_HOLE) !== 0 && (imageInfo & version.compressedImageBits) !== 0) at += 2;
  }
  if ((flags & BLOCK_SAME_RELATION) === 0) at += 12;
  else if (!hasBlockBefore) return undefined;
  at += 4;
  return at <= end ? { next: at, dataBytes: dataBytes + imageBytes } : undefined;
}
