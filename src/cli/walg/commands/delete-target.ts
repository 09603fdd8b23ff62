/**
 * `wal-g delete target`: deletes one backup and the deltas that build on it. WAL stays.
 *
 * A chain with a permanent backup is refused; WAL-G deletes it.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import { refuseBackupsInUse } from '../../../app/backups-in-use.ts';
import { chainOf } from '../../../backup/delta-chain.ts';
import { namesOf, prepareDelete, runDelete } from '../../../backup/delete.ts';
import { findBackup, listBackups } from '../../../backup/list.ts';
import { Failure } from '../../../base/failure.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { DELETE_FLAGS, logCount } from '../delete-older.ts';
import { readModifier } from '../deletion-target.ts';
import { findByUserData, parseUserData } from '../../../backup/find-by-user-data.ts';
import type { WalgCommand } from '../walg-command.ts';

async function rootOf(store: ObjectStore, name: string): Promise<string> {
  return chainOf(await findBackup(store, name), await listBackups(store))[0]?.name ?? name;
}

/** The command. */
export const deleteTarget: WalgCommand = {
  words: 'delete target',
  summary: 'Deletes a backup and all that build on it',
  usage: '[FIND_FULL] backup_name | --target-user-data <data>',
  flags: {
    ...DELETE_FLAGS,
    'target-user-data': { takes: 'string', summary: 'delete the backup which has the specified user data' },
  },
  operands: [0, 2],
  listener: 'operator',
  run: async ({ operands, values, flags }, { settings, log, signal }) => {
    const { modifier, rest } = readModifier(operands);
    const userData = values.get('target-user-data');
    if (modifier === 'FULL' || (rest[0] === undefined) === (userData === undefined)) {
      throw new Failure('usage', {
        message: 'cannot tell which backup to delete',
        remedy: "Give a backup's name, with FIND_FULL in front for its whole chain, or --target-user-data.",
      });
    }
    await using archive = await openArchive(settings);
    const { store } = archive;
    const named = rest[0] ?? (await findByUserData(store, parseUserData(userData ?? ''), signal));
    const name = modifier === 'FIND_FULL' ? await rootOf(store, named) : named;
    log.info(`Selecting the backup with name ${name}...`);
    const prepared = await prepareDelete(store, { kind: 'one', name });
    for (const key of prepared.keys) log.info(`Object marked for deletion: ${key} storage=default`);
    const isConfirmed = flags.has('confirm');
    if (isConfirmed) {
      await refuseBackupsInUse(settings, archive, namesOf(prepared.plan));
      await runDelete(store, prepared);
    }
    logCount(prepared.keys.length, isConfirmed, log);
    return 0;
  },
};
