/**
 * Reads a line of WAL, segment after segment, and gives its records: pages checked, records put together over page and
 * segment borders, every CRC verified, each record's link to the one before followed.
 *
 * Begins anywhere: a first page that continues a record from before is skipped to the first whole one. Stops at the
 * first thing that cannot be right ({@link WalReader.stop}); what was given before is valid. A record that the last
 * segment cuts is not given. Refuses by name WAL of an unknown major.
 *
 * All arithmetic of the loop is on numbers: an LSN is kept as its two 32-bit halves, since `bigint` would cost more
 * than the CRC. A segment never crosses a 4 GiB border, so its high half is constant.
 *
 * Source: `src/backend/access/transam/xlogreader.c`.
 *
 * @module
 */

import { lsn, type Lsn } from '../lsn.ts';
import { timelineAt, type TimelineHistory } from '../timeline-history.ts';
import { unknownWalVersion, type PostgresVersion } from '../versions.ts';
import type { WalSegmentSizeBytes } from '../wal-segment.ts';
import {
  FIRST_IS_CONTRECORD,
  FIRST_IS_OVERWRITE_CONTRECORD,
  flagsFit,
  isZero,
  pageHeaderBytes,
  readSegmentHeader,
} from './page-header.ts';
import { PartialRecord } from './partial-record.ts';
import { recordProblem } from './record-check.ts';
import { findMainData, LONGEST_RECORD_BYTES, RECORD_HEADER_BYTES, RM_XLOG, type WalRecord } from './wal-record.ts';
import type { WalStop, WalStopKind } from './wal-stop.ts';

/** One segment's bytes. */
export interface SegmentBytes {
  /** For messages. */
  readonly fileName: string;
  readonly startLsn: Lsn;
  readonly bytes: Buffer;
  /** Records that begin here or later are not this line's: the file is a parent timeline's. */
  readonly validBelow?: Lsn;
}

/** What a reader is given. */
export interface WalReaderOptions {
  readonly line: TimelineHistory;
  readonly segmentSizeBytes: WalSegmentSizeBytes;
  /** Segments of any other cluster stop the reader. */
  readonly systemIdentifier: bigint;
  /** The resource managers whose records are given. All others are verified too, and passed over. */
  readonly wanted: ReadonlySet<number>;
  /** Give the first record at or behind each of these (ascending) too, whoever wrote it. */
  readonly alsoFirstAt?: readonly Lsn[];
}

const INFO_SWITCH = 0x40;
const INFO_MASK = 0xf0;

function aligned(lengthBytes: number): number {
  return Math.ceil(lengthBytes / 8) * 8;
}

function joined(high: number, low: number): Lsn {
  return lsn((BigInt(high) << 32n) + BigInt(low));
}

/** Reads segments in order; each begins where the one before ended. */
export class WalReader {
  readonly #options: WalReaderOptions;
  readonly #timelines: ReadonlySet<number>;
  readonly #partial = new PartialRecord();
  readonly #positions: Lsn[];
  #stop: WalStop | undefined;
  #version: PostgresVersion | undefined;
  #fileName = '';
  #bytes: Buffer = Buffer.alloc(0);
  #pageSizeBytes = 0;
  /** Halves of the segment's first LSN. */
  #high = 0;
  #low = 0;
  #nextStart: Lsn | undefined;
  /** Low half of the first position that is not to be given. */
  #limitLow = Number.POSITIVE_INFINITY;
  #timeline = 0;
  /** How many bytes of a record that began before the first segment are still to come. */
  #skipBytes = 0;
  #recordsRead = 0;
  #previousHigh = 0;
  #previousLow = 0;
  #endHigh = 0;
  #endLow = 0;

  constructor(options: WalReaderOptions) {
    this.#options = options;
    this.#timelines = new Set([...options.line.ancestors.map(({ timeline }) => timeline), options.line.timeline]);
    this.#positions = [...(options.alsoFirstAt ?? [])];
  }

  /** Why and where reading stopped; `undefined` while it can go on. */
  get stop(): WalStop | undefined {
    return this.#stop;
  }

  /** The major whose WAL this is, once a segment was read. */
  get version(): PostgresVersion | undefined {
    return this.#version;
  }

  /** Where the last whole record began and ended; `undefined` before the first. */
  get last(): { readonly lsn: Lsn; readonly endLsn: Lsn } | undefined {
    if (this.#recordsRead === 0) return undefined;
    return { lsn: joined(this.#previousHigh, this.#previousLow), endLsn: joined(this.#endHigh, this.#endLow) };
  }

  /** How many whole records were verified. */
  get recordsRead(): number {
    return this.#recordsRead;
  }

  /** The record that the last segment read began and did not end. */
  get cutRecordLsn(): Lsn | undefined {
    return this.#partial.isOpen ? joined(this.#partial.high, this.#partial.low) : undefined;
  }

  /**
   * The wanted records that end in this segment. Their data are views into the segment; take what is to be kept.
   *
   * @throws {Failure} `refused` for WAL of an unknown major.
   */
  *read(segment: SegmentBytes): Generator<WalRecord> {
    if (this.#stop !== undefined || !this.#open(segment)) return;
    const { length } = this.#bytes;
    let offset = 0;
    while (offset < length && this.#low + offset < this.#limitLow) {
      const roomBytes = this.#pageSizeBytes - (offset % this.#pageSizeBytes);
      const start = offset;
      if (roomBytes === this.#pageSizeBytes) {
        offset = this.#enterPage(start);
        if (this.#stop !== undefined) return;
        if (!this.#partial.isOpen || this.#partial.missingBytes > 0) continue;
        const { bytes, totalBytes, high, low } = this.#partial;
        this.#partial.drop();
        const record = this.#finish(bytes, 0, totalBytes, high, low, offset);
        if (record !== undefined) yield { ...record, mainData: Buffer.from(record.mainData) };
        if (this.#endsSegment(bytes, 0)) return;
        continue;
      }
      const totalBytes = this.#lengthAt(start);
      if (totalBytes === 0) return;
      if (totalBytes > roomBytes) {
        this.#partial.begin(this.#high, this.#low + start, totalBytes);
        this.#partial.append(this.#bytes, start, start + roomBytes);
        offset += roomBytes;
        continue;
      }
      offset += aligned(totalBytes);
      const record = this.#finish(this.#bytes, start, start + totalBytes, this.#high, this.#low + start, offset);
      if (record !== undefined) yield record;
      if (this.#endsSegment(this.#bytes, start)) return;
    }
  }

  /** Checks the first page, and that this is the segment that comes next. */
  #open(segment: SegmentBytes): boolean {
    const { segmentSizeBytes, systemIdentifier } = this.#options;
    this.#fileName = segment.fileName;
    this.#bytes = segment.bytes;
    this.#high = Number(segment.startLsn >> 32n);
    this.#low = Number(segment.startLsn & 0xffffffffn);
    const validBelow = segment.validBelow === undefined ? undefined : segment.validBelow - segment.startLsn;
    this.#limitLow = validBelow === undefined ? Number.POSITIVE_INFINITY : this.#low + Number(validBelow);
    const header = readSegmentHeader(segment.bytes);
    if ('problem' in header) {
      if (header.problem === 'unknownVersion') {
        if (this.#version === undefined) throw unknownWalVersion(header.magic, segment.fileName);
        return this.#fail('foreign', 0, `page magic 0x${header.magic.toString(16)}, of no version known here`);
      }
      if (header.problem === 'unwritten') return this.#fail('unwritten', 0, 'zeros where its first page should begin');
      return this.#fail('damaged', 0, header.reason);
    }
    if (header.systemIdentifier !== systemIdentifier) {
      return this.#fail('foreign', 0, `it is of system ${header.systemIdentifier}, not ${systemIdentifier}`);
    }
    if (segment.bytes.length !== segmentSizeBytes || header.segmentSizeBytes !== segmentSizeBytes) {
      return this.#fail('damaged', 0, `it has ${segment.bytes.length} bytes, not the ${segmentSizeBytes} of a segment`);
    }
    if (this.#version !== undefined && this.#version !== header.version) {
      return this.#fail('foreign', 0, `it is of PostgreSQL ${header.version.major}, not ${this.#version.major}`);
    }
    if (this.#nextStart !== undefined && this.#nextStart !== segment.startLsn) {
      return this.#fail('damaged', 0, 'it does not follow the segment before');
    }
    this.#version = header.version;
    this.#pageSizeBytes = header.pageSizeBytes;
    this.#nextStart = lsn(segment.startLsn + BigInt(segmentSizeBytes));
    return true;
  }

  /** Checks a page's header, and takes or skips the rest of a record that it begins with. The offset to go on at. */
  #enterPage(pageOffset: number): number {
    const bytes = this.#bytes;
    const info = bytes.readUInt16LE(pageOffset + 2);
    if (!this.#pageFits(pageOffset, info)) return pageOffset;
    const begin = pageOffset + pageHeaderBytes(pageOffset);
    const roomBytes = pageOffset + this.#pageSizeBytes - begin;
    const restBytes = bytes.readUInt32LE(pageOffset + 16);
    const continues = (info & FIRST_IS_CONTRECORD) !== 0;
    if ((info & FIRST_IS_OVERWRITE_CONTRECORD) !== 0) this.#partial.drop();
    if (continues !== restBytes > 0) return this.#wrongRest(pageOffset);
    if (this.#partial.isOpen) {
      if (restBytes !== this.#partial.missingBytes) return this.#wrongRest(pageOffset);
      this.#partial.append(bytes, begin, begin + Math.min(restBytes, roomBytes));
    } else if (continues) {
      if (this.#recordsRead > 0 || (this.#skipBytes > 0 && this.#skipBytes !== restBytes))
        return this.#wrongRest(pageOffset);
      this.#skipBytes = Math.max(restBytes - roomBytes, 0);
    } else if (this.#skipBytes > 0 && (info & FIRST_IS_OVERWRITE_CONTRECORD) === 0) {
      return this.#wrongRest(pageOffset);
    } else {
      this.#skipBytes = 0;
    }
    return begin + Math.min(aligned(restBytes), roomBytes);
  }

  #wrongRest(pageOffset: number): number {
    this.#fail('damaged', pageOffset, 'its page does not go on with the record that the page before began');
    return pageOffset;
  }

  #pageFits(pageOffset: number, info: number): boolean {
    const bytes = this.#bytes;
    const magic = bytes.readUInt16LE(pageOffset);
    if (magic !== this.#version?.walPageMagic) {
      return isZero(bytes, pageOffset, pageOffset + this.#pageSizeBytes)
        ? this.#fail('unwritten', pageOffset, 'zeros where a page should begin')
        : this.#fail('damaged', pageOffset, `page magic 0x${magic.toString(16)}`);
    }
    if (!flagsFit(info, pageOffset)) return this.#fail('damaged', pageOffset, `impossible page flags ${info}`);
    const low = bytes.readUInt32LE(pageOffset + 8);
    const high = bytes.readUInt32LE(pageOffset + 12);
    if (low !== this.#low + pageOffset || high !== this.#high) {
      return this.#fail('stale', pageOffset, 'a page of another position: the file was used before under another name');
    }
    const timeline = bytes.readUInt32LE(pageOffset + 4);
    if (!this.#timelines.has(timeline) || timeline < this.#timeline) {
      return this.#fail('damaged', pageOffset, `a page of timeline ${timeline}, which is not on this line of history`);
    }
    this.#timeline = timeline;
    return true;
  }

  /** The length of the record that begins at `offset`; 0 if none can. */
  #lengthAt(offset: number): number {
    const totalBytes = this.#bytes.readUInt32LE(offset);
    if (totalBytes >= RECORD_HEADER_BYTES && totalBytes <= LONGEST_RECORD_BYTES) return totalBytes;
    if (totalBytes === 0) this.#fail('unwritten', offset, 'zeros where a record should begin');
    else this.#fail('damaged', offset, `a record that would be ${totalBytes} bytes long`);
    return 0;
  }

  /** Verifies the whole record in `bytes[start .. end)`; gives it if it is wanted. */
  #finish(
    bytes: Buffer,
    start: number,
    end: number,
    high: number,
    low: number,
    nextOffset: number,
  ): WalRecord | undefined {
    const previousLow = bytes.readUInt32LE(start + 8);
    const previousHigh = bytes.readUInt32LE(start + 12);
    const follows =
      this.#recordsRead > 0
        ? previousLow === this.#previousLow && previousHigh === this.#previousHigh
        : previousHigh < high || (previousHigh === high && previousLow < low);
    const problem = follows ? recordProblem(bytes, start, end) : 'a record that does not follow the one before';
    if (problem !== undefined) {
      this.#failAt('damaged', joined(high, low), problem);
      return undefined;
    }
    this.#recordsRead += 1;
    this.#previousHigh = high;
    this.#previousLow = low;
    this.#endHigh = this.#high;
    this.#endLow = this.#low + (this.#isSwitch(bytes, start) ? this.#bytes.length : nextOffset);
    const resourceManager = bytes[start + 17] ?? 0;
    const isAwaited = this.#positions.length > 0 && this.#takeAwaited(joined(high, low));
    return isAwaited || this.#options.wanted.has(resourceManager) ? this.#give(bytes, start, end) : undefined;
  }

  #takeAwaited(position: Lsn): boolean {
    const awaited = this.#positions[0];
    if (awaited === undefined || position < awaited) return false;
    while (this.#positions[0] !== undefined && position >= this.#positions[0]) this.#positions.shift();
    return true;
  }

  #give(bytes: Buffer, start: number, end: number): WalRecord | undefined {
    const position = joined(this.#previousHigh, this.#previousLow);
    const main = this.#version === undefined ? undefined : findMainData(bytes, start, end, this.#version);
    if (main === undefined) {
      this.#failAt('damaged', position, 'a record whose parts do not add up to its length');
      return undefined;
    }
    return {
      lsn: position,
      endLsn: joined(this.#endHigh, this.#endLow),
      timeline: timelineAt(this.#options.line, position),
      xid: bytes.readUInt32LE(start + 4),
      resourceManager: bytes.readUInt8(start + 17),
      info: bytes.readUInt8(start + 16) & INFO_MASK,
      mainData: bytes.subarray(main.start, main.end),
      topXid: main.topXid,
    };
  }

  #isSwitch(bytes: Buffer, start: number): boolean {
    return bytes[start + 17] === RM_XLOG && ((bytes[start + 16] ?? 0) & INFO_MASK) === INFO_SWITCH;
  }

  /** True when nothing more is to be read from this segment: it was switched away from, or reading stopped. */
  #endsSegment(bytes: Buffer, start: number): boolean {
    return this.#stop !== undefined || this.#isSwitch(bytes, start);
  }

  #fail(kind: WalStopKind, offset: number, reason: string): false {
    return this.#failAt(kind, joined(this.#high, this.#low + offset), reason);
  }

  #failAt(kind: WalStopKind, position: Lsn, reason: string): false {
    // A record that began in the segment before is reported at the start of the one that ends it.
    const offsetBytes = Math.max(Number(position - joined(this.#high, this.#low)), 0);
    this.#stop = { kind, fileName: this.#fileName, offsetBytes, lsn: position, reason };
    return false;
  }
}
