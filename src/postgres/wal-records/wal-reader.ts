/**
 * Reads a line of WAL, segment after segment, and gives its records: pages checked, records put together over page and
 * segment borders, every CRC verified, each record's link to the one before followed.
 *
 * Begins anywhere: a first page that continues a record from before is skipped to the first whole one
 * ({@link WalReader.head}). Stops at the first thing that cannot be right ({@link WalReader.stop}); what was given before
 * is valid. A record that the last segment cuts is not given ({@link WalReader.tail}). Refuses by name WAL of an unknown
 * major.
 *
 * All arithmetic of the loop is on numbers: an LSN is kept as its two 32-bit halves, since `bigint` would cost more
 * than the CRC. A segment never crosses a 4 GiB border, so its high half is constant.
 *
 * Source: `src/backend/access/transam/xlogreader.c`.
 *
 * @module
 */

import { lsnHigh, lsnLow, lsnOfHalves, type Lsn } from '../lsn.ts';
import { timelineAt } from '../timeline-history.ts';
import type { PostgresVersion } from '../versions.ts';
import { PageCheck, type ExpectedSegments, type PageProblem, type SegmentBytes } from './page-check.ts';
import { overwriteProblem } from './overwritten-record.ts';
import { PageContinuation, type SegmentHead } from './page-continuation.ts';
import { FIRST_IS_OVERWRITE_CONTRECORD, pageHeaderBytes } from './page-header.ts';
import { PageScan } from './page-scan.ts';
import { RecordChain } from './record-chain.ts';
import { recordProblem } from './record-check.ts';
import type { RecordVisitor } from './record-visitor.ts';
import { WalRecordSelector, type WantedRecords } from './wal-record-selector.ts';
import { isSegmentSwitch, LONGEST_RECORD_BYTES, RECORD_HEADER_BYTES, type WalRecord } from './wal-record.ts';
import type { WalStop } from './wal-stop.ts';

export type { SegmentBytes } from './page-check.ts';

/** What a reader is given. `wanted` and `alsoFirstAt` are for {@link WalReader.read}; nothing is wanted by itself. */
export interface WalReaderOptions extends ExpectedSegments, Partial<WantedRecords> {}

const HALF = 0x1_0000_0000;
const NO_RECORDS: ReadonlySet<number> = new Set();

function aligned(lengthBytes: number): number {
  return lengthBytes + (-lengthBytes & 7);
}

/** Reads segments in order; each begins where the one before ended. */
export class WalReader {
  readonly #pages: PageCheck;
  readonly #continuation = new PageContinuation();
  readonly #scan = new PageScan();
  readonly #chain = new RecordChain();
  readonly #selector: WalRecordSelector;
  #stop: WalStop | undefined;
  #fileName = '';
  #bytes: Buffer = Buffer.alloc(0);
  /** Where in the segment reading is; behind its end when nothing more is to be read from it. */
  #offset = 0;
  /** Halves of the segment's first LSN. */
  #high = 0;
  #low = 0;
  /** Low half of the first position that is not to be given. */
  #limitLow = Number.POSITIVE_INFINITY;
  #segmentsOpened = 0;
  /** Set by who is shown a record: nothing more is to be shown before it was looked at. */
  #isInterrupted = false;
  #rejection: string | undefined;

  constructor(options: WalReaderOptions) {
    const { line, wanted = NO_RECORDS, alsoFirstAt = [] } = options;
    this.#pages = new PageCheck(options);
    const { ancestors, timeline } = line;
    const timelineOf = (position: Lsn) =>
      ancestors === undefined ? this.#pages.timeline : timelineAt({ ancestors, timeline }, position);
    this.#selector = new WalRecordSelector({ wanted, alsoFirstAt }, timelineOf, {
      reject: (reason) => {
        this.reject(reason);
      },
      pause: () => {
        this.#isInterrupted = true;
      },
    });
  }

  /** Why and where reading stopped; `undefined` while it can go on. */
  get stop(): WalStop | undefined {
    return this.#stop;
  }

  /** The major whose WAL this is, once a segment was read. */
  get version(): PostgresVersion | undefined {
    return this.#pages.version;
  }

  /** Whose WAL this is: as it was expected, or as the first segment says. */
  get systemIdentifier(): bigint | undefined {
    return this.#pages.systemIdentifier;
  }

  /** What the first segment begins with. */
  get head(): SegmentHead {
    return this.#continuation.head;
  }

  /** The first whole record and its link to the one before, which is not checked; `undefined` before the first. */
  get first(): { readonly lsn: Lsn; readonly previousLsn: Lsn } | undefined {
    return this.#chain.first;
  }

  /** Where the last whole record began and ended; `undefined` before the first. */
  get last(): { readonly lsn: Lsn; readonly endLsn: Lsn } | undefined {
    return this.#chain.last;
  }

  /** The record that the last segment began, or went on with, and did not end. The bytes are a copy of what came of it. */
  get tail(): { readonly lsn: Lsn; readonly totalBytes: number; readonly bytes: Buffer } | undefined {
    const { isOpen, high, low, totalBytes, bytes, collectedBytes } = this.#continuation.partial;
    if (!isOpen) return undefined;
    return { lsn: lsnOfHalves(high, low), totalBytes, bytes: Buffer.from(bytes.subarray(0, collectedBytes)) };
  }

  /** How many whole records were verified. */
  get recordsRead(): number {
    return this.#chain.count;
  }

  /** The record that the last segment read began and did not end. */
  get cutRecordLsn(): Lsn | undefined {
    const { isOpen, high, low } = this.#continuation.partial;
    return isOpen ? lsnOfHalves(high, low) : undefined;
  }

  /**
   * Shows every record that ends in this segment, in place.
   *
   * @throws {Failure} `refused` for WAL of an unknown major.
   */
  visit(segment: SegmentBytes, visitor: RecordVisitor): void {
    if (!this.#open(segment)) return;
    while (this.#step(visitor));
  }

  /**
   * The wanted records that end in this segment. Their data are views into the segment; take what is to be kept.
   *
   * @throws {Failure} `refused` for WAL of an unknown major.
   */
  *read(segment: SegmentBytes): Generator<WalRecord> {
    if (!this.#open(segment)) return;
    const { version } = this.#pages;
    if (version !== undefined) this.#selector.beginSegment(segment.bytes, version);
    for (let goesOn = true; goesOn;) {
      goesOn = this.#step(this.#selector);
      const record = this.#selector.take();
      if (record !== undefined) yield record;
    }
  }

  /** For a visitor: the record that it is being shown cannot be right, for all that its CRC is. Reading stops at it. */
  reject(reason: string): void {
    this.#rejection = reason;
    this.#isInterrupted = true;
  }

  /** Checks the first page, and that this is the segment that comes next. */
  #open(segment: SegmentBytes): boolean {
    if (this.#stop !== undefined) return false;
    this.#fileName = segment.fileName;
    this.#bytes = segment.bytes;
    this.#offset = 0;
    this.#high = lsnHigh(segment.startLsn);
    this.#low = lsnLow(segment.startLsn);
    const { validBelow } = segment;
    this.#limitLow =
      validBelow === undefined ? Number.POSITIVE_INFINITY : this.#low + Number(validBelow - segment.startLsn);
    this.#scan.clear();
    const problem = this.#pages.openSegment(segment);
    if (problem !== undefined) return this.#failAt(this.#high, this.#low, problem);
    this.#segmentsOpened += 1;
    return true;
  }

  /** Goes on to the next page, record or records of a page. False if there is nothing more in this segment. */
  #step(visitor: RecordVisitor): boolean {
    const offset = this.#offset;
    const { pageSizeBytes } = this.#pages;
    if (offset >= this.#bytes.length || this.#low + offset >= this.#limitLow) return false;
    const inPage = offset % pageSizeBytes;
    return inPage === 0 ? this.#enterPage(offset, visitor) : this.#enterRecord(offset, pageSizeBytes - inPage, visitor);
  }

  /** Checks a page's header, and takes or skips the rest of a record that it begins with. */
  #enterPage(pageOffset: number, visitor: RecordVisitor): boolean {
    const bytes = this.#bytes;
    const info = bytes.readUInt16LE(pageOffset + 2);
    const problem = this.#pages.enterPage(pageOffset, info);
    if (problem !== undefined) return this.#failAt(this.#high, this.#low + pageOffset, problem);
    const begin = pageOffset + pageHeaderBytes(pageOffset);
    const end = pageOffset + this.#pages.pageSizeBytes;
    const restBytes = PageContinuation.restBytes(bytes, pageOffset, info);
    const isFirstSegment = this.#segmentsOpened === 1;
    const where = { isFirstSegment, isFirstPage: isFirstSegment && pageOffset === 0 };
    const { partial } = this.#continuation;
    if (partial.isOpen && (info & FIRST_IS_OVERWRITE_CONTRECORD) !== 0) {
      const wrong = overwriteProblem(bytes, begin, partial.high, partial.low);
      if (wrong !== undefined) return this.#failAt(this.#high, this.#low + pageOffset, damaged(wrong));
    }
    if (restBytes < 0 || !this.#continuation.enterPage({ bytes, begin, end, info }, restBytes, where)) {
      const reason = 'its page does not go on with the record that the page before began';
      return this.#failAt(this.#high, this.#low + pageOffset, damaged(reason));
    }
    this.#offset = begin + Math.min(aligned(restBytes), end - begin);
    if (!partial.isOpen || partial.missingBytes > 0) return true;
    const { bytes: record, totalBytes, high, low } = partial;
    partial.drop();
    const wrong = this.#problemOf(record, 0, totalBytes, high, low);
    if (wrong !== undefined) return this.#failAt(high, low, damaged(wrong));
    return this.#show(record, 0, totalBytes, high, low, visitor);
  }

  #enterRecord(start: number, roomBytes: number, visitor: RecordVisitor): boolean {
    if (this.#scanFrom(start, start + roomBytes)) return this.#showFound(visitor);
    const bytes = this.#bytes;
    const totalBytes = bytes.readUInt32LE(start);
    if (totalBytes < RECORD_HEADER_BYTES || totalBytes > LONGEST_RECORD_BYTES)
      return this.#failLength(start, totalBytes);
    const low = this.#low + start;
    if (totalBytes > roomBytes) {
      const { partial } = this.#continuation;
      partial.begin(this.#high, low, totalBytes);
      partial.append(bytes, start, start + roomBytes);
      this.#offset = start + roomBytes;
      return true;
    }
    const problem = this.#problemOf(bytes, start, start + totalBytes, this.#high, low);
    if (problem !== undefined) return this.#failAt(this.#high, low, damaged(problem));
    this.#offset = start + aligned(totalBytes);
    return this.#show(bytes, start, start + totalBytes, this.#high, low, visitor);
  }

  /** Looks for sound records from `start` to `end` of its page, unless it is known that there is none. */
  #scanFrom(start: number, end: number): boolean {
    const scan = this.#scan;
    if (scan.isAt(start)) return true;
    // The first record of all may be linked to anything before it.
    if (this.#chain.count === 0 || scan.hasStoppedAt(start)) return false;
    scan.scan(this.#bytes, start, end, this.#high, this.#low, this.#chain.high, this.#chain.low);
    return scan.count > 0;
  }

  /** Shows the records that were found, until an interruption or the first that is not to be given. */
  #showFound(visitor: RecordVisitor): boolean {
    const scan = this.#scan;
    this.#isInterrupted = false;
    while (scan.next < scan.count && this.#low + this.#offset < this.#limitLow) {
      const start = scan.starts[scan.next] ?? 0;
      const end = scan.ends[scan.next] ?? 0;
      scan.next += 1;
      this.#offset = aligned(end);
      if (!this.#show(this.#bytes, start, end, this.#high, this.#low + start, visitor)) return false;
      if (this.#isInterrupted) break;
    }
    return true;
  }

  #failLength(offset: number, totalBytes: number): false {
    const problem: PageProblem =
      totalBytes === 0
        ? { kind: 'unwritten', reason: 'zeros where a record should begin' }
        : damaged(`a record that would be ${totalBytes} bytes long`);
    return this.#failAt(this.#high, this.#low + offset, problem);
  }

  /** What is wrong with the whole record in `bytes[start .. end)`, or with its place behind the one before. */
  #problemOf(bytes: Buffer, start: number, end: number, high: number, low: number): string | undefined {
    return this.#chain.isFollowedBy(bytes, start, high, low)
      ? recordProblem(bytes, start, end)
      : 'a record that does not follow the one before';
  }

  /** Shows the sound record in `bytes[start .. end)`. */
  #show(bytes: Buffer, start: number, end: number, high: number, low: number, visitor: RecordVisitor): boolean {
    if (isSegmentSwitch(bytes, start)) this.#offset = this.#bytes.length;
    const nextLow = this.#low + this.#offset;
    const endHigh = nextLow < HALF ? this.#high : this.#high + 1;
    const endLow = nextLow < HALF ? nextLow : nextLow - HALF;
    visitor.record(bytes, start, end, high, low, endHigh, endLow);
    if (this.#rejection !== undefined) return this.#failAt(high, low, damaged(this.#rejection));
    if (this.#chain.count === 0) this.#chain.begin(bytes, start, high, low);
    this.#chain.add(1, high, low, endHigh, endLow);
    return true;
  }

  /** A record that began in the segment before is reported at the start of the one that ends it. */
  #failAt(high: number, low: number, { kind, reason }: PageProblem): false {
    const offsetBytes = high === this.#high ? Math.max(low - this.#low, 0) : 0;
    this.#stop = { kind, fileName: this.#fileName, offsetBytes, lsn: lsnOfHalves(high, low), reason };
    return false;
  }
}

function damaged(reason: string): PageProblem {
  return { kind: 'damaged', reason };
}
