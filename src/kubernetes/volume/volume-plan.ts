/**
 * What a pod is told to make on a volume: the data of one backup, replayed to exactly one record.
 *
 * A value, JSON as it is. It is made and shown where the operator is; in the pod nothing is decided again, only proven.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { parseJsonOrNothing } from '../../base/unknown-value.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import type { PlannedTransaction } from '../../recovery/plan-value.ts';
import type { PlannedBackup } from '../../recovery/planned-backup.ts';
import type { ReplayPlan } from '../../recovery/recovery-context.ts';
import { isBehind } from '../../recovery/stepped-plan.ts';

/** A role that must have its present password on the recovered data, and where in the pod that password is. */
export interface VolumeRole {
  readonly purpose: 'superuser' | 'replication' | 'rewind';
  readonly user: string;
  /** The variable of the pod that holds it, or the file that does; `null`: the password stays as it is. */
  readonly password: { readonly variable: string } | { readonly file: string } | null;
}

/** The plan: fields of the recovery's plan, and what only a pod needs to be told. */
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

/** The plan as it is handed over: what the transactions beside the target did can be long, and is for people. */
export function volumePlanText(plan: VolumePlan): string {
  const plain = (one: PlannedTransaction | null): PlannedTransaction | null =>
    one === null ? null : { xid: one.xid, kind: one.kind, timeUs: one.timeUs, lsn: one.lsn };
  const { lastKept, firstLost } = plan.target;
  return JSON.stringify({
    ...plan,
    target: { ...plan.target, lastKept: plain(lastKept), firstLost: plain(firstLost) },
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a role of a plan. */
export function isVolumeRole(value: unknown): value is VolumeRole {
  if (!isObject(value) || typeof value['user'] !== 'string') return false;
  const { purpose, password } = value;
  const isKnown = purpose === 'superuser' || purpose === 'replication' || purpose === 'rewind';
  if (password === null) return isKnown;
  return (
    isKnown && isObject(password) && [password['variable'], password['file']].some((one) => typeof one === 'string')
  );
}

/** As far as a plan that was cut off, or is of something else, can be told from a whole one. */
function isVolumePlan(value: unknown): value is VolumePlan {
  if (!isObject(value)) return false;
  const { id, majorVersion, target, replay, required, space, backup, systemIdentifier } = value;
  const texts = [id, systemIdentifier, value['user']];
  return (
    texts.every((text) => typeof text === 'string') &&
    typeof majorVersion === 'number' &&
    isObject(target) &&
    parseLsn(String(target['lsn'])) !== undefined &&
    [replay, required, space, backup].every(isObject) &&
    Array.isArray(value['roles']) &&
    value['roles'].every(isVolumeRole) &&
    Array.isArray(value['archivedTimelines'])
  );
}

/** Reads a plan. @throws {Failure} `usage`. */
export function parseVolumePlan(text: string, where: string): VolumePlan {
  const value = parseJsonOrNothing(text);
  if (isVolumePlan(value)) return value;
  throw new Failure('usage', {
    message: `cannot use ${where} as the plan of a rehearsal: it is not whole, or of another version of walkback`,
    remedy: 'The pod and the one who starts it must be of one version of walkback: name its image.',
  });
}

/**
 * Proves that a standing rehearsal may go on to another plan.
 *
 * @throws {Failure} `refused` if that is of other data, or its target is not behind the present one.
 */
export function checkStep(plan: VolumePlan, next: VolumePlan): void {
  const isOther =
    next.id !== plan.id ||
    next.backup.name !== plan.backup.name ||
    next.systemIdentifier !== plan.systemIdentifier ||
    next.target.timeline !== plan.target.timeline;
  if (!isOther && isBehind(next.target, plan.target)) return;
  throw new Failure('refused', {
    message: `cannot step rehearsal ${plan.id} to ${next.target.asked}: it stands at ${plan.target.lsn} of timeline ${plan.target.timeline}, restored from ${plan.backup.name}, and replay only goes forward`,
    remedy: 'For an earlier moment, another timeline or another backup, make a new plan.',
  });
}
