/**
 * What a bootstrap works with, as values.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { PassedOver } from './choose-archive.ts';
import type { UpgradeMode } from './clone-plan-value.ts';
import type { BootstrapPlace } from './place.ts';

/** How the work is watched and stopped. */
export interface BootstrapRun {
  readonly place: BootstrapPlace;
  readonly nowUs: () => bigint;
  readonly onProgress: OnProgress;
  /** A line for the log. */
  readonly note: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What a clone works with. */
export interface CloneUses extends BootstrapRun {
  /** The archive that the clone is made of. */
  readonly store: ObjectStore;
  /** Archives that were looked in before it, and do not serve the target. */
  readonly passedOver?: readonly PassedOver[];
  /** The archive that the new cluster will write, if one was named; the same object where it is the same archive. */
  readonly writesTo: ObjectStore | undefined;
  /** The folder with `postgres` of a major. @throws {Failure} `refused` if it is not there. */
  readonly binariesOf: (major: number) => Promise<string>;
  /** Variables for programs that are started. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A superuser that the data hold. */
  readonly user: string;
  readonly restoreScript?: string;
  readonly concurrency?: number;
  /** How fast a backup is read from the store; as fast as it goes unless told. */
  readonly limiter?: RateLimiter | undefined;
}

/** What clone is asked for. */
export interface CloneRequest {
  readonly scope: string;
  readonly target: RecoveryTarget;
  /** Follow the line of history of this timeline. */
  readonly timeline: number | undefined;
  /** The major that the new cluster is to have; the backup's unless told. */
  readonly major: number | undefined;
  readonly upgradeMode: UpgradeMode;
  /** Also if the archive says that this clone has been made before. */
  readonly again: boolean;
}
