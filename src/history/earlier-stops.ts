/**
 * Records that a target just before a transaction's end has to move before, because their effects come before that end: a
 * database or tablespace made or dropped (its files change at once, and a database is closed for good before that), and the
 * PREPARE of the transaction that is asked for (what is prepared keeps its locks). And one that it may move before, where
 * that loses nothing: the first lock of that transaction.
 *
 * @module
 */

import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import {
  isCommit,
  isTransactionEnd,
  type LocksHeld,
  type TransactionEnded,
  type TransactionPrepared,
  type WalEvent,
} from '../postgres/wal-records/wal-event.ts';
import { withCommit, NO_COMMITS, type LostCommits, type UnfinishedFileChange } from './found-moment.ts';
import { ReplayState } from './replay-state.ts';

/** Such a record: what held before it, and what has happened since. */
export interface EarlierStop {
  readonly event: WalEvent;
  readonly stateBefore: ReplayState;
  readonly preparedSince: Set<number>;
  commitsSince: LostCommits;
}

interface OpenFileChange extends EarlierStop {
  readonly change: UnfinishedFileChange;
}

/** Those of transactions that have not ended. Give it every event before the target, in LSN order. */
export class EarlierStops {
  /** The transaction whose PREPARE counts. */
  readonly #xid: number | undefined;
  readonly #fileChanges = new Map<number, OpenFileChange>();
  /** By database: where it was closed, if it was. */
  readonly #closed = new Map<number, EarlierStop>();
  /** Where transactions have taken their first AccessExclusive lock; kept for the target alone that can use it. */
  readonly #locks = new Map<number, EarlierStop>();
  #prepare: EarlierStop | undefined;

  constructor(target: RecoveryTarget) {
    this.#xid = target.kind === 'transaction' ? target.xid : undefined;
  }

  /** What transactions have done so far that cannot be rolled back. */
  get fileChanges(): readonly UnfinishedFileChange[] {
    return [...this.#fileChanges.values()].map(({ change }) => change);
  }

  /** @param state what holds before the event. */
  take(event: WalEvent, state: ReplayState): void {
    if (event.kind === 'prepare') this.#takePrepare(event, state);
    if (event.kind === 'databaseInvalid') this.#closed.set(event.databaseOid, begin(event, state));
    const change = fileChangeOf(event);
    if (change !== undefined && change.xid !== 0 && !this.#fileChanges.has(change.xid)) {
      const closed = change.change === 'databaseDrop' ? this.#closed.get(change.oid) : undefined;
      // The mark may have no number yet, as nothing before it needed one.
      const first = closed === undefined ? begin(event, state) : withXid(closed, change.xid);
      this.#fileChanges.set(change.xid, { ...first, change });
    }
    if (event.kind === 'databaseDrop') this.#closed.delete(event.databaseOid);
    if (event.kind === 'locks' && this.#xid !== undefined) this.#takeLocks(event, state);
    if (!isTransactionEnd(event)) return;
    for (const xid of [event.xid, ...event.subxids]) {
      this.#fileChanges.delete(xid);
      this.#locks.delete(xid);
    }
    if (!isCommit(event)) return;
    for (const earlier of this.#all()) earlier.commitsSince = withCommit(earlier.commitsSince, event);
  }

  /** The first such record of the transaction that ended so; `undefined` if it has none. */
  ofEnd(end: TransactionEnded): EarlierStop | undefined {
    if (this.#prepare !== undefined && wasPrepared(end)) return this.#prepare;
    return firstOf(this.#fileChanges, end);
  }

  /**
   * The record by which the transaction that ended so took its first AccessExclusive lock, if nothing was committed or prepared
   * since: what stands before it can be queried, and nothing more is lost.
   */
  lockOf(end: TransactionEnded): EarlierStop | undefined {
    const lock = firstOf(this.#locks, end);
    return lock?.commitsSince.count === 0 && lock.preparedSince.size === 0 ? lock : undefined;
  }

  #all(): EarlierStop[] {
    const prepare = this.#prepare === undefined ? [] : [this.#prepare];
    return [...this.#fileChanges.values(), ...this.#closed.values(), ...this.#locks.values(), ...prepare];
  }

  #takeLocks(event: LocksHeld, state: ReplayState): void {
    for (const { xid } of event.locks) if (!this.#locks.has(xid)) this.#locks.set(xid, begin(event, state));
  }

  #takePrepare(event: TransactionPrepared, state: ReplayState): void {
    for (const earlier of this.#all()) earlier.preparedSince.add(event.xid);
    const isMeant = this.#xid !== undefined && (event.xid === this.#xid || event.subxids.includes(this.#xid));
    if (isMeant) this.#prepare = { ...begin(event, state), preparedSince: new Set([event.xid]) };
  }
}

function firstOf(stops: ReadonlyMap<number, EarlierStop>, end: TransactionEnded): EarlierStop | undefined {
  const family = [end.xid, ...end.subxids].flatMap((xid) => stops.get(xid) ?? []);
  return family.toSorted((a, b) => Number(a.event.lsn - b.event.lsn))[0];
}

/** True if the transaction had been prepared. */
export function wasPrepared({ kind }: TransactionEnded): boolean {
  return kind === 'commitPrepared' || kind === 'abortPrepared';
}

function begin(event: WalEvent, state: ReplayState): EarlierStop {
  return { event, stateBefore: new ReplayState(state), preparedSince: new Set(), commitsSince: NO_COMMITS };
}

function withXid(stop: EarlierStop, xid: number): EarlierStop {
  return { ...stop, event: { ...stop.event, xid } };
}

function fileChangeOf(event: WalEvent): UnfinishedFileChange | undefined {
  switch (event.kind) {
    case 'databaseCreate':
    case 'databaseDrop':
      return { xid: event.xid, change: event.kind, oid: event.databaseOid, lsn: event.lsn };
    case 'tablespaceCreate':
    case 'tablespaceDrop':
      return { xid: event.xid, change: event.kind, oid: event.tablespaceOid, lsn: event.lsn };
    default:
      return undefined;
  }
}
