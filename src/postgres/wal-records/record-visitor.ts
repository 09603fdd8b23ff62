/**
 * How a whole, verified record is handed on without copying it or making an object of it.
 *
 * @module
 */

import type { PageScan } from './page-scan.ts';

/** Takes sound records where a scan has found them, without being shown each. */
export interface FoundRecordsTaker {
  /** The scan that finds them. */
  readonly scan: PageScan;
  /**
   * Takes records of the scan, from its next one on.
   *
   * @param high half of the LSN of all of them.
   * @returns how many it took. The one behind these is shown by itself.
   */
  take(high: number): number;
}

/** Takes records in LSN order. */
export interface RecordVisitor {
  /** Where all records of a segment are given, this takes those that it can. */
  readonly taker?: FoundRecordsTaker;
  /**
   * A record whose CRC, length and link to the one before are right. `bytes[start .. end)` is all of it, header included;
   * the bytes are valid during the call only.
   *
   * @param lsnHigh and `lsnLow`: halves of the record's first byte's LSN, as `bigint` would cost more than the record.
   * @param nextHigh and `nextLow`: halves of the first byte behind it, aligned to 8 (behind a switch: the next segment).
   */
  record(
    bytes: Buffer,
    start: number,
    end: number,
    lsnHigh: number,
    lsnLow: number,
    nextHigh: number,
    nextLow: number,
  ): void;
}
