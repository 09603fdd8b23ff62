/**
 * Follows names alone through the events of indexes, in order: no rows are counted, and no transaction is put together.
 *
 * Whose changes count, and when a crash has taken them back, is decided as in the assembler of transactions.
 *
 * @module
 */

import { isCommit, isTransactionEnd, type TransactionEnded } from '../../postgres/wal-records/wal-event.ts';
import type { IndexEvent } from '../../wal-index/segment-index.ts';
import type { CatalogFollower } from '../names/catalog-follower.ts';
import { PreparedTransactions } from './prepared.ts';
import { xidPrecedes } from './xid-order.ts';

/** Is given one event after the other. */
export class NameEvents {
  readonly #follower: CatalogFollower;
  readonly #prepared = new PreparedTransactions();

  constructor(follower: CatalogFollower) {
    this.#follower = follower;
  }

  take(event: IndexEvent): void {
    const follower = this.#follower;
    switch (event.kind) {
      case 'catalogRows':
      case 'catalogUpdate':
      case 'catalogDelete':
        follower.follow(event);
        break;
      case 'relationMap':
        follower.followRelationMap(event);
        break;
      case 'databaseCreate':
        follower.followDatabase(event);
        break;
      case 'prepare':
        this.#prepared.add(event);
        follower.learn([event.xid, ...event.subxids], event.lsn);
        break;
      case 'checkpoint':
        if (event.isShutdown) this.#forgetDead(event, () => true);
        break;
      case 'endOfRecovery':
        this.#forgetDead(event, () => true);
        break;
      case 'runningXacts':
        this.#forgetDead(event, (xid) => xidPrecedes(xid, event.oldestRunningXid));
        break;
      default:
        if (isTransactionEnd(event)) this.#end(event);
    }
  }

  #forgetDead({ lsn }: IndexEvent, isOver: (xid: number) => boolean): void {
    const follower = this.#follower;
    if (!follower.hasPending) return;
    const dead = follower.pendingXids.filter((xid) => isOver(xid) && !this.#prepared.holds(xid));
    if (dead.length > 0) follower.forget(dead, lsn);
  }

  #end(event: TransactionEnded): void {
    const follower = this.#follower;
    const { lsn, invalidatedOids } = event;
    if (event.kind === 'commitPrepared' || event.kind === 'abortPrepared') this.#prepared.take(event.xid);
    if (!follower.hasPending) return;
    const xids = [event.xid, ...event.subxids];
    if (isCommit(event)) follower.commit({ xids, lsn, invalidatedOids });
    else follower.forget(xids, lsn);
  }
}
