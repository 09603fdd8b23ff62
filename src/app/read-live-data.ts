/**
 * The data directory that the settings name, as a recovery would find it: whose it is, whether a server runs on it, and
 * what would keep it from being swapped.
 *
 * @module
 */

import { localCluster } from '../cluster/local/local-cluster.ts';
import type { PlaceProblem } from '../cluster/cluster.ts';
import type { Settings } from '../config/load-settings.ts';
import { controlFileOf } from '../instance/control-file-of.ts';
import { majorVersionOf } from '../instance/postmaster.ts';
import { isUnderWay, listRecoveries } from '../recovery/status.ts';
import type { RecoveryState } from '../recovery/states.ts';
import { liveServer } from './open-recovery-uses.ts';

/** What the data directory says. */
export interface LiveData {
  readonly systemIdentifier: bigint;
  readonly state: 'running' | 'stopped' | 'crashed';
  /** Why a recovery would be refused, each with its remedy. */
  readonly problems: readonly PlaceProblem[];
}

/** A recovery on this host that holds work to be done, or data. */
export interface HeldRecovery {
  readonly id: string;
  readonly state: RecoveryState;
}

/** The live server, for looking alone: a host without PostgreSQL's programs can tell too. */
async function clusterOf(settings: Settings, name: string) {
  const { server } = await liveServer(settings, '');
  return localCluster({ name, server });
}

/** Reads it. @throws {Failure} `refused` if it is no data directory, `denied` if it cannot be read. */
export async function readLiveData(settings: Settings, name: string): Promise<LiveData> {
  const cluster = await clusterOf(settings, name);
  await majorVersionOf(cluster.dataDirectory);
  const [control, state, problems] = await Promise.all([
    controlFileOf(cluster.dataDirectory),
    cluster.state(),
    cluster.placeProblems(),
  ]);
  return { systemIdentifier: control.systemIdentifier, state, problems };
}

/** Recoveries that are under way, and those that keep data, from their journals. */
export async function readHeldRecoveries(settings: Settings, name: string): Promise<readonly HeldRecovery[]> {
  const found = await listRecoveries(await clusterOf(settings, name));
  return found
    .filter(({ state, places }) => isUnderWay(state) || (places.length > 0 && state !== 'planned'))
    .map(({ id, state }) => ({ id, state }));
}
