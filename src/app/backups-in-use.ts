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
import type { Archive } from './open-archive.ts';
import { liveServer } from './open-recovery-uses.ts';

/** A plan that was not run for so long is not going to be; its run would say that its backup is gone. */
const PLAN_COUNTS_MS = 24 * 3_600_000;

function usesItsBackup({ state, plan }: RecoveryStatus, nowMs: number): boolean {
  if (state === 'planned') return nowMs - Date.parse(plan.createdAt) < PLAN_COUNTS_MS;
  return isUnderWay(state);
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
  if (settings.get('dataDirectory') === undefined) return;
  const { server } = await liveServer(settings, '');
  const recoveries = await listRecoveries(localCluster({ name: archive.clusterName, server }));
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
