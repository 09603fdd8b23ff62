/**
 * Plain ends of transactions in the memory of the {@link IndexProgram}.
 *
 * @module
 */

import { timestampTzHalves, timeUsOfHalves } from '../../postgres/wal-records/transaction-records.ts';
import type { EndColumnName, PlainEnd, PlainEnds } from '../event-columns.ts';
import { END, END_BYTES } from './memory-layout.ts';
import type { IndexProgram } from './program.ts';

const WORDS = END_BYTES / 4;
const IS_ABORT = END.isAbort / 4;
const XID = END.xid / 4;
const LOW = END.low / 4;
const END_LOW = END.endLow / 4;
const END_HIGH = END.endHigh / 4;
const TIMELINE = END.timeline / 4;
const TIME_LOW = END.timeLow / 4;
const TIME_HIGH = END.timeHigh / 4;

/** Those of one segment. */
export class FastEnds implements PlainEnds {
  readonly #lsnHigh: number;
  /** `undefined`: it is used for something else. */
  #program: IndexProgram | undefined;
  #rows: Uint32Array;
  #count = 0;

  /** @param segmentHigh the high half of all LSNs of the segment. */
  constructor(program: IndexProgram, segmentHigh: number) {
    const { addresses, rows } = program.tables;
    this.#program = program;
    this.#lsnHigh = segmentHigh;
    this.#rows = program.words.subarray(addresses.ends / 4, addresses.ends / 4 + rows.ends * WORDS);
  }

  get count(): number {
    return this.#program?.get('endCount') ?? this.#count;
  }

  push(end: PlainEnd): void {
    const { high, low } = timestampTzHalves(end.timeUs);
    this.#program?.set('timeline', end.timeline);
    this.#program?.call.addEnd(end.isCommit ? 0 : 1, end.xid, end.lsnLow, end.endHigh, end.endLow, low, high);
  }

  read(number: number, end: PlainEnd): void {
    const rows = this.#rows;
    const at = number * WORDS;
    end.isCommit = rows[at + IS_ABORT] === 0;
    end.xid = rows[at + XID] ?? 0;
    end.lsnHigh = this.#lsnHigh;
    end.lsnLow = rows[at + LOW] ?? 0;
    end.endHigh = rows[at + END_HIGH] ?? 0;
    end.endLow = rows[at + END_LOW] ?? 0;
    end.timeline = rows[at + TIMELINE] ?? 0;
    end.timeUs = timeUsOfHalves((rows[at + TIME_HIGH] ?? 0) | 0, rows[at + TIME_LOW] ?? 0);
  }

  /** The bytes of a column, of ends that have another before them; good until the next is asked for. */
  column(name: EndColumnName, from: number, to: number): Uint8Array | undefined {
    return this.#program?.column(name, from, to);
  }

  /** Copies the ends: their memory is to be used for something else. */
  leave(): void {
    this.#count = this.count;
    this.#rows = this.#rows.slice(0, this.#count * WORDS);
    this.#program = undefined;
  }
}
