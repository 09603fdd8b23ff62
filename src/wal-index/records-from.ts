/**
 * Hands on the records of a segment from a position on: of a segment that is still being written, those that are new.
 *
 * @module
 */

import { lsnHigh, lsnLow, lsnOfHalves, type Lsn } from '../postgres/lsn.ts';
import type { RecordVisitor } from '../postgres/wal-records/record-visitor.ts';

/** Offset of `xl_prev` in a record's header (`XLogRecord` in `src/include/access/xlogrecord.h`). */
const PREVIOUS_OFFSET = 8;

/** Passes over what is before. */
export class RecordsFrom implements RecordVisitor {
  readonly #visitor: RecordVisitor;
  readonly #high: number;
  readonly #low: number;
  /** The first record that was handed on, and its link to the one before. */
  first: { readonly lsn: Lsn; readonly previousLsn: Lsn } | undefined;
  count = 0;

  constructor(visitor: RecordVisitor, fromLsn: Lsn) {
    this.#visitor = visitor;
    this.#high = lsnHigh(fromLsn);
    this.#low = lsnLow(fromLsn);
  }

  record(...given: Parameters<RecordVisitor['record']>): void {
    const [bytes, start, , high, low] = given;
    if (high < this.#high || (high === this.#high && low < this.#low)) return;
    this.count += 1;
    this.first ??= {
      lsn: lsnOfHalves(high, low),
      previousLsn: lsnOfHalves(
        bytes.readUInt32LE(start + PREVIOUS_OFFSET + 4),
        bytes.readUInt32LE(start + PREVIOUS_OFFSET),
      ),
    };
    this.#visitor.record(...given);
  }
}
