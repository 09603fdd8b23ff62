/**
 * The moment that a rehearsal can stand at: found from a backup that can be restored, and from which a server answers queries
 * at the target. Without them a pause there is no pause: the server opens.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { Failure, isFailure } from '../base/failure.ts';
import { backupsOnLine, findMoment, type FindMomentRequest } from '../history/find-moment.ts';
import type { FoundMoment } from '../history/found-moment.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';

/** True if replay from the backup can answer queries, and so pause, at the target. */
function canPause(found: FoundMoment<Backup>): boolean {
  return found.hotStandbyFromLsn !== undefined && found.hotStandbyFromLsn <= found.targetLsn;
}

/**
 * The newest backup from which replay can reach the target *and* pause there.
 *
 * @returns the moment, and the names of the backups that were passed over.
 * @throws {Failure} `refused` if the target cannot be reached, or from no backup so that it pauses.
 */
export async function findPausable(
  request: FindMomentRequest<Backup>,
): Promise<{ found: FoundMoment<Backup>; passedOver: string[] }> {
  const passedOver: string[] = [];
  for (;;) {
    const backups = request.backups.filter((backup) => !passedOver.includes(backup.name));
    const found = await findMoment({ ...request, backups }).catch((error: unknown) => {
      throw passedOver.length > 0 && isFailure(error, 'refused') ? cannotPause(passedOver, error) : error;
    });
    if (canPause(found)) return { found, passedOver };
    passedOver.push(found.backup.name);
  }
}

function cannotPause(passedOver: readonly string[], cause: Failure): Failure {
  return new Failure('refused', {
    message:
      'cannot rehearse that target: from no backup before it can a server answer queries there, because a transaction with more than 64 subtransactions was open all the way',
    remedy: 'Choose a target behind the end of that transaction, or one that an earlier backup reaches.',
    facts: [`looked from ${passedOver.join(', ')}`],
    cause,
  });
}

/**
 * Of the backups that can be restored those that may be used.
 *
 * @param only the backup of a rehearsal that is stepped on, and the recovery's id.
 * @throws {Failure} `refused` if that backup is gone.
 */
export function usableBackups(
  backups: readonly Backup[],
  only?: { readonly id: string; readonly backupName: string },
): Backup[] {
  if (only === undefined) return [...backups];
  const named = backups.filter(({ name }) => name === only.backupName);
  if (named.length > 0) return named;
  throw new Failure('refused', {
    message: `cannot step recovery ${only.id} on: its backup ${only.backupName} is no longer in the archive`,
    remedy: 'Make a new plan:  walkback recover plan',
  });
}

/** Deltas on the line that lie nearer to the target than the backup that was chosen, and cannot be restored. */
export function deltasPassedOver(
  backups: readonly Backup[],
  restorable: readonly Backup[],
  found: FoundMoment<Backup>,
  line: TimelineHistory,
): string[] {
  const { finishLsn } = found.backup;
  const names = new Set(restorable.map(({ name }) => name));
  return backupsOnLine({ line, backups })
    .filter((one) => !names.has(one.name) && one.finishLsn > finishLsn && one.finishLsn <= found.targetLsn)
    .map(({ name }) => name);
}
