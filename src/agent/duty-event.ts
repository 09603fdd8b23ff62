/**
 * What the agent tells of its work beside pushing and fetching, as values.
 *
 * @module
 */

import type { FreezeNote } from '../backup/freeze-note.ts';
import type { BackupReason } from './backup-due.ts';
import type { AgentIdentity } from './lease-term.ts';
import type { ScheduledElsewhere } from './scheduled-elsewhere.ts';

/** What the agent does beside pushing and fetching. */
export type Duty = 'lease' | 'chain' | 'window' | 'backup' | 'prune';

/** The newest backup that the server can be restored from, whoever took it. Times are milliseconds since the Unix epoch. */
export interface NewestBackup {
  readonly name: string;
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly storedBytes: number;
}

/** How whole the WAL is from a backup on. */
export interface CheckedWindow {
  /** The oldest backup that WAL is kept behind. */
  readonly backupName: string;
  readonly missingCount: number;
  /** Absent if nothing is missing. */
  readonly firstMissing?: string;
}

/** Who has the archive beside an agent of a primary. */
export interface HeldElsewhere {
  readonly holder: AgentIdentity;
  /** Of the holder's server; `undefined` if it did not say. */
  readonly holderTimeline: number | undefined;
  /** Of this agent's server. */
  readonly timeline: number;
}

/** One thing that happened. */
export type DutyEvent =
  | { readonly kind: 'leaseHeld' }
  /** Another agent has the archive; this one pushes and fetches only. */
  | ({ readonly kind: 'leaseElsewhere' } & HeldElsewhere)
  /** Another agent waits for the archive. */
  | { readonly kind: 'agentWaits'; readonly agent: AgentIdentity }
  /** How many other agents are there, as last seen. */
  | { readonly kind: 'otherAgents'; readonly count: number }
  /** The server is a replica, or does not run: nothing but pushing and fetching is to be done. */
  | { readonly kind: 'notPrimary' }
  | { readonly kind: 'backupBegun'; readonly reason: BackupReason }
  | { readonly kind: 'backupTaken'; readonly name: string; readonly storedBytes: number; readonly durationMs: number }
  /** One is due, and another program takes it, or is given the time to. */
  | ({ readonly kind: 'backupElsewhere'; readonly scheduledMs: number } & ScheduledElsewhere)
  /** One is due, and left to the agents of replicas until then. */
  | { readonly kind: 'backupLeft'; readonly reason: BackupReason; readonly untilMs: number }
  /** The one that was left to them is there. */
  | {
      readonly kind: 'backupOfReplica';
      readonly name: string;
      readonly storedBytes: number;
      readonly finishedMs: number;
      readonly durationMs: number;
    }
  /** No replica has begun the one that was left to them: the leader takes it. */
  | { readonly kind: 'noReplicaTook'; readonly waitedMs: number }
  /** The archive was listed; `undefined`: it has none. */
  | { readonly kind: 'newestBackup'; readonly newest: NewestBackup | undefined }
  | { readonly kind: 'nextBackup'; readonly atMs: number | undefined }
  | { readonly kind: 'pruned'; readonly backupCount: number; readonly segmentCount: number }
  | { readonly kind: 'frozen'; readonly note: FreezeNote }
  /** WAL that was missing in the archive was pushed again from `pg_wal`. */
  | { readonly kind: 'healed'; readonly fileName: string; readonly key: string }
  /** WAL is missing in the archive, and in `pg_wal` too. */
  | { readonly kind: 'lost'; readonly firstMissing: string; readonly segmentCount: number }
  | { readonly kind: 'chainChecked'; readonly segmentCount: number; readonly missingCount: number }
  | ({ readonly kind: 'windowChecked' } & CheckedWindow)
  /** Moments that could be reached cannot any more. */
  | ({ readonly kind: 'windowBroken' } & CheckedWindow)
  | { readonly kind: 'dutyFailed'; readonly duty: Duty; readonly message: string }
  /** It has failed before, and has not now. */
  | { readonly kind: 'dutyRecovered'; readonly duty: Duty };

/** Receives events. Must not throw. */
export type ReportDutyEvent = (event: DutyEvent) => void;
