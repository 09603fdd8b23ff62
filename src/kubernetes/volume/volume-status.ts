/**
 * What a rehearsal in a pod says of itself: one JSON object a line on standard output, each of them all that is known. The
 * last line is the state, so a watcher may come late, or be lost.
 *
 * @module
 */

/**
 * Where it is. `waiting` is between two attempts, after something that may pass (a store that is away); `failed` is for good: it
 * goes on when it is asked for something else, or is ended.
 */
export const VOLUME_STATES = [
  'starting',
  'restoring',
  'replaying',
  'standing',
  'checking',
  'finishing',
  'finished',
  'waiting',
  'failed',
] as const;

/** One of them. */
export type VolumeState = (typeof VOLUME_STATES)[number];

/** How far the work of a state is. */
export interface VolumeProgress {
  readonly phase: string;
  readonly done: number;
  readonly total: number | null;
  readonly unit: string;
  /** Units in a second, of the last ten; `null` until that is known. */
  readonly ratePerSecond: number | null;
  readonly etaSeconds: number | null;
  /** For people: `at 2026-06-05T15:02:11.620113Z`. */
  readonly note: string | null;
}

/** What is wrong, as a `Failure` says it. */
export interface VolumeProblem {
  readonly message: string;
  readonly remedy: string;
  readonly facts: readonly string[];
}

/** What came of it, once it is `finished`: the proof. */
export interface FinishedVolume {
  readonly timeline: number;
  /** As the history file of that timeline says: `before LSN 0/3000148`. */
  readonly reason: string;
  /** Where recovery ended and the timeline begins. */
  readonly switchLsn: string;
  /** Roles whose password was set. */
  readonly changedRoles: readonly string[];
  /** Where the data are now, in the pod. */
  readonly dataDirectory: string;
}

/** One line. */
export interface VolumeStatus {
  readonly version: 1;
  /** RFC 3339. */
  readonly at: string;
  /** The plan's. */
  readonly id: string;
  readonly state: VolumeState;
  /** Where the plan ends that is carried out now: it changes when the rehearsal is stepped on. */
  readonly targetLsn: string;
  /** How often the work was begun: more than once after an eviction, or a container that was killed. */
  readonly starts: number;
  readonly progress: VolumeProgress | null;
  /** Of `standing` and what follows: where replay stands. */
  readonly replayLsn: string | null;
  /** Collations whose library has another version than when the data were written. */
  readonly otherCollations: readonly string[];
  /** Of `standing` and what follows: damaged pages that the backup holds. */
  readonly damagedFiles: string | null;
  readonly problem: VolumeProblem | null;
  readonly finished: FinishedVolume | null;
}
