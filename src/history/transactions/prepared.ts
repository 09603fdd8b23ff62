/**
 * Prepared transactions that have not ended. They outlive a stop of the server and a crash.
 *
 * @module
 */

import type { TransactionPrepared } from '../../postgres/wal-records/wal-event.ts';

/** Holds them by transaction. */
export class PreparedTransactions {
  readonly #byXid = new Map<number, TransactionPrepared>();
  /** Each with its committed children. */
  readonly #families = new Map<number, number>();

  add(event: TransactionPrepared): void {
    this.#byXid.set(event.xid, event);
    for (const xid of [event.xid, ...event.subxids]) this.#families.set(xid, event.xid);
  }

  /** Forgets one and gives what was read of it. */
  take(xid: number): TransactionPrepared | undefined {
    const event = this.#byXid.get(xid);
    if (event === undefined) return undefined;
    this.#byXid.delete(xid);
    for (const member of [event.xid, ...event.subxids]) this.#families.delete(member);
    return event;
  }

  /** True for a prepared transaction and for its committed children. */
  holds(xid: number): boolean {
    return this.#families.has(xid);
  }

  /** All that have not ended, in the order in which they were prepared. */
  values(): TransactionPrepared[] {
    return [...this.#byXid.values()];
  }
}
