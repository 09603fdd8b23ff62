/**
 * Deletes what is older than a backup, as `walkback prune` would with a promise that begins there: every backup, and the WAL,
 * that no moment from that backup on needs, on any line of history.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { archiveInUse, refuseBackupsInUse } from '../../app/backups-in-use.ts';
import type { Backup } from '../../backup/backup.ts';
import { readBackupListing } from '../../backup/list.ts';
import { runPrune } from '../../prune/prune.ts';
import { decidePlan, type GoingSegments, type PrunePlan } from '../../prune/prune-plan.ts';
import { keptFromMs } from './deletion-target.ts';
import type { WalgFlag, WalgGiven, WalgSession } from './walg-command.ts';
import type { WalgLog } from './walg-log.ts';

/** Of every `delete` command. */
export const DELETE_FLAGS: Readonly<Record<string, WalgFlag>> = {
  confirm: { summary: 'Confirms backup deletion' },
  'use-sentinel-time': {
    summary: 'Accepted, without effect: times of sentinels always decide',
  },
};

function logPlan(plan: PrunePlan, log: WalgLog): void {
  for (const { backup, reason } of plan.kept) log.debug(`${backup.name} stays (${reason.kind})`);
  for (const { backup } of plan.going) log.info(`Backup marked for deletion: ${backup.name} storage=default`);
  logSegments(plan.segments, log);
}

/** What of WAL goes. */
export function logSegments(segments: readonly GoingSegments[], log: WalgLog): void {
  for (const { firstName, lastName, segmentCount } of segments) {
    log.info(`WAL marked for deletion: ${firstName} to ${lastName}, ${segmentCount} segments storage=default`);
  }
}

/** The last line, which scripts look for. */
export function logCount(count: number, isConfirmed: boolean, log: WalgLog): void {
  log.info(
    isConfirmed
      ? `Objects deleted successfully: count=${count}`
      : `Dry run: objects would be deleted count=${count}, Run with --confirm to execute`,
  );
}

/** Plans, shows, and with `--confirm` runs. */
export async function deleteOlder(
  { flags }: WalgGiven,
  session: WalgSession,
  choose: (backups: readonly Backup[]) => Backup | undefined,
): Promise<number> {
  const { settings, log, signal } = session;
  await using archive = await openArchive(settings);
  const { store } = archive;
  log.info('Backup to delete will be searched in storages: [default]');
  const { backups } = await readBackupListing(store, signal);
  const target = choose(backups);
  if (target === undefined) {
    log.info('No backup found for deletion');
    return 0;
  }
  log.info(`Everything from ${target.name} on stays`);
  // A recovery on this host may need WAL of a time that is not to stay, although its backup does.
  const request = { policy: { keepFull: 1 }, inUse: await archiveInUse(settings, archive) };
  const { plan } = await decidePlan(store, request, { signal }, keptFromMs(target, backups));
  logPlan(plan, log);
  if (!flags.has('confirm')) {
    logCount(plan.totals.objects, false, log);
    return 0;
  }
  await refuseBackupsInUse(
    settings,
    archive,
    plan.going.map(({ backup }) => backup.name),
  );
  const { objects } = await runPrune(store, plan, { signal, inUse: await archiveInUse(settings, archive) });
  logCount(objects, true, log);
  return 0;
}
