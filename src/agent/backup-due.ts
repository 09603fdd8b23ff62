/**
 * Whether a backup is due: by schedule, by the WAL since the last one, or because WAL behind the last one is lost.
 *
 * It goes by what the archive holds, not by what an agent remembers: one that was not running when a backup was due makes
 * up for it when it starts, and two never take the same.
 *
 * @module
 */

import { latestTime, nextTime, type CronSchedule } from '../base/cron-schedule.ts';
import type { Backup } from '../backup/backup.ts';

/** What a backup is taken for. */
export type BackupReason =
  | { readonly kind: 'none'; readonly scheduled: string | undefined }
  | { readonly kind: 'schedule'; readonly scheduledMs: number }
  | { readonly kind: 'walVolume'; readonly walBytes: bigint }
  | { readonly kind: 'lostWal'; readonly firstMissing: string };

/** When backups are wanted. */
export interface BackupPlan {
  readonly schedule: CronSchedule | undefined;
  /** For schedules that name none. */
  readonly zone: string;
  readonly afterWalBytes: number | undefined;
}

/** What is known. */
export interface BackupFacts {
  readonly nowMs: number;
  /** The newest backup on the server's line of history. */
  readonly newest: Pick<Backup, 'startedAt' | 'startLsn'> | undefined;
  /** Where the server is; `undefined` if it was not asked. */
  readonly insertLsn: bigint | undefined;
  /** The first segment behind the newest backup that is lost. */
  readonly firstLost: string | undefined;
}

/** True if backups are taken without being asked for. */
export function hasBackupPlan({ schedule, afterWalBytes }: BackupPlan): boolean {
  return schedule !== undefined || afterWalBytes !== undefined;
}

/** The reason to take one now; `undefined` if there is none. */
export function backupDue(plan: BackupPlan, facts: BackupFacts): BackupReason | undefined {
  const { nowMs, newest, insertLsn, firstLost } = facts;
  if (newest !== undefined && firstLost !== undefined) return { kind: 'lostWal', firstMissing: firstLost };
  if (!hasBackupPlan(plan)) return undefined;
  if (newest === undefined) return { kind: 'none', scheduled: plan.schedule?.text };
  const scheduledMs = plan.schedule === undefined ? undefined : latestTime(plan.schedule, plan.zone, nowMs);
  if (scheduledMs !== undefined && newest.startedAt.getTime() < scheduledMs) return { kind: 'schedule', scheduledMs };
  const walBytes = insertLsn === undefined ? 0n : insertLsn - newest.startLsn;
  return plan.afterWalBytes !== undefined && walBytes >= BigInt(plan.afterWalBytes)
    ? { kind: 'walVolume', walBytes }
    : undefined;
}

/** When the next backup is due by the schedule. */
export function nextBackupMs({ schedule, zone }: BackupPlan, nowMs: number): number | undefined {
  return schedule === undefined ? undefined : nextTime(schedule, zone, nowMs);
}
