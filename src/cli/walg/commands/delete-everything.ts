/**
 * `wal-g delete everything`: deletes all backups and all WAL of the archive.
 *
 * Sentinels go first, so that nothing that is half deleted is listed. What is neither WAL-G's nor ours stays. A permanent
 * backup is in the way without FORCE, and a frozen archive or a recovery that uses a backup always is.
 *
 * @module
 */

import { refuseBackupsInUse } from '../../../app/backups-in-use.ts';
import { openArchive } from '../../../app/open-archive.ts';
import { refuseIfFrozen } from '../../../backup/freeze-note.ts';
import { readBackupListing } from '../../../backup/list.ts';
import { listMarked } from '../../../backup/running-marker.ts';
import { Failure } from '../../../base/failure.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { sentinelKey } from '../../../walg/backup-names.ts';
import { BACKUPS_FOLDER, WAL_FOLDER } from '../../../walg/object-names.ts';
import { DELETE_FLAGS, logCount } from '../delete-older.ts';
import type { WalgCommand } from '../walg-command.ts';

const FOLDERS = [BACKUPS_FOLDER, WAL_FOLDER, 'walkback_001/'] as const;
const KEYS_AT_ONCE = 500;

async function keysBelow(store: ObjectStore, signal: AbortSignal): Promise<string[]> {
  const keys: string[] = [];
  for (const folder of FOLDERS) for await (const { key } of store.list(folder, { signal })) keys.push(key);
  return keys;
}

/** @throws {Failure} `refused` while a backup is being taken: its parts would go, and its sentinel come. */
async function refuseIfBackedUp(store: ObjectStore): Promise<void> {
  const running = (await listMarked(store, new Date())).find(({ isAlive }) => isAlive);
  if (running === undefined) return;
  throw new Failure('refused', {
    message: `cannot delete everything: the backup ${running.name} is being taken`,
    remedy: 'Wait until it has ended, and stop the agent of the cluster first.',
  });
}

/** The command. */
export const deleteEverything: WalgCommand = {
  words: 'delete everything',
  summary: 'Deletes all backups and all WAL',
  usage: '[FORCE]',
  flags: DELETE_FLAGS,
  operands: [0, 1],
  listener: 'operator',
  run: async ({ operands, flags }, { settings, log, signal }) => {
    const [force] = operands;
    if (force !== undefined && force !== 'FORCE') {
      throw new Failure('usage', { message: `unknown word: ${force}`, remedy: 'Give FORCE or nothing.' });
    }
    await using archive = await openArchive(settings);
    const { store } = archive;
    const { backups, broken } = await readBackupListing(store, signal);
    const permanent = backups.filter(({ isPermanent }) => isPermanent);
    if (permanent.length > 0 && force === undefined) {
      throw new Failure('refused', {
        message: `cannot delete everything: ${permanent.length} permanent backups are there`,
        remedy: 'Put FORCE behind it to delete them too.',
        facts: permanent.map(({ name }) => name),
      });
    }
    const names = [...backups, ...broken].map(({ name }) => name);
    const sentinels = names.map(sentinelKey);
    const all = await keysBelow(store, signal);
    const keys = [...sentinels, ...all.filter((key) => !sentinels.includes(key))];
    for (const key of keys) log.info(`Object marked for deletion: ${key} storage=default`);
    const isConfirmed = flags.has('confirm');
    if (isConfirmed) {
      await refuseIfBackedUp(store);
      await refuseBackupsInUse(settings, archive, names);
      for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
        // Also in the middle: whoever freezes it means what is left.
        await refuseIfFrozen(store, 'delete everything', { signal });
        await store.delete(keys.slice(at, at + KEYS_AT_ONCE), { signal });
      }
    }
    logCount(keys.length, isConfirmed, log);
    return 0;
  },
};
