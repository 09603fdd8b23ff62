/**
 * Follows transactions through the indexes of segments, in order, and gives each when it ends.
 *
 * - A family (a transaction and its subtransactions) is put together by the list in its commit, abort or prepare record.
 * - A subtransaction that was rolled back is nothing of its own: neither it nor its rows are listed.
 * - A crash leaves no record: whoever ran is dead by the next checkpoint of a stop, end of recovery or list of running
 *   transactions, except those that were prepared.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';
import { timelineAt, type TimelineHistory } from '../../postgres/timeline-history.ts';
import {
  NO_EFFECTS,
  isCommit,
  isTransactionEnd,
  type RunningTransactions,
  type TransactionEnded,
  type TransactionPrepared,
} from '../../postgres/wal-records/wal-event.ts';
import type { IndexEvent, XidWork } from '../../wal-index/segment-index.ts';
import type { CatalogFollower } from '../names/catalog-follower.ts';
import type { RelationNames } from '../names/relation-names.ts';
import type { Completeness } from './completeness.ts';
import { describeTransaction } from './describe-transaction.ts';
import { Families } from './families.ts';
import type { LoggedTransaction } from './logged-transaction.ts';
import { OpenTransactions } from './open-transactions.ts';
import { PreparedTransactions } from './prepared.ts';
import { xidPrecedes } from './xid-order.ts';

/** What it works with. */
export interface AssemblerParts {
  readonly line: TimelineHistory;
  readonly names: RelationNames;
  readonly follower: CatalogFollower;
  readonly completeness: Completeness;
}

/** Is given the work and the events of one stretch of WAL after the other. */
export class TransactionAssembler {
  readonly #parts: AssemblerParts;
  readonly #open = new OpenTransactions();
  readonly #families = new Families();
  readonly #prepared = new PreparedTransactions();

  constructor(parts: AssemblerParts) {
    this.#parts = parts;
  }

  /** How many (sub)transactions are being followed. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Takes the work of a stretch; its events come next. */
  addWork(work: readonly XidWork[]): void {
    for (const one of work) {
      this.#open.add(one);
      if (one.topXid !== undefined) this.#families.assign(one.topXid, one.xid);
    }
  }

  /** Takes the next event; gives the transaction that ended with it. */
  take(event: IndexEvent): LoggedTransaction | undefined {
    const { follower, completeness } = this.#parts;
    switch (event.kind) {
      case 'catalogRows':
      case 'catalogUpdate':
      case 'catalogDelete':
        follower.follow(event);
        return undefined;
      case 'relationMap':
        follower.followRelationMap(event);
        return undefined;
      case 'databaseCreate':
        follower.followDatabase(event);
        if (event.xid !== 0) this.#open.addWhole(event);
        return undefined;
      case 'databaseDrop':
      case 'tablespaceCreate':
      case 'tablespaceDrop':
        if (event.xid !== 0) this.#open.addWhole(event);
        return undefined;
      case 'assignment':
        for (const subxid of event.subxids) this.#families.assign(event.topXid, subxid);
        return undefined;
      case 'locks':
        this.#families.takeLocks(event);
        return undefined;
      case 'prepare':
        this.#prepared.add(event);
        follower.learn([event.xid, ...event.subxids], event.lsn);
        return undefined;
      case 'checkpoint':
        completeness.take(event);
        if (event.isShutdown) this.#forgetDead(event.lsn, () => true);
        return undefined;
      case 'endOfRecovery':
        this.#forgetDead(event.lsn, () => true);
        return undefined;
      case 'runningXacts':
        completeness.take(event);
        this.#takeRunning(event);
        return undefined;
      default:
        return isTransactionEnd(event) ? this.#end(event) : undefined;
    }
  }

  /** Those that were prepared and have not ended where reading ended, in the order in which they were prepared. */
  unended(endLsn: Lsn): LoggedTransaction[] {
    return this.#prepared.values().map((event) => this.#describePrepared(event, endLsn));
  }

  #takeRunning(event: RunningTransactions): void {
    this.#families.takeRunning(event);
    this.#forgetDead(event.lsn, (xid) => xidPrecedes(xid, event.oldestRunningXid));
  }

  #forgetDead(lsn: Lsn, isOver: (xid: number) => boolean): void {
    const isDead = (xid: number): boolean => isOver(xid) && !this.#prepared.holds(xid);
    const dead = this.#open.forgetDead(lsn, isDead);
    if (dead.length > 0) this.#parts.follower.forget(dead, lsn);
    // Numbers of transactions that go on behind `lsn` are newer than all that are over.
    this.#families.forgetWhere((xid) => isDead(xid) && !this.#open.holds(xid));
  }

  #end(event: TransactionEnded): LoggedTransaction | undefined {
    const xids = [event.xid, ...event.subxids];
    const { lsn } = event;
    const { follower, names } = this.#parts;
    const isPrepared = event.kind === 'commitPrepared' || event.kind === 'abortPrepared';
    const isTopKnown = event.kind !== 'abort' || this.#families.isTop(event.xid);
    const isSub = event.kind === 'abort' && this.#families.isSub(event.xid);
    const preparation = isPrepared ? this.#prepared.take(event.xid) : undefined;
    const work = this.#open.take(xids);
    this.#families.forget(xids);
    const isKept = isCommit(event);
    if (!isKept) follower.learn(xids, lsn);
    const { invalidatedOids } = event;
    const transitions = isKept ? follower.commit({ xids, lsn, invalidatedOids }) : [];
    const end = {
      xid: event.xid,
      subxids: event.subxids,
      outcome: event.kind,
      isTopKnown,
      timeUs: event.timeUs,
      lsn,
      endLsn: event.endLsn,
      timeline: timelineAt(this.#parts.line, lsn),
      preparedLsn: preparation?.lsn,
      ...(preparation === undefined
        ? {}
        : { preparation: { timeUs: preparation.preparedAtUs, endLsn: preparation.endLsn } }),
      gid: event.gid ?? preparation?.gid,
      isIncomplete: this.#parts.completeness.isIncomplete(event.xid),
    };
    const effects = { ...event, databaseOid: event.databaseOid ?? preparation?.databaseOid };
    const described = isSub
      ? undefined
      : describeTransaction({ end, effects, work, transitions, names, namesLsn: lsn });
    if (!isKept) follower.forget(xids, lsn);
    return described;
  }

  #describePrepared(event: TransactionPrepared, endLsn: Lsn): LoggedTransaction {
    const { follower, names, line, completeness } = this.#parts;
    const { xid, subxids, lsn, gid, invalidatedOids } = event;
    const xids = [xid, ...subxids];
    const work = this.#open.take(xids);
    // Reading is over: whatever is looked up from here on is of this transaction.
    const transitions = follower.commit({ xids, lsn: endLsn, invalidatedOids });
    const end = {
      xid,
      subxids,
      outcome: 'prepared' as const,
      isTopKnown: true,
      timeUs: event.preparedAtUs,
      lsn,
      endLsn: event.endLsn,
      timeline: timelineAt(line, lsn),
      preparedLsn: lsn,
      gid,
      isIncomplete: completeness.isIncomplete(xid),
    };
    const effects = { ...NO_EFFECTS, ...event };
    return describeTransaction({ end, effects, work, transitions, names, namesLsn: endLsn });
  }
}
