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
