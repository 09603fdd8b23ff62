/**
 * Which transaction numbers are known to be whole transactions', and which subtransactions', before any of them ends: of an
 * abort record alone this cannot be told.
 *
 * Sources of it: assignments (one for each 64 subtransactions of a transaction), the number of the top transaction that
 * `wal_level=logical` adds, and what is listed as running at some position, with the locks held there.
 *
 * @module
 */

import type { LocksHeld, RunningTransactions } from '../../postgres/wal-records/wal-event.ts';

/** Remembers them while they are open. */
export class Families {
  readonly #topOf = new Map<number, number>();
  readonly #childrenOf = new Map<number, Set<number>>();
  readonly #tops = new Set<number>();
  /** Subtransactions of which not even the top is known. */
  readonly #strays = new Set<number>();

  /** A subtransaction of a transaction. */
  assign(topXid: number, subxid: number): void {
    if (topXid === subxid) return;
    this.#topOf.set(subxid, topXid);
    const children = this.#childrenOf.get(topXid) ?? new Set<number>();
    this.#childrenOf.set(topXid, children.add(subxid));
  }

  /** A lock is logged with the number of the subtransaction that takes it, and later, by the server itself, of the top one. */
  takeLocks({ xid: writer, locks }: LocksHeld): void {
    if (writer !== 0) return;
    for (const { xid } of locks) if (xid !== 0) this.#tops.add(xid);
  }

  takeRunning({ xids, subxids }: RunningTransactions): void {
    for (const xid of xids) this.#tops.add(xid);
    for (const xid of subxids) this.#strays.add(xid);
  }

  isTop(xid: number): boolean {
    return this.#tops.has(xid) || this.#childrenOf.has(xid);
  }

  isSub(xid: number): boolean {
    return this.#topOf.has(xid) || this.#strays.has(xid);
  }

  /** A family ended: a whole transaction, or a subtransaction with its children. */
  forget(xids: readonly number[]): void {
    for (const xid of xids) {
      this.#tops.delete(xid);
      this.#strays.delete(xid);
      const topXid = this.#topOf.get(xid);
      this.#topOf.delete(xid);
      // That the top has had children stays known.
      if (topXid !== undefined) this.#childrenOf.get(topXid)?.delete(xid);
      for (const child of this.#childrenOf.get(xid) ?? []) this.#topOf.delete(child);
      this.#childrenOf.delete(xid);
    }
  }

  /** Forgets all that `isGone` tells. */
  forgetWhere(isGone: (xid: number) => boolean): void {
    const known = new Set([...this.#tops, ...this.#strays, ...this.#topOf.keys(), ...this.#childrenOf.keys()]);
    this.forget([...known].filter(isGone));
  }
}
