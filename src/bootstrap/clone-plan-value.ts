/**
 * The plan of a clone bootstrap: printable, and JSON as it is. What is asked for again after a restart is gone on with towards
 * the very record that is planned here.
 *
 * @module
 */

import type { PlannedBackup } from '../recovery/planned-backup.ts';
import type { ReplayPlan } from '../recovery/recovery-context.ts';

/** What was asked for; the same again means the same clone. */
export interface CloneRequestFacts {
  readonly scope: string;
  /** The target as it is typed: `--to-time 2026-06-05T15:02:11.620113Z`. */
  readonly target: string;
  /** The pinned timeline, or 0. */
  readonly timeline: number;
  readonly archiveAddress: string;
  /** The archive that the new cluster will write; empty if none was named. */
  readonly writesTo: string;
  /** The major version that the new cluster is to have; 0: that of the backup. */
  readonly major: number;
}

/** How `pg_upgrade` takes the files over. */
export const UPGRADE_MODES = ['copy', 'clone', 'link'] as const;

/** One of them. */
export type UpgradeMode = (typeof UPGRADE_MODES)[number];

/** A plan. */
export interface ClonePlan extends ReplayPlan {
  readonly version: 1;
  readonly createdAt: string;
  readonly request: CloneRequestFacts;
  readonly dataDirectory: string;
  readonly systemIdentifier: string;
  readonly lineWhy: string;
  /** Commits behind the target, which the clone does not have. */
  readonly laterCommits: number;
  readonly backup: PlannedBackup;
  /** Every timeline that had a history file in the archive. */
  readonly archivedTimelines: readonly number[];
  /** `null`: the new cluster archives nowhere that was named. */
  readonly writesTo: { readonly address: string; readonly isTheSame: boolean } | null;
  readonly upgrade: { readonly from: number; readonly to: number; readonly mode: UpgradeMode } | null;
  /** What was looked at and found good, in words. */
  readonly proven: readonly string[];
  /** What the operator should know, in words. */
  readonly warnings: readonly string[];
}
