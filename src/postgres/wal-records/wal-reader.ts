/**
 * Reads a line of WAL, segment after segment, and gives its records: pages checked, records put together over page and
 * segment borders, every CRC verified, each record's link to the one before followed.
 *
 * Begins anywhere: a first page that continues a record from before is skipped to the first whole one
 * ({@link WalReader.head}). Stops at the first thing that cannot be right ({@link WalReader.stop}); what was given before
 * is valid. A record that the last segment cuts is not given ({@link WalReader.tail}). Refuses by name WAL of an unknown
 * major.
 *
 * Source: `src/backend/access/transam/xlogreader.c`.
 *
 * @module
 */

import { lsnOfHalves, type Lsn } from '../lsn.ts';
import { timelineAt } from '../timeline-history.ts';
import type { PostgresVersion } from '../versions.ts';
import { damaged, PageCheck, type ExpectedSegments, type PageProblem, type SegmentBytes } from './page-check.ts';
import { overwriteProblem } from './overwritten-record.ts';
import { PageContinuation, type SegmentHead } from './page-continuation.ts';
import { FIRST_IS_OVERWRITE_CONTRECORD, pageHeaderBytes } from './page-header.ts';
import { PageScan } from './page-scan.ts';
import { RecordChain } from './record-chain.ts';
import { recordProblem } from './record-check.ts';
import type { FoundRecordsTaker, RecordVisitor } from './record-visitor.ts';
import { SegmentCursor } from './segment-cursor.ts';
import { WalRecordSelector, type WantedRecords } from './wal-record-selector.ts';
import { isSegmentSwitch, LONGEST_RECORD_BYTES, RECORD_HEADER_BYTES, type WalRecord } from './wal-record.ts';
import type { WalStop } from './wal-stop.ts';

export type { SegmentBytes } from './page-check.ts';

/** What a reader is given. `wanted` and `alsoFirstAt` are for {@link WalReader.read}; nothing is wanted by itself. */
export interface WalReaderOptions extends ExpectedSegments, Partial<WantedRecords> {}

const NO_RECORDS: ReadonlySet<number> = new Set();

function aligned(lengthBytes: number): number {
  return lengthBytes + (-lengthBytes & 7);
}

/** Reads segments in order; each begins where the one before ended. */
export class WalReader {
  readonly #pages: PageCheck;
  readonly #continuation = new PageContinuation();
  readonly #ownScan = new PageScan();
  #scan = this.#ownScan;
  readonly #chain = new RecordChain();
  readonly #selector: WalRecordSelector;
  #stop: WalStop | undefined;
  readonly #at = new SegmentCursor();
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

  /** The record that the last segment began, or went on with, and did not end. */
  get tail(): PageContinuation['tail'] {
    return this.#continuation.tail;
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
    const taker = segment.validBelow === undefined ? visitor.taker : undefined;
    if (!this.#open(segment, taker)) return;
    while (this.#step(visitor, taker));
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
  #open(segment: SegmentBytes, taker?: FoundRecordsTaker): boolean {
    if (this.#stop !== undefined) return false;
    this.#at.open(segment);
    this.#scan = taker?.scan ?? this.#ownScan;
    this.#scan.clear();
    const problem = this.#pages.openSegment(segment);
    if (problem !== undefined) return this.#failAt(0, problem);
    this.#segmentsOpened += 1;
    return true;
  }

  /** Goes on to the next page, record or records of a page. False if there is nothing more in this segment. */
  #step(visitor: RecordVisitor, taker?: FoundRecordsTaker): boolean {
    if (this.#at.isDone) return false;
    const { offset } = this.#at;
    const { pageSizeBytes } = this.#pages;
    const inPage = offset % pageSizeBytes;
    if (inPage === 0) return this.#enterPage(offset, visitor);
    if (this.#scanFrom(offset, offset + pageSizeBytes - inPage)) return this.#showFound(visitor, taker);
    return this.#enterRecord(offset, pageSizeBytes - inPage, visitor);
  }

  /** Checks a page's header, and takes or skips the rest of a record that it begins with. */
  #enterPage(pageOffset: number, visitor: RecordVisitor): boolean {
    const { bytes } = this.#at;
    const info = bytes.readUInt16LE(pageOffset + 2);
    const problem = this.#pages.enterPage(pageOffset, info);
    if (problem !== undefined) return this.#failAt(pageOffset, problem);
    const begin = pageOffset + pageHeaderBytes(pageOffset);
    const end = pageOffset + this.#pages.pageSizeBytes;
    const restBytes = PageContinuation.restBytes(bytes, pageOffset, info);
    const isFirstSegment = this.#segmentsOpened === 1;
    const where = { isFirstSegment, isFirstPage: isFirstSegment && pageOffset === 0 };
    const { partial } = this.#continuation;
    if (partial.isOpen && (info & FIRST_IS_OVERWRITE_CONTRECORD) !== 0) {
      const wrong = overwriteProblem(bytes, begin, partial.high, partial.low);
      if (wrong !== undefined) return this.#failAt(pageOffset, damaged(wrong));
    }
    if (restBytes < 0 || !this.#continuation.enterPage({ bytes, begin, end, info }, restBytes, where)) {
      const reason = 'its page does not go on with the record that the page before began';
      return this.#failAt(pageOffset, damaged(reason));
    }
    this.#at.offset = begin + Math.min(aligned(restBytes), end - begin);
    if (!partial.isOpen || partial.missingBytes > 0) return true;
    const { bytes: record, totalBytes, high, low } = partial;
    partial.drop();
    const wrong = this.#problemOf(record, 0, totalBytes, high, low);
    if (wrong !== undefined) return this.#failAtLsn(high, low, damaged(wrong));
    return this.#show(record, 0, totalBytes, high, low, visitor);
  }

  #enterRecord(start: number, roomBytes: number, visitor: RecordVisitor): boolean {
    const at = this.#at;
    const { bytes, high } = at;
    const totalBytes = bytes.readUInt32LE(start);
    if (totalBytes < RECORD_HEADER_BYTES || totalBytes > LONGEST_RECORD_BYTES)
      return this.#failLength(start, totalBytes);
    const low = at.low + start;
    if (totalBytes > roomBytes) {
      const { partial } = this.#continuation;
      partial.begin(high, low, totalBytes);
      partial.append(bytes, start, start + roomBytes);
      at.offset = start + roomBytes;
      return true;
    }
    const problem = this.#problemOf(bytes, start, start + totalBytes, high, low);
    if (problem !== undefined) return this.#failAt(start, damaged(problem));
    at.offset = start + aligned(totalBytes);
    return this.#show(bytes, start, start + totalBytes, high, low, visitor);
  }

  /** Looks for sound records from `start` to `end` of its page, unless it is known that there is none. */
  #scanFrom(start: number, end: number): boolean {
    const scan = this.#scan;
    if (scan.isAt(start)) return true;
    // The first record of all may be linked to anything before it.
    if (this.#chain.count === 0 || scan.hasStoppedAt(start)) return false;
    const { bytes, high, low } = this.#at;
    scan.scan(bytes, start, end, high, low, this.#chain.high, this.#chain.low);
    return scan.count > 0;
  }

  /** Shows the records that were found, until an interruption or the first that is not to be given. */
  #showFound(visitor: RecordVisitor, taker?: FoundRecordsTaker): boolean {
    const scan = this.#scan;
    const at = this.#at;
    this.#isInterrupted = false;
    while (scan.next < scan.count && !at.isDone) {
      if (taker !== undefined && this.#giveFound(taker)) continue;
      const start = scan.startOf(scan.next);
      const end = scan.endOf(scan.next);
      scan.next += 1;
      at.offset = aligned(end);
      if (!this.#show(at.bytes, start, end, at.high, at.low + start, visitor)) return false;
      if (this.#isInterrupted) break;
    }
    return true;
  }

  /** Has as many as can be taken of the records that were found, from the next one on. False if that one cannot be. */
  #giveFound(taker: FoundRecordsTaker): boolean {
    const scan = this.#scan;
    const at = this.#at;
    const count = taker.take(at.high);
    if (count === 0) return false;
    scan.next += count;
    at.offset = aligned(scan.endOf(scan.next - 1));
    this.#chain.add(count, at.high, at.low + scan.startOf(scan.next - 1), at.nextHigh, at.nextLow);
    return true;
  }

  #failLength(offset: number, totalBytes: number): false {
    const problem: PageProblem =
      totalBytes === 0
        ? { kind: 'unwritten', reason: 'zeros where a record should begin' }
        : damaged(`a record that would be ${totalBytes} bytes long`);
    return this.#failAt(offset, problem);
  }

  /** What is wrong with the whole record in `bytes[start .. end)`, or with its place behind the one before. */
  #problemOf(bytes: Buffer, start: number, end: number, high: number, low: number): string | undefined {
    return this.#chain.isFollowedBy(bytes, start, high, low)
      ? recordProblem(bytes, start, end)
      : 'a record that does not follow the one before';
  }

  /** Shows the sound record in `bytes[start .. end)`. */
  #show(bytes: Buffer, start: number, end: number, high: number, low: number, visitor: RecordVisitor): boolean {
    const at = this.#at;
    if (isSegmentSwitch(bytes, start)) at.finish();
    const { nextHigh: endHigh, nextLow: endLow } = at;
    visitor.record(bytes, start, end, high, low, endHigh, endLow);
    if (this.#rejection !== undefined) return this.#failAtLsn(high, low, damaged(this.#rejection));
    if (this.#chain.count === 0) this.#chain.begin(bytes, start, high, low);
    this.#chain.add(1, high, low, endHigh, endLow);
    return true;
  }

  #failAt(offset: number, problem: PageProblem): false {
    return this.#failAtLsn(this.#at.high, this.#at.low + offset, problem);
  }

  #failAtLsn(high: number, low: number, problem: PageProblem): false {
    this.#stop = this.#at.stopAt(high, low, problem);
    return false;
  }
}
