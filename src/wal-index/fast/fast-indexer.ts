/**
 * Indexes the records of a segment with the {@link IndexProgram}: it takes all that are of a usual kind, and leaves the
 * others to the reference, which counts in the same tables.
 *
 * @module
 */

import type { CatalogFiles } from '../../postgres/wal-records/catalog-files.ts';
import { DECODED_RESOURCE_MANAGERS } from '../../postgres/wal-records/decode-record.ts';
import { PAGE_START, PageScan } from '../../postgres/wal-records/page-scan.ts';
import type { FoundRecordsTaker, RecordVisitor } from '../../postgres/wal-records/record-visitor.ts';
import { RM_RELMAP } from '../../postgres/wal-records/relmap-records.ts';
import { RM_HEAP, RM_HEAP2 } from '../../postgres/wal-records/row-records.ts';
import { RM_SMGR } from '../../postgres/wal-records/storage-records.ts';
import { LAST_BUILT_IN_RESOURCE_MANAGER, RM_XACT, RM_XLOG } from '../../postgres/wal-records/wal-record.ts';
import type { PostgresVersion } from '../../postgres/versions.ts';
import type { RecordIndexer } from '../build-records.ts';
import { AT, WATCHED_BITS } from './memory-layout.ts';
import type { IndexProgram } from './program.ts';
import { TAKEN } from './take-record.ts';
import { KIND } from './usual-record.ts';

/** What a single record adds to tables is no more than that of 33 block references, of 8 bytes at least. */
const MOST_ADDED_BYTES = 33 * 8;
/** For the reader: why it goes no further, where the tables have no room. Nobody is told. */
const NO_ROOM = 'more than the tables have room for';

/** What is told of the records of a resource manager. */
function kindOf(resourceManager: number): number {
  if (resourceManager === RM_HEAP || resourceManager === RM_HEAP2) return KIND.rows;
  if (resourceManager === RM_XACT) return KIND.end;
  if (resourceManager === RM_XLOG) return KIND.pages;
  const isDecoded = DECODED_RESOURCE_MANAGERS.has(resourceManager);
  if (isDecoded || resourceManager === RM_RELMAP || resourceManager === RM_SMGR) return KIND.reference;
  return resourceManager > LAST_BUILT_IN_RESOURCE_MANAGER ? KIND.reference : KIND.plain;
}

/** What the program works with. */
export interface FastIndexing {
  readonly program: IndexProgram;
  /** Takes what the program leaves, and counts in its tables. */
  readonly reference: RecordIndexer;
  readonly version: PostgresVersion;
  readonly catalogFiles: CatalogFiles;
  /** Ends reading. */
  readonly reject: (reason: string) => void;
}

/** Takes the records of one segment. */
export class FastRecordIndexer implements RecordVisitor {
  readonly taker: FoundRecordsTaker;
  readonly #scan: PageScan;
  readonly #program: IndexProgram;
  readonly #reference: RecordIndexer;
  readonly #catalogFiles: CatalogFiles;
  readonly #reject: (reason: string) => void;
  /** The next record that is shown was looked at, and left. */
  #isLeft = false;
  #watchedCount = -1;

  constructor({ program, reference, version, catalogFiles, reject }: FastIndexing) {
    this.#program = program;
    this.#reference = reference;
    this.#catalogFiles = catalogFiles;
    this.#reject = reject;
    const scan = new PageScan(program.scan);
    this.#scan = scan;
    this.taker = { scan, take: (high) => this.#takeFound(high) };
    program.set('compressedImageBits', version.compressedImageBits);
    for (let one = 0; one < 256; one += 1) program.bytes[AT.kinds + one] = kindOf(one);
    this.#tell();
  }

  /** True if the tables had no room for all: then nothing of them is of use. */
  get isFull(): boolean {
    return this.#program.get('isFull') !== 0;
  }

  record(
    bytes: Buffer,
    start: number,
    end: number,
    lsnHigh: number,
    lsnLow: number,
    nextHigh: number,
    nextLow: number,
  ): void {
    const program = this.#program;
    const { page } = program.scan;
    if (program.call.hasRoom(Math.min(end - start, MOST_ADDED_BYTES)) === 0) {
      program.set('isFull', 1);
      this.#reject(NO_ROOM);
      return;
    }
    if (!this.#isLeft && end - start <= page.length) {
      page.set(bytes.subarray(start, end));
      const pageEnd = PAGE_START + end - start;
      if (program.call.take(PAGE_START, pageEnd, lsnHigh, lsnLow, nextHigh, nextLow) === TAKEN) return;
    }
    this.#isLeft = false;
    this.#reference.parts.hasImage ||= program.get('hasImage') !== 0;
    this.#reference.record(bytes, start, end, lsnHigh, lsnLow, nextHigh, nextLow);
    this.#tell();
  }

  #takeFound(high: number): number {
    const { next, count, base } = this.#scan;
    const left = this.#program.call.takeFound(next, count, base, high);
    this.#isLeft = left < count;
    return left - next;
  }

  /** Tells the program what the reference has learned. */
  #tell(): void {
    const program = this.#program;
    const { parts, timeline, customResourceManagers } = this.#reference;
    program.set('hasImage', parts.hasImage ? 1 : 0);
    program.set('tablePageBytes', parts.tablePageBytes);
    program.set('timeline', timeline);
    // The first record of an extension was told; the others are as those of any that is passed over.
    for (const one of customResourceManagers) program.bytes[AT.kinds + one] = KIND.plain;
    if (this.#watchedCount === this.#catalogFiles.count) return;
    this.#watchedCount = this.#catalogFiles.count;
    for (const filenode of this.#catalogFiles.filenodes) this.#watch(filenode % WATCHED_BITS);
  }

  #watch(bit: number): void {
    const at = AT.watched + (bit >>> 3);
    this.#program.bytes[at] = (this.#program.bytes[at] ?? 0) | (1 << (bit & 7));
  }
}
