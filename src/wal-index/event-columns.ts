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

/** Events, as they come. */
export class EventColumns {
  #ends = new Float64Array(FIRST_ROWS * MEMBERS);
  #endCount = 0;
  readonly #others: IndexEvent[] = [];
  /** For each of the others, how many ends came before it. */
  readonly #endsBefore: number[] = [];

  get count(): number {
    return this.#endCount + this.#others.length;
  }

  push(event: IndexEvent): void {
    this.#others.push(event);
    this.#endsBefore.push(this.#endCount);
  }

  /** An end without effects. */
  pushEnd(end: PlainEnd): void {
    const at = this.#endCount * MEMBERS;
    if (at === this.#ends.length) {
      const larger = new Float64Array(2 * at);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    const row = this.#ends;
    row[at] = end.isCommit ? COMMIT : 1;
    row[at + 1] = end.xid;
    row[at + 2] = end.lsnHigh;
    row[at + 3] = end.lsnLow;
    row[at + 4] = end.endHigh;
    row[at + 5] = end.endLow;
    row[at + 6] = end.timeline;
    row[at + 7] = end.timeUs;
    this.#endCount += 1;
  }

  /** Shows all in order. The plain end that is shown is good until the next. */
  visit(onEnd: (end: PlainEnd) => void, onOther: (event: IndexEvent) => void): void {
    const end = new PlainEnd();
    let shown = 0;
    for (const [index, event] of this.#others.entries()) {
      for (const before = this.#endsBefore[index] ?? 0; shown < before; shown += 1) onEnd(this.#endAt(shown, end));
      onOther(event);
    }
    for (; shown < this.#endCount; shown += 1) onEnd(this.#endAt(shown, end));
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

  #endAt(row: number, end: PlainEnd): PlainEnd {
    const at = row * MEMBERS;
    const ends = this.#ends;
    end.isCommit = ends[at] === COMMIT;
    end.xid = ends[at + 1] ?? 0;
    end.lsnHigh = ends[at + 2] ?? 0;
    end.lsnLow = ends[at + 3] ?? 0;
    end.endHigh = ends[at + 4] ?? 0;
    end.endLow = ends[at + 5] ?? 0;
    end.timeline = ends[at + 6] ?? 0;
    end.timeUs = ends[at + 7] ?? 0;
    return end;
  }
}
