/**
 * A backup that is due, and that the leader's agent leaves to the agent of a replica for a while.
 *
 * A first backup, and one that closes a gap in the WAL, is the leader's: neither waits. What a replica has begun is waited for
 * as long as it goes on. Meanwhile the leader helps: a standby begins at its last restart point, which it makes behind a
 * checkpoint of the leader's, and it cannot have its last segment archived, which only the leader can end.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import type { BackupReason } from './backup-due.ts';
import type { ReportDutyEvent } from './duty-event.ts';

/** What the leader does for a replica. */
export interface ReplicaHelp {
  /** How long a replica may take to begin. */
  readonly waitMs: number;
  /** Ends the segment, and makes a checkpoint if told to. */
  readonly endSegment: (withCheckpoint: boolean) => Promise<void>;
}

/** What is due, and how things are. */
export interface DueForReplica {
  readonly reason: BackupReason;
  /** The name of the newest backup, which the one that is due comes behind. */
  readonly newestName: string | undefined;
  /** One is under way. */
  readonly isBeingTaken: boolean;
  readonly nowMs: number;
}

/** The newest backup, as it is listed. */
export type NewestBackup = Pick<Backup, 'name' | 'startedAt' | 'finishedAt' | 'compressedSizeBytes'>;

/** The segment is ended so often while a replica takes a backup. */
const END_SEGMENT_MS = 60_000;

/** What is left to replicas, as the leader's agent sees it. Times are milliseconds since the Unix epoch. */
export class LeftToReplica {
  readonly #help: ReplicaHelp;
  readonly #report: ReportDutyEvent;
  #sinceMs: number | undefined;
  #behind: string | undefined;
  #endedSegmentMs = -Infinity;
  #isOverdue = false;

  constructor(help: ReplicaHelp, report: ReportDutyEvent) {
    this.#help = help;
    this.#report = report;
  }

  /** True if the leader is not to take it now. @throws what the server throws. */
  async isLeft({ reason, newestName, isBeingTaken, nowMs }: DueForReplica): Promise<boolean> {
    if (reason.kind === 'none' || reason.kind === 'lostWal') return false;
    const { waitMs } = this.#help;
    if (this.#sinceMs === undefined) {
      this.#sinceMs = nowMs;
      this.#behind = newestName;
      this.#report({ kind: 'backupLeft', reason, untilMs: nowMs + waitMs });
      await this.#endSegment(nowMs, true);
    }
    if (isBeingTaken) {
      if (nowMs - this.#endedSegmentMs >= END_SEGMENT_MS) await this.#endSegment(nowMs, false);
      return true;
    }
    if (nowMs - this.#sinceMs < waitMs) return true;
    if (!this.#isOverdue) this.#report({ kind: 'noReplicaTook', waitedMs: waitMs });
    this.#isOverdue = true;
    return false;
  }

  /** True, once, if what was left has been taken since: nothing is due, or there is a newer backup. It is told who took it. */
  isSettled(newest: NewestBackup | undefined, isDue: boolean): boolean {
    const isNew = newest !== undefined && newest.name !== this.#behind;
    if (this.#sinceMs === undefined || (isDue && !isNew)) return false;
    // The leader's own is told of by itself.
    if (isNew && !this.#isOverdue) this.#tell(newest);
    this.#sinceMs = undefined;
    this.#isOverdue = false;
    return isNew;
  }

  #tell({ name, startedAt, finishedAt, compressedSizeBytes }: NewestBackup): void {
    const finishedMs = finishedAt.getTime();
    const durationMs = finishedMs - startedAt.getTime();
    const storedBytes = Number(compressedSizeBytes);
    this.#report({ kind: 'backupOfReplica', name, storedBytes, finishedMs, durationMs });
  }

  async #endSegment(nowMs: number, withCheckpoint: boolean): Promise<void> {
    this.#endedSegmentMs = nowMs;
    await this.#help.endSegment(withCheckpoint);
  }
}
