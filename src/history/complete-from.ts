/**
 * From where WAL has to be read so that whatever ended behind a place was read from its beginning.
 *
 * The server writes now and then which transactions run. All that end later have numbers from the oldest of them on; and at
 * the last such record whose next number is not above that one, none of them had begun.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import { isCommit, isTransactionEnd, type WalEvent } from '../postgres/wal-records/wal-event.ts';
import { xidPrecedes } from './transactions/xid-order.ts';

/** A position, and a transaction number that had not been assigned there. */
interface CompleteFrom {
  readonly lsn: Lsn;
  readonly nextXid: number;
}

/** Finds it for the last commit and for what follows. Give it every event up to the place, in LSN order. */
export class CompletePlaces {
  /** Ascending; those that later ones make needless are left out. */
  #places: CompleteFrom[] = [];
  #oldestXid: number | undefined;
  #lastCommitXid: number | undefined;

  take(event: WalEvent): void {
    if (event.kind === 'runningXacts') {
      this.#oldestXid = event.oldestRunningXid;
      this.#forgetNeedless();
      this.#places.push({ lsn: event.lsn, nextXid: event.nextXid });
    } else if (isTransactionEnd(event) && isCommit(event)) {
      this.#lastCommitXid = earliest([event.xid, ...event.subxids]);
    }
  }

  /** `undefined`: from the beginning of all that is there. */
  get last(): CompleteFrom | undefined {
    return this.#places.findLast(({ nextXid }) => this.#isBeforeAll(nextXid));
  }

  #isBeforeAll(nextXid: number): boolean {
    return [this.#oldestXid, this.#lastCommitXid].every((xid) => xid === undefined || !xidPrecedes(xid, nextXid));
  }

  #forgetNeedless(): void {
    const { last } = this;
    if (last !== undefined) this.#places = this.#places.slice(this.#places.indexOf(last));
  }
}

function earliest(xids: readonly number[]): number | undefined {
  return xids.reduce<number | undefined>(
    (least, xid) => (least === undefined || xidPrecedes(xid, least) ? xid : least),
    undefined,
  );
}
