/**
 * What is done on a volume while no server uses it: short pieces of work, each of which may be done again after it was
 * interrupted anywhere.
 *
 * @module
 */

import type { PlanFacts } from '../../recovery/facts.ts';
import { parseJsonOrNothing } from '../../base/unknown-value.ts';
import { isVolumeRole, type VolumePlan } from './volume-plan.ts';

/** One piece. */
export type VolumeTask =
  /** Says what is there, and changes nothing. */
  | { readonly do: 'probe' }
  /** Pushes the WAL that the archiver of a stopped server had left. */
  | { readonly do: 'archiveRest' }
  /** live → kept, rehearsal → live. `back`: live → replaced, kept → live. */
  | { readonly do: 'swap'; readonly id: string; readonly back?: boolean }
  /**
   * The data from before open a timeline above all that the archive has, for an undo after the new line had opened. They are
   * where a swap has put them; on a volume without such a swap they are at PGDATA.
   */
  | { readonly do: 'reopen'; readonly id: string }
  /** Removes what one recovery has left: its rehearsal, or what it kept. */
  | { readonly do: 'remove'; readonly id: string; readonly what: 'rehearsal' | 'kept' | 'replaced' };

/** One data directory on a volume. */
export interface ProbedData {
  readonly directory: string;
  readonly place: 'live' | 'rehearsal' | 'kept' | 'replaced';
  /** The recovery's, of all places but `live`. */
  readonly id: string | null;
  /** Decimal. */
  readonly systemIdentifier: string;
  readonly majorVersion: number;
  readonly timeline: number;
  /** As `pg_controldata` says it: `shut down`, `in production` … */
  readonly controlState: string;
  readonly isShutDown: boolean;
  readonly checkpointLsn: string;
  /** Of a server that was in recovery: how far its data have got, beyond the checkpoint. */
  readonly minRecoveryLsn: string;
  readonly minRecoveryTimeline: number;
  /** What whoever replays WAL of it must not be without. */
  readonly walLevel: PlanFacts['control']['walLevel'];
  readonly required: PlanFacts['control']['required'];
  /** Decimal. */
  readonly sizeBytes: string;
  /** WAL files that the archiver has not acknowledged. */
  readonly unarchived: readonly string[];
}

/** What a volume holds. */
export interface ProbedVolume {
  readonly data: readonly ProbedData[];
  /** Directories of data that cannot be read: a restore that was interrupted, or damage. */
  readonly unreadable: readonly { readonly directory: string; readonly why: string }[];
  readonly totalBytes: string;
  readonly freeBytes: string;
}

/** What came of one piece. */
export type VolumeTaskResult =
  | { readonly did: 'probe'; readonly volume: ProbedVolume }
  | { readonly did: 'archiveRest'; readonly pushed: number }
  | { readonly did: 'swap'; readonly wasDone: boolean }
  | { readonly did: 'reopen'; readonly timeline: number; readonly changedRoles: readonly string[] }
  | { readonly did: 'remove'; readonly freedBytes: string };

const PLACES = new Set<unknown>(['rehearsal', 'kept', 'replaced']);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isVolumeTask(value: unknown): value is VolumeTask {
  if (!isObject(value)) return false;
  if (value['do'] === 'probe' || value['do'] === 'archiveRest') return true;
  if (typeof value['id'] !== 'string') return false;
  if (value['do'] === 'swap') return value['back'] === undefined || typeof value['back'] === 'boolean';
  return value['do'] === 'reopen' || (value['do'] === 'remove' && PLACES.has(value['what']));
}

/** What `walkback volume run` is handed. */
export interface VolumeTasks extends Partial<Pick<VolumePlan, 'roles' | 'user'>> {
  readonly tasks: readonly VolumeTask[];
}

/** Reads it; `undefined` if it is not of this version. */
export function parseTasksRequest(text: string): VolumeTasks | undefined {
  const value = parseJsonOrNothing(text);
  if (!isObject(value) || !Array.isArray(value['tasks'])) return undefined;
  const { tasks, roles = [], user } = value;
  const isWhole = tasks.every(isVolumeTask) && Array.isArray(roles) && roles.every(isVolumeRole);
  if (!isWhole || (user !== undefined && typeof user !== 'string')) return undefined;
  return {
    tasks: tasks.filter(isVolumeTask),
    roles: roles.filter(isVolumeRole),
    ...(user === undefined ? {} : { user }),
  };
}

/** True for what one of them has answered. */
export function isVolumeTaskResult(value: unknown): value is VolumeTaskResult {
  return isObject(value) && ['probe', 'archiveRest', 'swap', 'reopen', 'remove'].includes(String(value['did']));
}
