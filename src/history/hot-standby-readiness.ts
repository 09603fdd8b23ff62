/**
 * When a replaying server can answer queries: at the first snapshot of running transactions that is whole.
 *
 * A snapshot with a transaction of more than 64 subtransactions is not. Then it is when a later one is, or when all that
 * ran at the first have ended. Without it a pause at the target is no pause: the server opens.
 *
 * Source: `src/backend/storage/ipc/procarray.c` (`ProcArrayApplyRecoveryInfo`).
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { WalEvent } from '../postgres/wal-records/wal-event.ts';

/** Follows the snapshots in a range of WAL. */
export class HotStandbyReadiness {
  readyFromLsn: Lsn | undefined;
  lastOverflowLsn: Lsn | undefined;
  /** The next transaction when the first incomplete snapshot was written. */
  #pendingNextXid: number | undefined;

  take(event: WalEvent): void {
    if (event.kind === 'checkpoint' && event.isShutdown) this.readyFromLsn ??= event.lsn;
    if (event.kind !== 'runningXacts') return;
    if (event.hasOverflowed) {
      this.lastOverflowLsn = event.lsn;
      this.#pendingNextXid ??= event.nextXid;
    }
    const pending = this.#pendingNextXid;
    const allHaveEnded = pending !== undefined && !precedes(event.oldestRunningXid, pending);
    if (!event.hasOverflowed || allHaveEnded) this.readyFromLsn ??= event.lsn;
  }
}

/** Transaction numbers are compared in a circle of 2^32. */
function precedes(left: number, right: number): boolean {
  return ((left - right) | 0) < 0;
}
