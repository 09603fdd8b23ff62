/**
 * The events of one segment in LSN order. Ends of transactions that say nothing but how they ended, which are nearly all
 * events of a busy server, are numbers in a growing table; the others are objects.
 *
 * @module
 */

import { lsnOfHalves } from '../postgres/lsn.ts';
import { NO_EFFECTS, type TransactionEnded } from '../postgres/wal-records/wal-event.ts';
import type { IndexEvent } from './segment-index.ts';

const FIRST_ROWS = 256;
const MEMBERS = 8;
const COMMIT = 0;
const NO_SUBXIDS: readonly never[] = [];

/** One end of a transaction; the same object again for each that is asked for. */
export class PlainEnd {
  isCommit = false;
  xid = 0;
  lsnHigh = 0;
  lsnLow = 0;
  endHigh = 0;
  endLow = 0;
  timeline = 0;
  /** Microseconds since the Unix epoch: exact. */
  timeUs = 0;

  toEvent(): TransactionEnded {
    return {
      kind: this.isCommit ? 'commit' : 'abort',
      xid: this.xid,
      timeUs: BigInt(this.timeUs),
      lsn: lsnOfHalves(this.lsnHigh, this.lsnLow),
      endLsn: lsnOfHalves(this.endHigh, this.endLow),
      timeline: this.timeline,
      subxids: NO_SUBXIDS,
      gid: undefined,
      ...NO_EFFECTS,
    };
  }
}

/** Columns of ends in an index that can be written where the ends are. */
export type EndColumnName = 'endKinds' | 'endPositions' | 'endXids' | 'endLengths' | 'endTimelines' | 'endTimes';

/** Ends of transactions that say nothing but how they ended, in order. */
export interface PlainEnds {
  /** The bytes of a column, of ends that have another before them, if there are any; good until the next is asked for. */
  column?(name: EndColumnName, from: number, to: number): Uint8Array | undefined;
  readonly count: number;
  push(end: PlainEnd): void;
  /** Makes `end` the one of that number. */
  read(number: number, end: PlainEnd): void;
}

/** Ends in a growing table. */
class EndTable implements PlainEnds {
  #rows = new Float64Array(FIRST_ROWS * MEMBERS);
  count = 0;

  push(end: PlainEnd): void {
    const at = this.count * MEMBERS;
    if (at === this.#rows.length) {
      const larger = new Float64Array(2 * at);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    const row = this.#rows;
    row[at] = end.isCommit ? COMMIT : 1;
    row[at + 1] = end.xid;
    row[at + 2] = end.lsnHigh;
    row[at + 3] = end.lsnLow;
    row[at + 4] = end.endHigh;
    row[at + 5] = end.endLow;
    row[at + 6] = end.timeline;
    row[at + 7] = end.timeUs;
    this.count += 1;
  }

  read(number: number, end: PlainEnd): void {
    const at = number * MEMBERS;
    const rows = this.#rows;
    end.isCommit = rows[at] === COMMIT;
    end.xid = rows[at + 1] ?? 0;
    end.lsnHigh = rows[at + 2] ?? 0;
    end.lsnLow = rows[at + 3] ?? 0;
    end.endHigh = rows[at + 4] ?? 0;
    end.endLow = rows[at + 5] ?? 0;
    end.timeline = rows[at + 6] ?? 0;
    end.timeUs = rows[at + 7] ?? 0;
  }
}

/** Events, as they come. */
export class EventColumns {
  readonly ends: PlainEnds;
  readonly #others: IndexEvent[] = [];
  /** For each of the others, how many ends came before it. */
  readonly #endsBefore: number[] = [];

  constructor(ends: PlainEnds = new EndTable()) {
    this.ends = ends;
  }

  get count(): number {
    return this.ends.count + this.#others.length;
  }

  push(event: IndexEvent): void {
    this.#others.push(event);
    this.#endsBefore.push(this.ends.count);
  }

  /** An end without effects. */
  pushEnd(end: PlainEnd): void {
    this.ends.push(end);
  }

  /** Shows all in order, ends in runs: from a number, up to another. */
  visitRuns(onEnds: (from: number, to: number) => void, onOther: (event: IndexEvent) => void): void {
    let shown = 0;
    for (const [index, event] of this.#others.entries()) {
      const before = this.#endsBefore[index] ?? 0;
      if (before > shown) onEnds(shown, before);
      shown = before;
      onOther(event);
    }
    if (this.ends.count > shown) onEnds(shown, this.ends.count);
  }

  /** Shows all in order. The plain end that is shown is good until the next. */
  visit(onEnd: (end: PlainEnd) => void, onOther: (event: IndexEvent) => void): void {
    const end = new PlainEnd();
    const { ends } = this;
    this.visitRuns((from, to) => {
      for (let number = from; number < to; number += 1) {
        ends.read(number, end);
        onEnd(end);
      }
    }, onOther);
  }

  /** As objects. */
  toEvents(): IndexEvent[] {
    const events: IndexEvent[] = [];
    this.visit(
      (end) => events.push(end.toEvent()),
      (event) => events.push(event),
    );
    return events;
  }
}
