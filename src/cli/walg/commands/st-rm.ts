/**
 * `wal-g st rm`: deletes one object.
 *
 * WAL-G deletes whatever begins with the text, at once. Here a text that is not one object's whole name is refused: half a
 * backup, or the WAL that one needs, would go without anybody having planned it.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import { refuseIfFrozen } from '../../../backup/freeze-note.ts';
import { Failure } from '../../../base/failure.ts';
import { STORAGE_FLAGS, storagePath } from '../storage-flags.ts';
import { refuseOtherStorage } from '../target-storage.ts';
import type { WalgCommand } from '../walg-command.ts';

/** The command. */
export const stRm: WalgCommand = {
  words: 'st rm',
  summary: 'Removes one object from the storage',
  usage: 'relative_object_path',
  flags: STORAGE_FLAGS,
  operands: [1, 1],
  listener: 'operator',
  run: async ({ operands: [path = ''], values }, { settings, signal, log }) => {
    refuseOtherStorage(values);
    await using archive = await openArchive(settings);
    const key = storagePath(path);
    const found = key === '' ? undefined : await archive.store.stat(key, { signal });
    if (found === undefined) {
      throw new Failure('refused', {
        message: `cannot remove ${JSON.stringify(path)}: it is not the whole name of one object, and deleting by the beginning of a name is not supported`,
        remedy:
          'Delete backups with wal-g delete, old WAL with walkback prune, and single objects by their names (wal-g st ls -r).',
      });
    }
    await refuseIfFrozen(archive.store, 'remove an object', { signal });
    await archive.store.delete([key], { signal });
    log.info(`${key} is deleted`);
    return 0;
  },
};
