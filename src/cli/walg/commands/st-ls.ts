/**
 * `wal-g st ls`: what is in a folder of the archive; recursively, one level of folders after another.
 *
 * Source: WAL-G `internal/storagetools/folder_list_handler.go`, `pkg/storages/storage/folder.go` (`ListFolderRecursively`),
 * `pkg/storages/fs/folder.go`.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { STORAGE_FLAGS, storagePath } from '../storage-flags.ts';
import { storageTable, type StorageRow } from '../storage-rows.ts';
import { readStorage } from '../target-storage.ts';
import type { WalgCommand } from '../walg-command.ts';

const depthOf = (name: string): number => name.split('/').length - 1;

async function rowsOf(
  store: ObjectStore,
  folder: string,
  isRecursive: boolean,
  signal: AbortSignal,
): Promise<StorageRow[]> {
  const nameOf = (key: string): string => key.slice(folder.length);
  if (isRecursive) {
    const objects = await Array.fromAsync(store.list(folder, { signal }));
    const rows = objects.map(({ key, sizeBytes, modifiedAt }) => ({ name: nameOf(key), sizeBytes, modifiedAt }));
    // In a file system WAL-G cuts off the folder's name without the slash behind it.
    const isCutShort = folder !== '' && store.answersCheaply === true;
    return rows
      .toSorted((a, b) => depthOf(a.name) - depthOf(b.name))
      .map((row) => (isCutShort && depthOf(row.name) > 0 ? { ...row, name: `/${row.name}` } : row));
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
    await using archive = await openArchive(settings, readStorage(values, settings.environment));
    const folder = storagePath(path) === '' ? '' : `${storagePath(path)}/`;
    await streams.out.write(storageTable(await rowsOf(archive.store, folder, flags.has('recursive'), signal)));
    return 0;
  },
};
