/**
 * What a pod is told to make on a volume: the data of one backup, replayed to exactly one record.
 *
 * A value, JSON as it is. It is made and shown where the operator is; in the pod nothing is decided again, only proven.
 *
 * @module
 */

import type { PlannedBackup } from '../../recovery/planned-backup.ts';
import type { ReplayPlan } from '../../recovery/recovery-context.ts';

/** A role that must have its present password on the recovered data, and where in the pod that password is. */
export interface VolumeRole {
  readonly purpose: 'superuser' | 'replication' | 'rewind';
  readonly user: string;
  /** The variable of the pod that holds it, or that names a file which does; `null`: the password stays as it is. */
  readonly password: { readonly variable: string } | { readonly file: string } | null;
}

/** The plan. Every field but the last two is that of the recovery's plan. */
export interface VolumePlan extends ReplayPlan {
  readonly backup: PlannedBackup;
  /** Decimal. */
  readonly systemIdentifier: string;
  /** Every timeline that had a history file when it was planned. */
  readonly archivedTimelines: readonly number[];
  /** A superuser that the data hold. */
  readonly user: string;
  /** Whose passwords are set before the data are used. */
  readonly roles: readonly VolumeRole[];
}
