/**
 * What a recovery needs from the rest of the program, as values: the use cases know contracts, `app/` joins them to
 * what exists.
 *
 * @module
 */

import type { TakenBackup } from '../backup/take.ts';
import type { OnProgress } from '../base/progress.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** Feeds WAL to one server of ours while it replays. */
export interface WalFeed extends AsyncDisposable {
  /** A `restore_command` with the exit codes that stop a server rather than let it open short of its target. */
  readonly restoreCommand: string;
}

/** What a recovery works with. */
export interface RecoveryUses {
  readonly cluster: Cluster;
  readonly store: ObjectStore;
  /** The folder with `postgres` of the cluster's major. */
  readonly bin: string;
  /** The superuser that the cluster was made with, or another one that its data holds. */
  readonly user: string;
  /** Where `walkback-restore` is, if it is not beside the program's sources. */
  readonly restoreScript?: string;
  /** Takes a backup of the live server, also if pages are damaged. */
  readonly takeBackup: () => Promise<Pick<TakenBackup, 'name' | 'timeline' | 'corruptFiles'>>;
  /** Microseconds since the Unix epoch. */
  readonly nowUs: () => bigint;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
  readonly concurrency?: number;
  /** How fast a backup is read from the store; as fast as it goes unless told. */
  readonly limiter?: RateLimiter | undefined;
  /** How long to wait for the live server's archiver. */
  readonly archiveTimeoutMs?: number;
}
