/**
 * One WAL record: its fixed header, read in place, and its value.
 *
 * Source: `src/include/access/xlogrecord.h` (`XLogRecord`), `src/include/access/rmgrlist.h`.
 *
 * @module
 */

import type { Lsn } from '../lsn.ts';

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

/** Fields of the fixed header, in bytes from its start. */
export const XID_OFFSET = 4;
export const PREVIOUS_OFFSET = 8;
export const INFO_OFFSET = 16;
export const RESOURCE_MANAGER_OFFSET = 17;
export const CRC_OFFSET = 20;
export const INFO_MASK = 0xf0;
export const INFO_SWITCH = 0x40;

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
