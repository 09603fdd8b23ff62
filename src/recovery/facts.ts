/**
 * What a plan is made of: everything that was looked at, as values.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import type { PlaceProblem, PlannedClusterKind } from '../cluster/cluster.ts';
import type { PatroniSurvey } from '../cluster/patroni-control.ts';
import type { FoundMoment } from '../history/found-moment.ts';
import type { Losses } from '../history/losses.ts';
import type { RequiredSettings } from '../postgres/wal-records/wal-event.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import type { TimelineHistory, TimelineSwitch } from '../postgres/timeline-history.ts';
import type { WalSegmentSizeBytes } from '../postgres/wal-segment.ts';

/** What the live server says; all of it is empty when it does not run. */
export interface LiveFacts {
  readonly archiveMode: string;
  /** What the archiver failed at last, if it has archived nothing since. */
  readonly archiverFailure: string | undefined;
  readonly synchronousStandbyNames: string;
  readonly replicas: readonly string[];
  /** `database.schema.table`. */
  readonly unloggedTables: readonly string[];
  readonly logicalSlots: readonly string[];
  readonly subscriptions: readonly string[];
  readonly preloadLibraries: string;
  /** Files of its configuration that it tells of: relative to the data directory, or absolute where they are outside of it. */
  readonly configurationFiles: readonly string[];
}

/** Everything a plan needs to know. */
export interface PlanFacts {
  /** What to know of index objects that were of no use, in words. */
  readonly indexNote?: string | undefined;
  readonly id: string;
  readonly nowUs: bigint;
  readonly target: RecoveryTarget;
  readonly cluster: {
    readonly name: string;
    readonly kind: PlannedClusterKind;
    readonly dataDirectory: string;
    readonly recoveriesFolder: string;
    readonly problems: readonly PlaceProblem[];
    readonly freeBytes: bigint;
    readonly state: 'running' | 'stopped' | 'crashed';
    /** `standby.signal` is there. */
    readonly isReplica: boolean;
    /** Where `pg_wal` leads, if it is a link. */
    readonly walFolder: string | undefined;
    /** True if `pg_wal` is a file system of its own, mounted there. */
    readonly isWalMounted: boolean;
    readonly commands: { readonly stop: string; readonly start: string };
    /** What Patroni says of the cluster; `undefined` where it does not run it. */
    readonly patroni: PatroniSurvey | undefined;
  };
  readonly control: {
    readonly systemIdentifier: bigint;
    readonly majorVersion: number;
    readonly timeline: number;
    readonly walLevel: 'minimal' | 'replica' | 'logical';
    readonly required: RequiredSettings;
  };
  readonly live: LiveFacts | undefined;
  /** Files and folders of the configuration inside the data directory, relative to it. */
  readonly configurationFiles: readonly string[];
  readonly archive: {
    readonly address: string;
    readonly systemIdentifier: bigint;
    readonly segmentSizeBytes: WalSegmentSizeBytes;
    readonly historyTimelines: readonly number[];
  };
  readonly line: TimelineHistory;
  /** Every timeline of the archive, and where it branched off; `undefined` for the first. */
  readonly timelines: readonly { readonly timeline: number; readonly fork: TimelineSwitch | undefined }[];
  readonly found: FoundMoment<Backup>;
  /** Backups passed over because replay from them could not pause at the target. */
  readonly passedOver: readonly string[];
  /** Delta backups nearer to the target, which cannot be restored: what they build on is not there, or not on the line. */
  readonly passedOverDeltas: readonly string[];
  /** The names of the found backup and of those it builds on, the full one first. */
  readonly chain: readonly string[];
  /** The target as it was asked for, in words. */
  readonly asked: string;
  /** How what was asked for became the target, a sentence each. */
  readonly askedNotes: readonly string[];
  /** What the transactions beside the target did, and what those behind it did together; `undefined`: not read. */
  readonly losses: Losses | undefined;
  /** The newest whole segment of the live server's WAL, where the archiver did not get there in time. */
  readonly notArchived?: string | undefined;
}
