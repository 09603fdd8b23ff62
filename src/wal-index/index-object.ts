/**
 * The object of one segment's index: its name, and its head.
 *
 * ```
 * offset  bytes
 *      0      4  "WBIX"
 *      4      2  version, 4
 *      6      2  0
 *      8      4  length of the summary
 *     12      4  length of the body as stored (zstd)
 *     16      4  length of the body
 *     20      4  CRC-32C of the body as stored
 *     24      4  CRC-32C of the summary
 *     28      4  length of the list of changed blocks as stored (zstd); 0: there is none
 *     32      4  CRC-32C of that list as stored
 *     36      4  CRC-32C of the 36 bytes before
 *     40         the summary, then the body, then the list of changed blocks
 * ```
 *
 * Numbers of the head are little-endian. A version that is not known is none of this program's: the index is ignored.
 *
 * @module
 */

import { corrupt } from '../codec/corrupt.ts';
import { crc32c } from '../postgres/crc32c.ts';

/** Where the indexes are. */
export const INDEX_FOLDER = 'walkback_001/history/';

/** Bytes of the head. */
export const INDEX_HEAD_BYTES = 40;

/** What a first read of an object asks for: most summaries end well within it. */
export const INDEX_FIRST_READ_BYTES = 4096;

/** A minute with commits takes some ten bytes of a summary: this is years of them. */
const MAX_SUMMARY_BYTES = 16 * 1024 * 1024;
const MAGIC = Buffer.from('WBIX', 'latin1');
const VERSION = 4;
const CRC_OFFSET = 36;
const SEGMENT_NAME = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/;
const KEY = /^walkback_001\/history\/([0-9A-F]{8})\/([0-9A-F]{8})-([0-9A-F]{8})$/;

/** What stands in the head. */
export interface IndexHead {
  readonly summaryBytes: number;
  readonly storedBodyBytes: number;
  readonly bodyBytes: number;
  readonly bodyCrc: number;
  readonly summaryCrc: number;
  /** 0: which blocks changed was not noted. */
  readonly storedBlocksBytes: number;
  readonly blocksCrc: number;
}

/** The key of a segment's index. No 24 hexadecimal digits in a row: `wal-g delete` takes such objects. */
export function segmentIndexKey(segmentName: string): string {
  const [, timeline, high, low] = SEGMENT_NAME.exec(segmentName) ?? [];
  if (timeline === undefined) throw new TypeError(`${segmentName} is no name of a segment`);
  return `${INDEX_FOLDER}${timeline}/${high}-${low}`;
}

/** The folder of a timeline's indexes. */
export function indexFolderOf(timeline: number): string {
  return `${INDEX_FOLDER}${timeline.toString(16).toUpperCase().padStart(8, '0')}/`;
}

/** The segment that an object is the index of; `undefined` for other objects. */
export function segmentOfIndexKey(key: string): string | undefined {
  const [, timeline, high, low] = KEY.exec(key) ?? [];
  return timeline === undefined ? undefined : `${timeline}${high}${low}`;
}

/** Writes a head. */
export function formatIndexHead(head: IndexHead): Buffer {
  const bytes = Buffer.alloc(INDEX_HEAD_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt16LE(VERSION, 4);
  bytes.writeUInt32LE(head.summaryBytes, 8);
  bytes.writeUInt32LE(head.storedBodyBytes, 12);
  bytes.writeUInt32LE(head.bodyBytes, 16);
  bytes.writeUInt32LE(head.bodyCrc, 20);
  bytes.writeUInt32LE(head.summaryCrc, 24);
  bytes.writeUInt32LE(head.storedBlocksBytes, 28);
  bytes.writeUInt32LE(head.blocksCrc, 32);
  bytes.writeUInt32LE(crc32c(bytes, 0, CRC_OFFSET), CRC_OFFSET);
  return bytes;
}

/** Reads a head. @throws {Failure} `corrupt` for anything else, another version too. */
export function parseIndexHead(bytes: Buffer, object: string): IndexHead {
  if (bytes.length < INDEX_HEAD_BYTES) throw corrupt(object, `it has only ${bytes.length} bytes`);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw corrupt(object, 'it does not begin as an index does', 0);
  const version = bytes.readUInt16LE(4);
  if (version !== VERSION) throw corrupt(object, `it is an index of version ${version}, which is not known here,`, 4);
  if (crc32c(bytes, 0, CRC_OFFSET) !== bytes.readUInt32LE(CRC_OFFSET)) {
    throw corrupt(object, 'the checksum of its head is wrong', CRC_OFFSET);
  }
  const summaryBytes = bytes.readUInt32LE(8);
  if (summaryBytes > MAX_SUMMARY_BYTES) throw corrupt(object, `its summary would have ${summaryBytes} bytes`, 8);
  return {
    summaryBytes,
    storedBodyBytes: bytes.readUInt32LE(12),
    bodyBytes: bytes.readUInt32LE(16),
    bodyCrc: bytes.readUInt32LE(20),
    summaryCrc: bytes.readUInt32LE(24),
    storedBlocksBytes: bytes.readUInt32LE(28),
    blocksCrc: bytes.readUInt32LE(32),
  };
}
