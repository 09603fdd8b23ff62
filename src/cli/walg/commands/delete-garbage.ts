/**
 * `wal-g delete garbage`: deletes WAL that no backup needs, and what is left of backups that were never finished; `ARCHIVES` and
 * `BACKUPS` one of the two alone.
 *
 * Backups older than the oldest one that is not permanent are permanent, so none goes. Without any that is not permanent
 * nothing goes; WAL-G then deletes all WAL and all leftovers with `--without-backup-check`, which is refused here.
 *
 * @module
 */

import { archiveInUse } from '../../../app/backups-in-use.ts';
import { openArchive } from '../../../app/open-archive.ts';
import { deleteLeftovers, findLeftovers } from '../../../backup/leftovers.ts';
import { readBackupListing } from '../../../backup/list.ts';
import { Failure } from '../../../base/failure.ts';
import { deleteOutdatedWal, findOutdatedWal } from '../../../prune/outdated-wal.ts';
import { DELETE_FLAGS, logCount, logSegments } from '../delete-older.ts';
import { keptFromMs, targetGarbage } from '../deletion-target.ts';
import type { WalgCommand, WalgGiven, WalgSession } from '../walg-command.ts';

/** What is deleted: outdated WAL, leftovers of backups, or both. */
function kindsOf({ operands: [what], flags }: WalgGiven): { readonly wal: boolean; readonly leftovers: boolean } {
  if (flags.has('without-backup-check')) {
    throw new Failure('refused', {
      message: 'cannot delete garbage without a look at the backups: WAL that they need would go',
      remedy: 'Leave --without-backup-check out.',
    });
  }
  if (what === undefined || what === 'ARCHIVES' || what === 'BACKUPS')
    return { wal: what !== 'BACKUPS', leftovers: what !== 'ARCHIVES' };
  throw new Failure('usage', {
    message: `unknown kind of garbage: ${what}`,
    remedy: 'Give ARCHIVES, BACKUPS or nothing.',
  });
}

/** Finds, shows, and with `--confirm` deletes. */
async function deleteGarbageOf(given: WalgGiven, { settings, log, signal }: WalgSession): Promise<number> {
  const kinds = kindsOf(given);
  await using archive = await openArchive(settings);
  const { store } = archive;
  log.info('Backup to delete will be searched in storages: [default]');
  const listing = await readBackupListing(store, signal);
  const target = targetGarbage(listing.backups);
  if (target === undefined) {
    log.info('No backup found for deletion');
    return 0;
  }
  log.info(`Everything from ${target.name} on stays`);
  const leftovers = kinds.leftovers ? await findLeftovers(store, listing, target, { signal }) : [];
  for (const { name } of leftovers) log.info(`Leftover of a backup marked for deletion: ${name} storage=default`);
  const wal = kinds.wal
    ? await findOutdatedWal(store, keptFromMs(target, listing.backups), await archiveInUse(settings, archive), {
        signal,
      })
    : { segments: [], keys: [] };
  logSegments(wal.segments, log);
  const isConfirmed = given.flags.has('confirm');
  if (isConfirmed) {
    await deleteLeftovers(store, leftovers, { signal });
    await deleteOutdatedWal(store, wal, { signal });
  }
  logCount(wal.keys.length + leftovers.reduce((sum, { objects }) => sum + objects, 0), isConfirmed, log);
  return 0;
}

/** The command. */
export const deleteGarbage: WalgCommand = {
  words: 'delete garbage',
  summary: 'Deletes outdated WAL and leftovers of backups',
  usage: '[ARCHIVES|BACKUPS]',
  flags: {
    ...DELETE_FLAGS,
    'without-backup-check': { summary: 'Refused: WAL that permanent backups need would go' },
  },
  operands: [0, 1],
  listener: 'operator',
  run: deleteGarbageOf,
};
