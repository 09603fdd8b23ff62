/**
 * A place in the segment that is being read.
 *
 * LSNs are kept as their two 32-bit halves, since `bigint` would cost more than a record's CRC. A segment never crosses a
 * 4 GiB border, so its high half is constant.
 *
 * @module
 */

import { lsnHigh, lsnLow, lsnOfHalves } from '../lsn.ts';
import type { PageProblem, SegmentBytes } from './page-check.ts';
import type { WalStop } from './wal-stop.ts';

const HALF = 0x1_0000_0000;

/** Goes forward through one segment after the other. */
export class SegmentCursor {
  fileName = '';
  bytes: Buffer = Buffer.alloc(0);
  /** Where in the segment reading is; behind its end when nothing more is to be read from it. */
  offset = 0;
  /** Halves of the segment's first LSN. */
  high = 0;
  low = 0;
  /** Low half of the first position that is not to be given. */
  #limitLow = Number.POSITIVE_INFINITY;

  /** Goes to the start of a segment. */
  open({ fileName, bytes, startLsn, validBelow }: SegmentBytes): void {
    this.fileName = fileName;
    this.bytes = bytes;
    this.offset = 0;
    this.high = lsnHigh(startLsn);
    this.low = lsnLow(startLsn);
    this.#limitLow = validBelow === undefined ? Number.POSITIVE_INFINITY : this.low + Number(validBelow - startLsn);
  }

  /** True if nothing more is to be given of the segment. */
  get isDone(): boolean {
    return this.offset >= this.bytes.length || this.low + this.offset >= this.#limitLow;
  }

  /** Goes behind the end of the segment. */
  finish(): void {
    this.offset = this.bytes.length;
  }

  /** Halves of the position. */
  get nextHigh(): number {
    return this.low + this.offset < HALF ? this.high : this.high + 1;
  }

  get nextLow(): number {
    const nextLow = this.low + this.offset;
    return nextLow < HALF ? nextLow : nextLow - HALF;
  }

  /** A stop at a position. A record that began in the segment before is reported at the start of the one that ends it. */
  stopAt(high: number, low: number, { kind, reason }: PageProblem): WalStop {
    const offsetBytes = high === this.high ? Math.max(low - this.low, 0) : 0;
    return { kind, fileName: this.fileName, offsetBytes, lsn: lsnOfHalves(high, low), reason };
  }
}
