/**
 * In which minute each transaction of a segment ended.
 *
 * @module
 */

/** Numbers of transactions that are spread over no more than so many times their count are looked up in a table. */
const TABLE_TIMES = 8;
const LEAST_TABLE = 1024;
/** Minutes are whole numbers, which these are not: nothing is known of the transaction; it was rolled back. */
const NOT_KNOWN = Number.NaN;
const ROLLED_BACK = Number.POSITIVE_INFINITY;
const FIRST_CAPACITY = 256;

/** Ends of transactions, as they come; the last of one with several counts. */
export class XidMinutes {
  #xids: Uint32Array;
  #minutes: Float64Array;
  #count = 0;
  #lowest = 0xffff_ffff;
  #highest = 0;
  #lastMinute: number | undefined;
  #isOneMinute = true;

  /** @param likelyCount how many ends there will be, as far as that is known. */
  constructor(likelyCount: number) {
    const capacity = Math.max(likelyCount, FIRST_CAPACITY);
    this.#xids = new Uint32Array(capacity);
    this.#minutes = new Float64Array(capacity);
  }

  /** An end. @param minute in which it was, since the Unix epoch. */
  add(xid: number, minute: number, isCommit: boolean): void {
    if (this.#count > 0) this.#isOneMinute &&= minute === this.#lastMinute;
    this.#isOneMinute &&= isCommit;
    this.#lastMinute = minute;
    this.addChild(xid, minute, isCommit);
  }

  /** A transaction that ended together with another. */
  addChild(xid: number, minute: number, isCommit: boolean): void {
    if (this.#count === this.#xids.length) this.#grow();
    this.#xids[this.#count] = xid;
    this.#minutes[this.#count] = isCommit ? minute : ROLLED_BACK;
    this.#count += 1;
    this.#lowest = Math.min(this.#lowest, xid);
    this.#highest = Math.max(this.#highest, xid);
  }

  /**
   * What gives the minute to which a transaction's rows count: that of its end, or of the last of all ends, if its own is
   * not here; `undefined` for one that was rolled back, or if nothing ended.
   */
  lookup(): (xid: number) => number | undefined {
    const last = this.#lastMinute;
    if (this.#isOneMinute) return () => last;
    const range = this.#highest - this.#lowest + 1;
    const known = range <= LEAST_TABLE + TABLE_TIMES * this.#count ? this.#table(range) : this.#map();
    return (xid) => {
      const minute = known(xid);
      if (Number.isNaN(minute)) return last;
      return minute === ROLLED_BACK ? undefined : minute;
    };
  }

  #table(range: number): (xid: number) => number {
    const lowest = this.#lowest;
    const minutes = new Float64Array(range).fill(NOT_KNOWN);
    for (let at = 0; at < this.#count; at += 1) minutes[(this.#xids[at] ?? 0) - lowest] = this.#minutes[at] ?? 0;
    return (xid) => (xid < lowest ? NOT_KNOWN : (minutes[xid - lowest] ?? NOT_KNOWN));
  }

  #map(): (xid: number) => number {
    const minutes = new Map<number, number>();
    for (let at = 0; at < this.#count; at += 1) minutes.set(this.#xids[at] ?? 0, this.#minutes[at] ?? 0);
    return (xid) => minutes.get(xid) ?? NOT_KNOWN;
  }

  #grow(): void {
    const [xids, minutes] = [new Uint32Array(2 * this.#count), new Float64Array(2 * this.#count)];
    xids.set(this.#xids);
    minutes.set(this.#minutes);
    this.#xids = xids;
    this.#minutes = minutes;
  }
}
