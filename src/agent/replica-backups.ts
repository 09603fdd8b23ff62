/**
 * Backups by the agent of a replica: those that are due by schedule or by WAL volume, while its server follows the leader.
 *
 * What is due goes by the archive, as with the leader's agent, on the line of history that the replica receives. Of several
 * agents the one that has the turn takes it (`backup-turn.ts`). A replica that is promoted meanwhile gives it up, and what
 * it has written of it is deleted.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { listBackups } from '../backup/list.ts';
import { newestOnLine } from '../backup/newest-on-line.ts';
import { listMarked } from '../backup/running-marker.ts';
import { Failure } from '../base/failure.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { backupDue, type BackupPlan, type BackupReason } from './backup-due.ts';
import type { BackupTurn } from './backup-turn.ts';
import type { ReportDutyEvent } from './duty-event.ts';
import type { ReplicaHelp } from './left-to-replica.ts';
import { RunningBackups } from './running-backups.ts';
import { scheduledElsewhere } from './scheduled-elsewhere.ts';
import { isStandby, lineOf } from './server-line.ts';

/** A replica that is well: it streams, and applies what it receives. */
export interface FollowingReplica {
  /** The timeline that it receives. */
  readonly timeline: number;
  /** How far it has received. */
  readonly receivedLsn: bigint;
}

/** Backups are taken by agents of replicas, and by the leader's where none does. */
export interface ReplicaDuty extends ReplicaHelp {
  /** `undefined` if the server does not stream, is behind with what it has received, or is none that follows. */
  readonly readReplica: () => Promise<FollowingReplica | undefined>;
  /** Makes a restart point of the newest checkpoint that was replayed. @returns where a backup would begin. */
  readonly makeRestartPoint: () => Promise<RestartPoint>;
}

/** Where a server that follows would begin to replay again. */
export interface RestartPoint {
  readonly lsn: bigint;
  /** The one before, after a promotion, until the new leader's first checkpoint is replayed. */
  readonly timeline: number;
  readonly segmentSizeBytes: bigint;
}

/** What is needed. */
export interface ReplicaBackupsOptions extends Pick<ReplicaDuty, 'readReplica' | 'makeRestartPoint'> {
  readonly store: ObjectStore;
  readonly dataDirectory: string;
  readonly plan: BackupPlan;
  readonly turn: BackupTurn;
  readonly takeBackup: (
    isFull: boolean,
    signal: AbortSignal,
  ) => Promise<{ readonly name: string; readonly storedBytes: number }>;
  readonly report: ReportDutyEvent;
  readonly signal: AbortSignal;
}

/** How long a list of backups, and a look at the server, is believed while nothing is due. */
const LISTED_MS = 60_000;
const LOOK_FOR_PROMOTION_MS = 1000;

/** The duty of one agent. */
export class ReplicaBackups {
  readonly #options: ReplicaBackupsOptions;
  #listed: { readonly backups: readonly Backup[]; readonly atMs: number } | undefined;
  readonly #running = new RunningBackups();
  #ownName: string | undefined;

  constructor(options: ReplicaBackupsOptions) {
    this.#options = options;
  }

  /** Takes a backup if the server is a replica that may, and one is due. @throws what the store, the server and the backup throw. */
  async look(): Promise<void> {
    const { store, dataDirectory, turn, signal, readReplica } = this.#options;
    if (!(await isStandby(dataDirectory))) return;
    const replica = await readReplica();
    if (replica === undefined) return;
    const line = await lineOf(store, dataDirectory, replica.timeline, signal);
    const due = await this.#dueNow(line, replica);
    if (due === undefined || (await this.#isTakenElsewhere(line, due)) || !(await this.#isBehindNewest(line))) return;
    await turn.take(async (stop) => {
      // Another may have taken it until the turn was had.
      this.#listed = undefined;
      const reason = await this.#dueNow(line, replica);
      if (reason !== undefined) await this.#take(reason, stop);
    }, signal);
  }

  async #newest(line: TimelineHistory): Promise<Backup | undefined> {
    const atMs = Date.now();
    if (this.#listed === undefined || atMs - this.#listed.atMs > LISTED_MS) {
      this.#listed = { backups: await listBackups(this.#options.store, this.#options.signal), atMs };
    }
    return newestOnLine(this.#listed.backups, line);
  }

  /** Why one is due that a replica takes. */
  async #dueNow(line: TimelineHistory, { receivedLsn }: FollowingReplica): Promise<BackupReason | undefined> {
    const { plan, store } = this.#options;
    const newest = await this.#newest(line);
    const facts = { nowMs: Date.now(), newest, insertLsn: receivedLsn, firstLost: undefined };
    const reason = backupDue(plan, facts);
    if (reason === undefined || reason.kind === 'none') return undefined;
    const marked = await listMarked(store, new Date());
    if (!this.#running.isAnyAtWork(marked, performance.now())) return reason;
    this.#listed = undefined;
    return undefined;
  }

  /**
   * True if a backup would begin in a later segment than the newest one, whose name it would have otherwise, and on the
   * timeline that is received. The leader makes a checkpoint when it leaves a backup to replicas; until that is replayed
   * here, there is none.
   */
  async #isBehindNewest(line: TimelineHistory): Promise<boolean> {
    const newest = await this.#newest(line);
    const { lsn, timeline, segmentSizeBytes } = await this.#options.makeRestartPoint();
    if (timeline !== line.timeline) return false;
    return newest === undefined || lsn / segmentSizeBytes > newest.startLsn / segmentSizeBytes;
  }

  async #isTakenElsewhere(line: TimelineHistory, reason: BackupReason): Promise<boolean> {
    const newest = await this.#newest(line);
    if (reason.kind !== 'schedule' || newest === undefined) return false;
    const { store, signal } = this.#options;
    const { backups: listed = [] } = this.#listed ?? {};
    const { scheduledMs } = reason;
    const due = { scheduledMs, nowMs: Date.now(), newest, listed, ownName: this.#ownName };
    return (await scheduledElsewhere(store, due, { signal })) !== undefined;
  }

  async #take(reason: BackupReason, stop: AbortSignal): Promise<void> {
    const { dataDirectory, takeBackup, report } = this.#options;
    const begunMs = Date.now();
    const promoted = new AbortController();
    const looking = setInterval(
      () =>
        void isStandby(dataDirectory).then(
          (isOne) => isOne || promoted.abort(promotedMeanwhile(dataDirectory)),
          () => {},
        ),
      LOOK_FOR_PROMOTION_MS,
    );
    try {
      report({ kind: 'backupBegun', reason });
      const taken = await takeBackup(false, AbortSignal.any([stop, promoted.signal]));
      this.#ownName = taken.name;
      report({ kind: 'backupTaken', ...taken, durationMs: Date.now() - begunMs });
    } finally {
      clearInterval(looking);
      this.#listed = undefined;
    }
  }
}

function promotedMeanwhile(dataDirectory: string): Failure {
  return new Failure('conflict', {
    message: `the backup of the replica in ${dataDirectory} is given up: the server was promoted meanwhile`,
    remedy: 'Nothing is to be done: what was written of it is deleted, and the new leader sees to the next.',
  });
}
