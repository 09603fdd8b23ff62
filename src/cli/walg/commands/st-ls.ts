/**
 * `wal-g st ls`: what is in a folder of the archive.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { STORAGE_FLAGS, storagePath } from '../storage-flags.ts';
import { storageTable, type StorageRow } from '../storage-rows.ts';
import { refuseOtherStorage } from '../target-storage.ts';
import type { WalgCommand } from '../walg-command.ts';

async function rowsOf(
  store: ObjectStore,
  folder: string,
  isRecursive: boolean,
  signal: AbortSignal,
): Promise<StorageRow[]> {
  const nameOf = (key: string): string => key.slice(folder.length);
  if (isRecursive) {
    const objects = await Array.fromAsync(store.list(folder, { signal }));
    return objects.map(({ key, sizeBytes, modifiedAt }) => ({ name: nameOf(key), sizeBytes, modifiedAt }));
  }
  const { objects, folders } = await store.listFolder(folder, { signal });
  return [
    ...folders.map((name) => ({ name, sizeBytes: 0 })),
    ...objects.map(({ key, sizeBytes, modifiedAt }) => ({ name: nameOf(key), sizeBytes, modifiedAt })),
  ];
}

/** The command. */
export const stLs: WalgCommand = {
  words: 'st ls',
  summary: 'Prints objects in the provided storage folder',
  usage: '[relative folder path]',
  flags: { ...STORAGE_FLAGS, recursive: { short: 'r', summary: 'List folder recursively' } },
  operands: [0, 1],
  listener: 'operator',
  run: async ({ operands: [path = ''], flags, values }, { settings, signal, streams }) => {
    refuseOtherStorage(values);
    await using archive = await openArchive(settings);
    const folder = storagePath(path) === '' ? '' : `${storagePath(path)}/`;
    await streams.out.write(storageTable(await rowsOf(archive.store, folder, flags.has('recursive'), signal)));
    return 0;
  },
};
