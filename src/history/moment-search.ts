/**
 * One pass over the WAL behind a backup: finds the record that the target stops at, and keeps what a plan must know of
 * the way there and of what comes after.
 *
 * Some effects come before their commit: when the record that drops a database is replayed, its files are gone, and what was
 * prepared keeps its locks. So a target just before such a transaction's end is moved to before its first record of that
 * kind, or before its PREPARE; see {@link #stopAt}.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { RecoveryTarget, TransactionEnd } from '../postgres/recovery-target.ts';
import {
  isCommit,
  isTransactionEnd,
  type DatabaseDropped,
  type RequiredSettings,
  type TablespaceCreated,
  type TablespaceDropped,
  type WalEvent,
} from '../postgres/wal-records/wal-event.ts';
import { CompletePlaces } from './complete-from.ts';
import { EarlierStops, wasPrepared, type EarlierStop } from './earlier-stops.ts';
import { NO_COMMITS, withCommit, type LostCommits, type ReplayFacts, type StopRecord } from './found-moment.ts';
import { HotStandbyReadiness } from './hot-standby-readiness.ts';
import { ReplayState } from './replay-state.ts';
import { stopSideOf, type StopSide } from './target-matcher.ts';

/** Where recovery is to stop. */
export interface FoundStop {
  readonly record: StopRecord;
  readonly side: 'before' | 'after';
}

/** The pass. Give it every event in LSN order. */
export class MomentSearch {
  readonly #target: RecoveryTarget;
  readonly #reachableFrom: Lsn | undefined;
  readonly #sideOf: (event: WalEvent) => StopSide;
  readonly #readiness = new HotStandbyReadiness();
  readonly #earlierStops: EarlierStops;
  readonly #completePlaces = new CompletePlaces();
  readonly #tablespaceChanges: (TablespaceCreated | TablespaceDropped)[] = [];
  readonly #databaseDrops: DatabaseDropped[] = [];
  /** Where each was first met. */
  readonly #customResourceManagers = new Map<number, Lsn>();
  readonly #preparedAfter = new Set<number>();
  #state = new ReplayState();
  #settings: RequiredSettings | undefined;
  #lost = NO_COMMITS;
  /** Once the target stopped. */
  stop: FoundStop | undefined;
  /** The first position of WAL that a server refuses to replay past. */
  minimalLsn: Lsn | undefined;
  /** The last record that a target of time or transaction can stop at, and how many there were. */
  lastEnd: TransactionEnd | undefined;
  lastCommit: TransactionEnd | undefined;
  /** An end that the target is behind was met before it stopped. */
  hasEndWithin = false;
  /** If the target is the number of a subtransaction: its top one. */
  topOfTarget: number | undefined;
  /** The end of the target's transaction, if it is just before that and it had been prepared. */
  preparedEnd: TransactionEnd | undefined;
  /** Restore points of the target's name behind the one that stops. */
  repeatedNames = 0;
  /** Commits behind the stop whose time is within the target: commit times are not in the order of the WAL. */
  lostWithin = NO_COMMITS;

  /** @param reachableFrom where a rehearsal can stand at the earliest: the end of the backup. */
  constructor(target: RecoveryTarget, reachableFrom?: Lsn) {
    this.#target = target;
    this.#reachableFrom = reachableFrom;
    this.#sideOf = stopSideOf(target);
    this.#earlierStops = new EarlierStops(target);
  }

  get lost(): LostCommits {
    return this.#lost;
  }

  /** The last commit that stays. */
  get lastKept(): TransactionEnd | undefined {
    return this.#state.lastCommit;
  }

  /** Prepared transactions that have not ended at the target, or so far. */
  get prepared() {
    return this.#state.prepared;
  }

  /** The transaction of the target was prepared before the backup: an earlier backup may show where. */
  get isPreparedBefore(): boolean {
    return this.preparedEnd !== undefined && this.stop?.record.lsn === this.preparedEnd.lsn;
  }

  take(event: WalEvent): void {
    this.#noteFamily(event);
    if (isTransactionEnd(event)) {
      this.lastEnd = event;
      if (isCommit(event)) this.lastCommit = event;
    }
    if (this.stop !== undefined) return this.#takeAfter(event);
    const side = this.minimalLsn === undefined ? this.#sideOf(event) : undefined;
    if (side !== 'before') this.#takeBefore(event);
    if (side === undefined) {
      this.hasEndWithin ||= isTransactionEnd(event);
      return;
    }
    this.#stopAt(event, side);
    if (side === 'before') this.#takeAfter(event);
  }

  /** Makes everything so far the way to the target, which is behind the record at `lsn`. */
  stopAfterLast(record: StopRecord): void {
    this.stop = { record, side: 'after' };
  }

  facts(): ReplayFacts {
    const stopLsn = this.stop?.record.lsn;
    const isKept = ({ lsn }: { readonly lsn: Lsn }): boolean =>
      stopLsn === undefined || lsn < stopLsn || (lsn === stopLsn && this.stop?.side === 'after');
    return {
      tablespaceChanges: this.#tablespaceChanges.filter(isKept),
      databaseDrops: this.#databaseDrops.filter(isKept),
      customResourceManagers: [...this.#customResourceManagers].flatMap(([number, lsn]) =>
        isKept({ lsn }) ? [number] : [],
      ),
      requiredSettings: this.#settings,
      hotStandbyFromLsn: this.#readiness.readyFromLsn,
      lastOverflowLsn: this.#readiness.lastOverflowLsn,
      preparedAtTarget: [...this.#state.prepared.values()],
      unfinishedFileChanges: this.#earlierStops.fileChanges.filter(isKept),
      locksAtTarget: this.#state.locks,
      completeFromLsn: this.#completePlaces.last?.lsn,
    };
  }

  #takeBefore(event: WalEvent): void {
    if (event.kind === 'tablespaceCreate' || event.kind === 'tablespaceDrop') this.#tablespaceChanges.push(event);
    if (event.kind === 'databaseDrop') this.#databaseDrops.push(event);
    this.#earlierStops.take(event, this.#state);
    const custom = event.kind === 'position' ? event.customResourceManager : undefined;
    if (custom !== undefined && !this.#customResourceManagers.has(custom))
      this.#customResourceManagers.set(custom, event.lsn);
    this.#state.take(event);
    this.#readiness.take(event);
    this.#completePlaces.take(event);
    if (event.kind === 'parameterChange') {
      this.#settings = highest(this.#settings, event.settings);
      if (event.walLevel === 'minimal') this.minimalLsn ??= event.lsn;
    }
  }

  #takeAfter(event: WalEvent): void {
    if (event.kind === 'prepare') this.#preparedAfter.add(event.xid);
    if (event.kind === 'restorePoint' && this.#target.kind === 'name' && event.name === this.#target.name) {
      this.repeatedNames += 1;
    }
    if (!isTransactionEnd(event)) return;
    if (wasPrepared(event) && !this.#preparedAfter.has(event.xid) && !this.#state.prepared.has(event.xid)) {
      // Prepared before the backup began: it is among the backup's files, and its name only there.
      this.#state.prepared.set(event.xid, { xid: event.xid, gid: event.gid, lsn: undefined });
    }
    this.#preparedAfter.delete(event.xid);
    if (!isCommit(event)) return;
    this.#lost = withCommit(this.#lost, event);
    const isWithin = this.#target.kind === 'time' && this.#sideOf(event) === undefined;
    if (isWithin) this.lostWithin = withCommit(this.lostWithin, event);
  }

  #stopAt(event: WalEvent, side: 'before' | 'after'): void {
    const earlier = side === 'before' && isTransactionEnd(event) ? this.#earlierStops.ofEnd(event) : undefined;
    if (this.#target.kind === 'transaction' && side === 'before' && isTransactionEnd(event) && wasPrepared(event)) {
      this.preparedEnd = event;
    }
    const isOfTransaction = this.#target.kind === 'xid' || this.#target.kind === 'transaction';
    const mayMove = earlier !== undefined && (isOfTransaction || earlier.commitsSince.count === 0);
    const moved = mayMove ? earlier : this.#lockBefore(event, side);
    if (moved === undefined) this.stop = { record: stopRecordOf(event), side };
    else this.#moveTo(moved, side);
  }

  /** Before the lock of a plain transaction a rehearsal can stand too, and there its tables can be looked at. */
  #lockBefore(event: WalEvent, side: 'before' | 'after'): EarlierStop | undefined {
    if (this.#target.kind !== 'transaction' || side === 'after') return undefined;
    if (!isTransactionEnd(event) || event.kind !== 'commit') return undefined;
    const lock = this.#earlierStops.lockOf(event);
    const readyFrom = this.#readiness.readyFromLsn;
    if (lock === undefined || readyFrom === undefined) return undefined;
    const { lsn } = lock.event;
    return lsn >= readyFrom && lsn >= (this.#reachableFrom ?? 0n) ? lock : undefined;
  }

  #moveTo(earlier: EarlierStop, side: 'before' | 'after'): void {
    this.#state = earlier.stateBefore;
    this.#lost = earlier.commitsSince;
    for (const xid of earlier.preparedSince) this.#preparedAfter.add(xid);
    this.stop = { record: stopRecordOf(earlier.event), side };
  }

  /** Whether the target names a subtransaction, as far as the WAL tells. */
  #noteFamily(event: WalEvent): void {
    if (this.#target.kind !== 'xid' && this.#target.kind !== 'transaction') return;
    const { xid } = this.#target;
    if (event.kind === 'assignment' && event.subxids.includes(xid)) this.topOfTarget = event.topXid;
    const hasChildren = isTransactionEnd(event) || event.kind === 'prepare';
    if (hasChildren && event.subxids.includes(xid)) this.topOfTarget = event.xid;
  }
}

function highest(a: RequiredSettings | undefined, b: RequiredSettings): RequiredSettings {
  if (a === undefined) return b;
  return {
    maxConnections: Math.max(a.maxConnections, b.maxConnections),
    maxWorkerProcesses: Math.max(a.maxWorkerProcesses, b.maxWorkerProcesses),
    maxWalSenders: Math.max(a.maxWalSenders, b.maxWalSenders),
    maxPreparedTransactions: Math.max(a.maxPreparedTransactions, b.maxPreparedTransactions),
    maxLocksPerTransaction: Math.max(a.maxLocksPerTransaction, b.maxLocksPerTransaction),
  };
}

function stopRecordOf(event: WalEvent): StopRecord {
  const { kind, lsn, endLsn, xid } = event;
  return { kind, lsn, endLsn, xid, timeUs: 'timeUs' in event ? event.timeUs : undefined };
}
