/**
 * The contract of a kind of cluster: what a recovery needs from whatever keeps PostgreSQL running.
 *
 * A recovery moves data directories between places. Each place of a recovery has one fixed name, so that which moves have
 * been made can be seen from what is there, also after the machine has died:
 *
 * | place | holds |
 * |---|---|
 * | `live` | what the cluster runs |
 * | `rehearsal` | the restored data, until the cutover |
 * | `kept` | the data from before, from the cutover to its release |
 * | `replaced` | the recovered data that an undo has put aside |
 *
 * What every kind promises (`conformance.ts`, run against each):
 *
 * - A move is atomic and survives the machine: afterwards exactly one of the two places is there.
 * - A move never replaces anything: a target that is there is a `conflict`.
 * - A move of the live data while their server runs is refused.
 * - Stopping is clean or a `Failure`; it is never forced.
 * - Stop, start and moves that are done already succeed.
 *
 * @module
 */

import type { Connection } from '../instance/connection.ts';
import type { ServerState } from '../instance/live-server.ts';
import type { PatroniControl } from './patroni-control.ts';

/** The kinds of cluster there are. */
export type ClusterKind = 'local' | 'patroni';

/** What a plan may be of: a cluster of this host, or one in a namespace, whose recovery is `src/kubernetes/`. */
export type PlannedClusterKind = ClusterKind | 'kubernetes';

/** The places of one recovery. */
export type PlaceName = 'live' | 'rehearsal' | 'kept' | 'replaced';

/** Why a recovery could not move data here, found before anything is touched. */
export interface PlaceProblem {
  readonly message: string;
  readonly remedy: string;
}

/** What is set of `default_transaction_read_only` for a cluster by the means of its kind. */
export type ReadOnlyDefault = 'on' | 'off' | 'unset';

/** What keeps one cluster's PostgreSQL running. */
export interface Cluster {
  readonly kind: ClusterKind;
  /** What the operator types to confirm a cutover. */
  readonly name: string;
  /** The data directory of the server, for messages and for reading its files. */
  readonly dataDirectory: string;
  /** The folder of all recoveries: journals, plans, places. */
  readonly recoveriesFolder: string;
  /** The folder of one recovery. */
  recoveryFolder(id: string): string;
  /** Where a place is, whether or not anything is there. */
  placeOf(id: string, place: PlaceName): string;
  isPresent(id: string, place: PlaceName): Promise<boolean>;
  /** Moves the data directory `from` → `to`. Done already (`from` gone, `to` there): nothing happens. */
  move(id: string, from: PlaceName, to: PlaceName): Promise<void>;
  /** What would keep {@link Cluster.move} from working. */
  placeProblems(): Promise<PlaceProblem[]>;
  /** Bytes free where the places are. */
  freeBytes(): Promise<bigint>;
  state(): Promise<ServerState>;
  /** A connection to the live server, proven to be the one on `dataDirectory`. */
  connect(): Promise<Connection>;
  stop(): Promise<void>;
  start(): Promise<void>;
  readOnlyDefault(): Promise<ReadOnlyDefault>;
  /** Sets it, on a live server that runs, and waits until new sessions have it: with `unset`, that they may write. */
  setReadOnlyDefault(value: ReadOnlyDefault): Promise<void>;
  /** `stop` and `start` as lines to read, for plans. */
  readonly commandLines: { readonly stop: string; readonly start: string };
  /** Patroni, for the kinds that it runs. */
  readonly patroni?: PatroniControl;
}
