/**
 * The records of a line that were shown so far, each linked to the one before: how many, the first, and where the last
 * began and ended.
 *
 * LSNs are kept as their two 32-bit halves, since `bigint` would cost more than the record's CRC.
 *
 * @module
 */

import { lsnOfHalves, type Lsn } from '../lsn.ts';
import { recordPreviousHigh, recordPreviousLow } from './wal-record.ts';

/** Ends with the record that was added last. */
export class RecordChain {
  count = 0;
  /** Halves of where the last record began; 0 before the first. */
  high = 0;
  low = 0;
  #endHigh = 0;
  #endLow = 0;
  #first: { readonly lsn: Lsn; readonly previousLsn: Lsn } | undefined;

  /** The first record and its link to the one before, which is not checked; `undefined` before the first. */
  get first(): { readonly lsn: Lsn; readonly previousLsn: Lsn } | undefined {
    return this.#first;
  }

  /** Where the last record began and ended; `undefined` before the first. */
  get last(): { readonly lsn: Lsn; readonly endLsn: Lsn } | undefined {
    if (this.count === 0) return undefined;
    return { lsn: lsnOfHalves(this.high, this.low), endLsn: lsnOfHalves(this.#endHigh, this.#endLow) };
  }

  /** True if the record at `start` of `bytes`, whose LSN has these halves, is linked to the last one; the first to an earlier. */
  isFollowedBy(bytes: Buffer, start: number, high: number, low: number): boolean {
    const previousLow = recordPreviousLow(bytes, start);
    const previousHigh = recordPreviousHigh(bytes, start);
    return this.count > 0
      ? previousLow === this.low && previousHigh === this.high
      : previousHigh < high || (previousHigh === high && previousLow < low);
  }

  /** Notes that the first record was shown, which is that at `start` of `bytes`. */
  begin(bytes: Buffer, start: number, high: number, low: number): void {
    const previousLsn = lsnOfHalves(recordPreviousHigh(bytes, start), recordPreviousLow(bytes, start));
    this.#first = { lsn: lsnOfHalves(high, low), previousLsn };
  }

  /** Adds `count` records, of which the last began and ended there. */
  add(count: number, high: number, low: number, endHigh: number, endLow: number): void {
    this.count += count;
    this.high = high;
    this.low = low;
    this.#endHigh = endHigh;
    this.#endLow = endLow;
  }
}
