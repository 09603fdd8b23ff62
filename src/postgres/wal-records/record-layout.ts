/**
 * Where the parts of a record are: its block references with their images and data, and its main data.
 *
 * One layout is made once and used for record after record: parsing allocates nothing. Every rule of the format is
 * checked, so that whoever reads a part by its offset and length stays inside the record.
 *
 * Source: `src/include/access/xlogrecord.h`, `src/backend/access/transam/xlogreader.c` (`DecodeXLogRecord`).
 *
 * @module
 */

import type { PostgresVersion } from '../versions.ts';
import { DEFAULT_TABLE_PAGE_BYTES, type StoredImage } from './page-image.ts';
import { RECORD_HEADER_BYTES } from './wal-record.ts';

/** The forks that hold rows; 1 is the free space map, 2 the visibility map (`src/include/common/relpath.h`). */
export const MAIN_FORK = 0;
export const INIT_FORK = 3;

export const LAST_BLOCK_ID = 32;
const MOST_BLOCKS = LAST_BLOCK_ID + 1;
export const ID_TOP_XID = 252;
export const ID_ORIGIN = 253;
export const ID_DATA_LONG = 254;
export const ID_DATA_SHORT = 255;

export const FORK_MASK = 0x0f;
export const BLOCK_HAS_IMAGE = 0x10;
export const BLOCK_HAS_DATA = 0x20;
const BLOCK_WILL_INIT = 0x40;
export const BLOCK_SAME_RELATION = 0x80;
export const IMAGE_HAS_HOLE = 0x01;
const IMAGE_LZ4 = 0x08;

/**
 * The parts of the record that was parsed last. Block references are numbered from 0 in order of their ids, which may
 * have gaps: ask {@link RecordLayout.indexOfBlock} for an id. All starts are offsets in the bytes that were parsed.
 */
export class RecordLayout {
  /** The main data. */
  mainStart = 0;
  mainEnd = 0;
  /** The first record of a subtransaction at `wal_level=logical` names its top transaction. */
  topXid: number | undefined;
  /** The replication origin that it was applied from. */
  originId: number | undefined;
  /** How many block references it has. Entries of the lists below from here on are an earlier record's. */
  blockCount = 0;
  readonly blockIds = new Uint8Array(MOST_BLOCKS);
  readonly forks = new Uint8Array(MOST_BLOCKS);
  readonly tablespaceOids = new Uint32Array(MOST_BLOCKS);
  readonly databaseOids = new Uint32Array(MOST_BLOCKS);
  readonly filenodes = new Uint32Array(MOST_BLOCKS);
  readonly blockNumbers = new Uint32Array(MOST_BLOCKS);
  /** 1 if replay makes the page anew. */
  readonly willInit = new Uint8Array(MOST_BLOCKS);
  readonly dataStarts = new Uint32Array(MOST_BLOCKS);
  /** 0: none. */
  readonly dataBytes = new Uint32Array(MOST_BLOCKS);
  readonly imageStarts = new Uint32Array(MOST_BLOCKS);
  /** 0: no image. */
  readonly imageBytes = new Uint32Array(MOST_BLOCKS);
  readonly #imageInfos = new Uint8Array(MOST_BLOCKS);
  readonly #holeOffsets = new Uint16Array(MOST_BLOCKS);
  readonly #holeBytes = new Uint16Array(MOST_BLOCKS);
  readonly #tablePageBytes: number;
  #version: PostgresVersion | undefined;
  /** Announced bytes of images and block data. */
  #announcedBytes = 0;

  /** @param tablePageBytes `BLCKSZ` of the cluster: images that are none of such a page are refused. */
  constructor(tablePageBytes = DEFAULT_TABLE_PAGE_BYTES) {
    this.#tablePageBytes = tablePageBytes;
  }

  /** The index of the block reference with that id; -1 if the record has none. */
  indexOfBlock(id: number): number {
    // Ids ascend, so none stands behind the place that its number gives it.
    for (let index = Math.min(id, this.blockCount - 1); index >= 0; index -= 1)
      if (this.blockIds[index] === id) return index;
    return -1;
  }

  /** The image of a block reference; `undefined` if it has none. */
  image(index: number): (StoredImage & { readonly applies: boolean }) | undefined {
    const imageBytes = this.imageBytes[index] ?? 0;
    if (index >= this.blockCount || imageBytes === 0 || this.#version === undefined) return undefined;
    const info = this.#imageInfos[index] ?? 0;
    return {
      imageStart: this.imageStarts[index] ?? 0,
      imageBytes,
      holeOffset: this.#holeOffsets[index] ?? 0,
      holeBytes: this.#holeBytes[index] ?? 0,
      compression: compressionOf(info, this.#version),
      applies: (info & this.#version.appliedImageBit) !== 0,
    };
  }

  /** Finds the parts of the record in `bytes[start .. end)`. False if they contradict themselves or its length. */
  parse(bytes: Buffer, start: number, end: number, version: PostgresVersion): boolean {
    this.#version = version;
    this.blockCount = 0;
    this.topXid = undefined;
    this.originId = undefined;
    this.#announcedBytes = 0;
    let at = start + RECORD_HEADER_BYTES;
    while (end - at > this.#announcedBytes) {
      const id = bytes[at] ?? 0;
      if (id <= LAST_BLOCK_ID) at = this.#takeBlock(bytes, at, end, version);
      else if (id === ID_DATA_SHORT || id === ID_DATA_LONG) return this.#takeMainData(bytes, at, end);
      else at = this.#takeNumber(bytes, at, end, id);
      if (at < 0) return false;
    }
    return end - at === this.#announcedBytes && this.#place(at, end);
  }

  #takeMainData(bytes: Buffer, at: number, end: number): boolean {
    const isShort = bytes[at] === ID_DATA_SHORT;
    const dataStart = at + (isShort ? 2 : 5);
    if (dataStart > end) return false;
    const lengthBytes = isShort ? (bytes[at + 1] ?? 0) : bytes.readUInt32LE(at + 1);
    if (end - dataStart !== this.#announcedBytes + lengthBytes) return false;
    return this.#place(dataStart, end);
  }

  #takeNumber(bytes: Buffer, at: number, end: number, id: number): number {
    if (id === ID_ORIGIN && at + 3 <= end) {
      this.originId = bytes.readUInt16LE(at + 1);
      return at + 3;
    }
    if (id === ID_TOP_XID && at + 5 <= end) {
      this.topXid = bytes.readUInt32LE(at + 1);
      return at + 5;
    }
    return -1;
  }

  /** Reads one block reference at `at`. Where the next header begins; -1 if this is none. */
  #takeBlock(bytes: Buffer, at: number, end: number, version: PostgresVersion): number {
    const index = this.blockCount;
    const id = bytes[at] ?? 0;
    if (at + 4 > end || (index > 0 && id <= (this.blockIds[index - 1] ?? 0))) return -1;
    const flags = bytes[at + 1] ?? 0;
    const dataBytes = bytes.readUInt16LE(at + 2);
    const fork = flags & FORK_MASK;
    if (fork > INIT_FORK || ((flags & BLOCK_HAS_DATA) !== 0) !== dataBytes > 0) return -1;
    this.blockIds[index] = id;
    this.forks[index] = fork;
    this.willInit[index] = (flags & BLOCK_WILL_INIT) === 0 ? 0 : 1;
    this.dataBytes[index] = dataBytes;
    this.imageBytes[index] = 0;
    let next = at + 4;
    if ((flags & BLOCK_HAS_IMAGE) !== 0) next = this.#takeImage(bytes, next, end, version);
    if (next < 0) return -1;
    next = this.#takeRelation(bytes, next, end, (flags & BLOCK_SAME_RELATION) !== 0);
    this.#announcedBytes += dataBytes + (this.imageBytes[index] ?? 0);
    this.blockCount = index + 1;
    return next;
  }

  #takeImage(bytes: Buffer, at: number, end: number, version: PostgresVersion): number {
    if (at + 5 > end) return -1;
    const index = this.blockCount;
    const pageBytes = this.#tablePageBytes;
    const imageBytes = bytes.readUInt16LE(at);
    const holeOffset = bytes.readUInt16LE(at + 2);
    const info = bytes[at + 4] ?? 0;
    const isCompressed = (info & version.compressedImageBits) !== 0;
    const hasHole = (info & IMAGE_HAS_HOLE) !== 0;
    let next = at + 5;
    let holeBytes = isCompressed ? 0 : pageBytes - imageBytes;
    if (isCompressed && hasHole) {
      next += 2;
      if (next > end) return -1;
      holeBytes = bytes.readUInt16LE(at + 5);
    }
    if (imageBytes === 0 || imageBytes > pageBytes) return -1;
    if (hasHole !== holeBytes > 0 || hasHole !== holeOffset > 0 || holeOffset + holeBytes > pageBytes) return -1;
    if (isCompressed && (imageBytes === pageBytes || !isOneBit(info & version.compressedImageBits))) return -1;
    this.imageBytes[index] = imageBytes;
    this.#imageInfos[index] = info;
    this.#holeOffsets[index] = holeOffset;
    this.#holeBytes[index] = holeBytes;
    return next;
  }

  #takeRelation(bytes: Buffer, at: number, end: number, isSame: boolean): number {
    const index = this.blockCount;
    const next = at + (isSame ? 4 : 16);
    if (next > end || (isSame && index === 0)) return -1;
    if (isSame) {
      this.tablespaceOids[index] = this.tablespaceOids[index - 1] ?? 0;
      this.databaseOids[index] = this.databaseOids[index - 1] ?? 0;
      this.filenodes[index] = this.filenodes[index - 1] ?? 0;
    } else {
      this.tablespaceOids[index] = bytes.readUInt32LE(at);
      this.databaseOids[index] = bytes.readUInt32LE(at + 4);
      this.filenodes[index] = bytes.readUInt32LE(at + 8);
    }
    this.blockNumbers[index] = bytes.readUInt32LE(next - 4);
    return next;
  }

  /** Gives every part its place behind the headers, which end at `at`. */
  #place(at: number, end: number): true {
    let next = at;
    for (let index = 0; index < this.blockCount; index += 1) {
      this.imageStarts[index] = next;
      next += this.imageBytes[index] ?? 0;
      this.dataStarts[index] = next;
      next += this.dataBytes[index] ?? 0;
    }
    this.mainStart = next;
    this.mainEnd = end;
    return true;
  }
}

function isOneBit(bits: number): boolean {
  return (bits & (bits - 1)) === 0;
}

function compressionOf(info: number, version: PostgresVersion): StoredImage['compression'] {
  if ((info & version.compressedImageBits) === 0) return 'none';
  if ((info & version.pglzImageBit) !== 0) return 'pglz';
  return (info & version.compressedImageBits & IMAGE_LZ4) !== 0 ? 'lz4' : 'zstd';
}
