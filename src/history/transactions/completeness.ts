/**
 * Which transactions may have begun before what is read: of those only a part is counted.
 *
 * Numbers are assigned in order. So a number that had not been assigned at some position behind the first one read
 * has no record before; of all others that is not known, and they are marked.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';
import type { CheckpointWritten, RunningTransactions } from '../../postgres/wal-records/wal-event.ts';
import type { SegmentIndex } from '../../wal-index/segment-index.ts';
import { xidPrecedes } from './xid-order.ts';

/** Finds out. */
export class Completeness {
  /** No record of a number from here on is before what is read. */
  #firstCompleteXid: number | undefined;
  #isFromTheBeginning = false;
  #startLsn: Lsn | undefined;

  /** Looks at where reading begins: nothing is before the first record of a cluster. */
  begin({ first, startLsn }: SegmentIndex): void {
    this.#isFromTheBeginning = first?.previousLsn === 0n;
    this.#startLsn = first?.lsn ?? startLsn;
  }

  /** The first position behind the beginning that tells which number is next. */
  take(event: CheckpointWritten | RunningTransactions): void {
    if (this.#firstCompleteXid !== undefined || this.#startLsn === undefined) return;
    if (event.kind === 'runningXacts') this.#firstCompleteXid = event.nextXid;
    // A checkpoint looks at the number when it begins, and is written when it ends.
    else if (event.isShutdown || event.redoLsn >= this.#startLsn) {
      this.#firstCompleteXid = Number(event.nextXid & 0xffff_ffffn);
    }
  }

  isIncomplete(xid: number): boolean {
    if (this.#isFromTheBeginning) return false;
    return this.#firstCompleteXid === undefined || xidPrecedes(xid, this.#firstCompleteXid);
  }
}
