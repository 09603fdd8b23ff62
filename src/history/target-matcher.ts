/**
 * The server's own rule for where a target stops, asked of each record in LSN order.
 *
 * A time stops at the first record over it, not at the last commit within it: commit times are not strictly ordered, and
 * what comes later with an earlier time is lost. Rollbacks stop a time or a transaction too. PREPARE never does.
 *
 * Source: `src/backend/access/transam/xlogrecovery.c` (`recoveryStopsBefore`, `recoveryStopsAfter`).
 *
 * @module
 */

import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { isTransactionEnd, type WalEvent } from '../postgres/wal-records/wal-event.ts';

/** On which side of the record recovery stops; `undefined` if it goes on. */
export type StopSide = 'before' | 'after' | undefined;

/** The rule of a target. `latest` stops nowhere. */
export function stopSideOf(target: RecoveryTarget): (event: WalEvent) => StopSide {
  switch (target.kind) {
    case 'time': {
      const firstOverUs = target.inclusive ? target.timeUs + 1n : target.timeUs;
      return (event) => (isTransactionEnd(event) && event.timeUs >= firstOverUs ? 'before' : undefined);
    }
    case 'xid': {
      const side = target.inclusive ? 'after' : 'before';
      return (event) => (isTransactionEnd(event) && event.xid === target.xid ? side : undefined);
    }
    case 'transaction':
      return sideOfTransaction(target.xid, target.side);
    case 'lsn': {
      const side = target.inclusive ? 'after' : 'before';
      return (event) => (event.lsn >= target.lsn ? side : undefined);
    }
    case 'name':
      return (event) => (event.kind === 'restorePoint' && event.name === target.name ? 'after' : undefined);
    case 'latest':
      return () => undefined;
  }
}

/** The end of the whole transaction; one around it that is known by then is waited for past the end of a part. */
function sideOfTransaction(xid: number, side: 'before' | 'after'): (event: WalEvent) => StopSide {
  let topXid = xid;
  return (event) => {
    if (event.kind === 'assignment' && event.subxids.includes(xid)) topXid = event.topXid;
    if (!isTransactionEnd(event)) return undefined;
    return event.xid === topXid || event.subxids.includes(xid) ? side : undefined;
  };
}
