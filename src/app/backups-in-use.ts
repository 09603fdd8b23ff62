/**
 * Backups that recoveries on this host are using: deleting one would leave a rehearsal that cannot be restored again,
 * stepped on or started again.
 *
 * @module
 */

import { localCluster } from '../cluster/local/local-cluster.ts';
import { Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import { isUnderWay, listRecoveries, type RecoveryStatus } from '../recovery/status.ts';
import type { InUse } from '../prune/prune-facts.ts';
import type { Archive } from './open-archive.ts';
import { liveServer } from './open-recovery-uses.ts';

/** A plan that was not run for so long is not going to be; its run would say that its backup is gone. */
const PLAN_COUNTS_MS = 24 * 3_600_000;

function usesItsBackup({ state, plan }: RecoveryStatus, nowMs: number): boolean {
  if (state === 'planned') return nowMs - Date.parse(plan.createdAt) < PLAN_COUNTS_MS;
  return isUnderWay(state);
}

async function recoveriesOf(settings: Settings, archive: Archive): Promise<readonly RecoveryStatus[]> {
  if (settings.get('dataDirectory') === undefined) return [];
  const { server } = await liveServer(settings, '');
  return listRecoveries(localCluster({ name: archive.clusterName, server }));
}

/**
 * What recoveries on this host need of the archive: the backups of those under way and of plans of the last day, and the
 * lines of history that an undo would go back to.
 */
export async function archiveInUse(settings: Settings, archive: Archive, nowMs = Date.now()): Promise<InUse> {
  const recoveries = await recoveriesOf(settings, archive);
  const using = recoveries.filter((one) => usesItsBackup(one, nowMs));
  const undoable = recoveries.filter(({ state, places }) => isUnderWay(state) || places.includes('kept'));
  return {
    backups: new Map(using.map(({ id, plan }) => [plan.backup.name, id])),
    timelines: new Map(undoable.map(({ id, plan }) => [plan.preconditions.liveTimeline, id])),
  };
}

/**
 * Nothing if the settings name no server: then no recovery can be under way here.
 *
 * @throws {Failure} `refused` if a backup of these names is used by a recovery under way or a plan of the last day.
 */
export async function refuseBackupsInUse(
  settings: Settings,
  archive: Archive,
  names: readonly string[],
  nowMs = Date.now(),
): Promise<void> {
  const recoveries = await recoveriesOf(settings, archive);
  const user = recoveries.find((one) => names.includes(one.plan.backup.name) && usesItsBackup(one, nowMs));
  if (user === undefined) return;
  const { id, state, plan } = user;
  throw new Failure('refused', {
    message: `cannot delete ${plan.backup.name}: ${state === 'planned' ? 'plan' : 'recovery'} ${id} uses it`,
    remedy:
      state === 'planned' || state === 'rehearsing' || state === 'standing'
        ? `Finish it, or throw it away:  walkback rehearse --discard ${id}`
        : `Finish it, or go back:  walkback undo ${id}`,
  });
}
