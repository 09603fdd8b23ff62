/**
 * `wal-g st stat`: one object's size and time.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import { noObject, STORAGE_FLAGS, storagePath } from '../storage-flags.ts';
import { storageTable } from '../storage-rows.ts';
import { readStorage } from '../target-storage.ts';
import type { WalgCommand } from '../walg-command.ts';

/** The command. */
export const stStat: WalgCommand = {
  words: 'st stat',
  summary: 'Prints metadata of the specified storage object',
  usage: 'relative_object_path',
  flags: STORAGE_FLAGS,
  operands: [1, 1],
  listener: 'operator',
  run: async ({ operands: [path = ''], values }, { settings, signal, streams }) => {
    await using archive = await openArchive(settings, readStorage(values, settings.environment));
    const found = await archive.store.stat(storagePath(path), { signal });
    if (found === undefined) throw noObject(path, archive.store.address);
    await streams.out.write(storageTable([{ ...found, name: storagePath(path) }]));
    return 0;
  },
};
