/**
 * What a server that replays WAL holds at one place of it: the last commit, prepared transactions, locks.
 *
 * @module
 */

import type { TransactionEnd } from '../postgres/recovery-target.ts';
import { isCommit, isTransactionEnd, type WalEvent } from '../postgres/wal-records/wal-event.ts';
import type { LockAtTarget, PreparedAtTarget } from './found-moment.ts';

/** Follows events; can be copied at any place. */
export class ReplayState {
  lastCommit: TransactionEnd | undefined;
  /** By transaction. */
  readonly prepared: Map<number, PreparedAtTarget>;
  readonly #locks: Map<number, LockAtTarget[]>;

  constructor(from?: ReplayState) {
    this.lastCommit = from?.lastCommit;
    this.prepared = new Map(from?.prepared);
    this.#locks = new Map([...(from === undefined ? [] : from.#locks)].map(([xid, locks]) => [xid, [...locks]]));
  }

  /** The AccessExclusive locks of transactions that have not ended. */
  get locks(): LockAtTarget[] {
    return [...this.#locks.values()].flat();
  }

  take(event: WalEvent): void {
    if (isTransactionEnd(event)) {
      if (isCommit(event)) this.lastCommit = event;
      this.prepared.delete(event.xid);
      this.#locks.delete(event.xid);
    } else if (event.kind === 'prepare') {
      this.prepared.set(event.xid, { xid: event.xid, gid: event.gid, lsn: event.lsn });
    } else if (event.kind === 'locks') {
      for (const lock of event.locks) this.#hold(lock);
    } else if (event.kind === 'checkpoint' && event.isShutdown) {
      // The server had stopped: what ran is gone, and what was prepared is not.
      for (const xid of this.#locks.keys()) if (!this.prepared.has(xid)) this.#locks.delete(xid);
    }
  }

  #hold(lock: LockAtTarget): void {
    const held = this.#locks.get(lock.xid) ?? [];
    const isKnown = held.some(
      ({ databaseOid, relationOid }) => databaseOid === lock.databaseOid && relationOid === lock.relationOid,
    );
    // Each snapshot of running transactions repeats every lock that is still held.
    if (!isKnown) this.#locks.set(lock.xid, [...held, lock]);
  }
}
