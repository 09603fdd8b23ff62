/**
 * The agent's duties beside pushing and fetching: it shares the archive with other agents by a lease, watches the chain of
 * WAL and heals it, often behind the newest backup and now and then behind all, takes backups when they are due, and prunes.
 *
 * Each duty runs by itself, again and again; one that fails is tried again and stops no other, and none of them stops
 * archiving, which is not here. Only the agent of a primary has duties, and of several only the one that holds the lease;
 * but for backups, where replicas take them (`replica-backups.ts`), and for what must not wait (`first-healing.ts`). Backups
 * and pruning take turns.
 *
 * @module
 */

import { Turns } from '../base/turns.ts';
import { readFreezeNote } from '../backup/freeze-note.ts';
import { listMarked } from '../backup/running-marker.ts';
import type { Compression } from '../base/compression-names.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { backupDue, nextBackupMs, type BackupPlan, type BackupReason } from './backup-due.ts';
import type { ReportDutyEvent } from './duty-event.ts';
import { FirstHealing } from './first-healing.ts';
import { BackupTurn } from './backup-turn.ts';
import { LeftToReplica } from './left-to-replica.ts';
import { ListedBackups } from './listed-backups.ts';
import { ReplicaBackups, type ReplicaDuty } from './replica-backups.ts';
import type { LeaseTimes, OnUndeleted } from './lease.ts';
import { LeaseDuty } from './lease-duty.ts';
import type { AgentIdentity } from './lease-term.ts';
import { RunningBackups } from './running-backups.ts';
import { recurring } from './recurring.ts';
import { scheduledElsewhere } from './scheduled-elsewhere.ts';
import { readPrimary, type PrimaryServer } from './server-line.ts';
import { ChainWatch } from './watch-chain.ts';
import { WindowWatch } from './watch-window.ts';

/** A backup that was taken for the agent. */
export interface AgentBackup {
  readonly name: string;
  readonly storedBytes: number;
}

/** What was pruned for the agent. */
export interface AgentPruning {
  readonly backupCount: number;
  readonly segmentCount: number;
}

/** What the duties need. */
export interface DutiesOptions {
  /** As who writes sees it: without failover storages that are away. */
  readonly store: ObjectStore;
  /** All of the archive: for what is said to be lost, or kept from being deleted. `store` unless told. */
  readonly whole?: ObjectStore;
  readonly self: AgentIdentity;
  readonly dataDirectory: string;
  readonly compression: Compression;
  readonly backups: BackupPlan;
  /** Where the server inserts; asked only if backups are taken by WAL volume. */
  readonly readInsertLsn: () => Promise<bigint>;
  /** Takes a backup; a full one if `isFull`. */
  readonly takeBackup: (isFull: boolean, signal: AbortSignal) => Promise<AgentBackup>;
  /** How replicas take backups; `undefined` if they take none. */
  readonly replicas?: ReplicaDuty | undefined;
  /** `undefined` if nothing is to be pruned. */
  readonly prune: ((signal: AbortSignal) => Promise<AgentPruning>) | undefined;
  /** Between two looks at the chain of WAL. */
  readonly chainPauseMs: number;
  /** Between two looks whether a backup is due; ten seconds unless told. */
  readonly backupPauseMs?: number;
  readonly leaseTimes?: LeaseTimes;
  /** Told that objects which the lease leaves behind may not be deleted. */
  readonly onUndeleted?: OnUndeleted;
  readonly report: ReportDutyEvent;
  readonly signal: AbortSignal;
}

/** Nobody heals, takes backups or prunes before somebody has the lease: what is urgent is not left for long when the store was away. */
const URGENT_RETRY_MS = 60_000;
const BACKUP_PAUSE_MS = 10_000;
const PRUNE_PAUSE_MS = 24 * 3_600_000;
const NOT_NOW_PAUSE_MS = 1000;

/** Who may do what now: this agent has the lease, and its server is the primary. */
interface Charge {
  readonly server: PrimaryServer;
  /** Aborts when the lease is lost, or the agent ends. */
  readonly signal: AbortSignal;
}

/** Works until the signal. Throws nothing. */
export async function runDuties(options: DutiesOptions): Promise<void> {
  await new Duties(options).run();
}

class Duties {
  readonly #options: DutiesOptions;
  readonly #lease: LeaseDuty;
  readonly #turns = new Turns(1);
  readonly #backupTurn: BackupTurn;
  readonly #left: LeftToReplica | undefined;
  readonly #running = new RunningBackups();
  readonly #listed: ListedBackups;
  readonly #window: WindowWatch;
  readonly #chain: ChainWatch;
  readonly #firstHealing: FirstHealing;
  #nextBackupMs: number | undefined;
  #ownName: string | undefined;
  #toldElsewhere: string | undefined;
  #isPruneWanted = true;
  #isFrozen = false;
  #prunedAtMs = -Infinity;

  constructor(options: DutiesOptions) {
    this.#options = options;
    const { replicas, report } = options;
    this.#backupTurn = new BackupTurn(options);
    this.#listed = new ListedBackups(options);
    this.#window = new WindowWatch(options);
    this.#left = replicas && new LeftToReplica(replicas, report);
    this.#chain = new ChainWatch(options, this.#listed);
    this.#firstHealing = new FirstHealing(options);
    this.#lease = new LeaseDuty(options, () => this.#listed.forget());
  }

  async run(): Promise<void> {
    const { report, signal, chainPauseMs, backupPauseMs = BACKUP_PAUSE_MS } = this.#options;
    const pace = (pauseMs: number) => () => (this.#lease.signal === undefined ? NOT_NOW_PAUSE_MS : pauseMs);
    const often = { report, signal };
    await Promise.all([
      recurring({
        ...often,
        duty: 'lease',
        pauseMs: () => this.#lease.pauseMs,
        lastRetryMs: URGENT_RETRY_MS,
        work: () => this.#lease.look(),
      }),
      recurring({
        ...often,
        duty: 'chain',
        pauseMs: pace(chainPauseMs),
        // What is healed first is what the server's next checkpoints remove.
        lastRetryMs: URGENT_RETRY_MS,
        work: () => this.#watchChain(),
      }),
      // In turn: what is pruned meanwhile would look as if it were missing.
      recurring({
        ...often,
        duty: 'window',
        pauseMs: () => this.#window.pauseMs,
        work: () => this.#inTurn(async () => this.#window.look(await this.#charge())),
      }),
      recurring({ ...often, duty: 'backup', pauseMs: pace(backupPauseMs), work: () => this.#backUp() }),
      recurring({ ...often, duty: 'prune', pauseMs: pace(backupPauseMs), work: () => this.#prune() }),
      this.#takeForReplica(backupPauseMs),
    ]);
    await this.#lease.release();
  }

  async #takeForReplica(pauseMs: number): Promise<void> {
    const { replicas, backups: plan } = this.#options;
    if (replicas === undefined) return;
    const backups = new ReplicaBackups({ ...this.#options, ...replicas, plan, turn: this.#backupTurn });
    const { report, signal } = this.#options;
    await recurring({ report, signal, duty: 'backup', pauseMs: () => pauseMs, work: () => backups.look() });
  }

  async #charge(): Promise<Charge | undefined> {
    const { store, dataDirectory, signal } = this.#options;
    const held = this.#lease.signal;
    if (held === undefined) return undefined;
    const server = await readPrimary(store, dataDirectory, signal);
    return server === undefined ? undefined : { server, signal: AbortSignal.any([held, signal]) };
  }

  async #watchChain(): Promise<void> {
    const charge = await this.#charge();
    if (charge === undefined) await this.#firstHealing.look(this.#lease.isPrimary);
    else await this.#chain.look(charge);
  }

  async #backUp(): Promise<void> {
    const charge = await this.#charge();
    if (charge === undefined) return;
    const { backups: plan, readInsertLsn } = this.#options;
    const newest = await this.#listed.newest(charge);
    const nowMs = Date.now();
    this.#tellNext(nextBackupMs(plan, nowMs));
    const asksServer = plan.afterWalBytes !== undefined && newest !== undefined;
    const insertLsn = asksServer ? await readInsertLsn() : undefined;
    const reason = backupDue(plan, { nowMs, newest, insertLsn, firstLost: this.#chain.firstLost });
    const newestName = newest?.name;
    if (this.#left?.isSettled(newest, reason !== undefined) === true) this.#isPruneWanted = true;
    if (reason === undefined) return;
    const isBeingTaken = await this.#isTakenByOthers();
    const due = { reason, newestName, isBeingTaken, nowMs };
    if ((await this.#left?.isLeft(due)) === true) this.#listed.forget();
    else if (reason.kind === 'lostWal' || !isBeingTaken) await this.#takeBackup(charge, reason);
  }

  async #takeBackup(charge: Charge, reason: BackupReason): Promise<void> {
    const { takeBackup, report } = this.#options;
    if (reason.kind === 'schedule' && (await this.#isTakenElsewhere(charge, reason.scheduledMs))) return;
    const begunMs = Date.now();
    const take = async (stop: AbortSignal): Promise<void> => {
      report({ kind: 'backupBegun', reason });
      const taken = await takeBackup(reason.kind === 'lostWal' || reason.kind === 'none', stop);
      this.#ownName = taken.name;
      report({ kind: 'backupTaken', ...taken, durationMs: Date.now() - begunMs });
      this.#chain.begin();
      this.#isPruneWanted = true;
    };
    // Who has the turn instead is seen at the next look.
    await this.#inTurn(async () => void (await this.#backupTurn.take(take, charge.signal)));
    this.#listed.forget();
  }

  /** Somebody has asked for one, or an agent that was killed has left one behind that goes on: it may be the one wanted. */
  async #isTakenByOthers(): Promise<boolean> {
    const marked = await listMarked(this.#options.store, new Date());
    if (!this.#running.isAnyAtWork(marked, performance.now())) return false;
    this.#listed.forget();
    return true;
  }

  /** Another program may take the one that is due, or have taken it since the last look. */
  async #isTakenElsewhere(charge: Charge, scheduledMs: number): Promise<boolean> {
    this.#listed.forget();
    const newest = await this.#listed.newest(charge);
    const listed = this.#listed.known;
    if (newest === undefined) return false;
    const { store, report } = this.#options;
    const due = { scheduledMs, nowMs: Date.now(), newest, listed, ownName: this.#ownName };
    const elsewhere = await scheduledElsewhere(store, due, { signal: charge.signal });
    const told = `${scheduledMs} ${elsewhere?.state} ${elsewhere?.name}`;
    if (elsewhere !== undefined && told !== this.#toldElsewhere) {
      report({ kind: 'backupElsewhere', scheduledMs, ...elsewhere });
      this.#toldElsewhere = told;
    }
    return elsewhere !== undefined || newest.startedAt.getTime() >= scheduledMs;
  }

  #tellNext(atMs: number | undefined): void {
    if (this.#nextBackupMs === atMs) return;
    this.#nextBackupMs = atMs;
    this.#options.report({ kind: 'nextBackup', atMs });
  }

  async #prune(): Promise<void> {
    const { prune, store, whole = store, report } = this.#options;
    const isDue = this.#isPruneWanted || Date.now() - this.#prunedAtMs >= PRUNE_PAUSE_MS;
    const charge = prune !== undefined && isDue ? await this.#charge() : undefined;
    if (prune === undefined || charge === undefined) return;
    const { signal } = charge;
    const note = await readFreezeNote(whole, { signal });
    if (note !== undefined) {
      if (!this.#isFrozen) report({ kind: 'frozen', note });
      this.#isFrozen = true;
      return;
    }
    this.#isFrozen = false;
    await this.#inTurn(async () => report({ kind: 'pruned', ...(await prune(signal)) }));
    this.#isPruneWanted = false;
    this.#prunedAtMs = Date.now();
    this.#listed.forget();
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    await this.#turns.take();
    try {
      await work();
    } finally {
      this.#turns.giveBack();
    }
  }
}
