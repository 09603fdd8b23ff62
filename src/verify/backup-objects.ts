/**
 * The objects of one backup, with what proves each again.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import { listTarObjects, type BackupObject } from '../restore/tar-objects.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { filesMetadataKey, sentinelKey, tarPartitionsFolder } from '../walg/backup-names.ts';

/** A tar object as the store lists it. */
export interface ListedPart {
  readonly object: BackupObject;
  readonly info: ObjectInfo;
}

/** What a backup consists of. */
export interface BackupObjects {
  readonly sentinel: ObjectInfo;
  /** The list of files; absent in old backups. */
  readonly list: ObjectInfo | undefined;
  readonly parts: readonly ListedPart[];
}

/** Lists it. @throws {Failure} `corrupt`, `refused` if it cannot be restored as it is. */
export async function listBackupObjects(
  store: ObjectStore,
  backup: Backup,
  options: CallOptions = {},
): Promise<BackupObjects> {
  const [sentinel, list, folder] = await Promise.all([
    store.stat(sentinelKey(backup.name), options),
    store.stat(filesMetadataKey(backup.name), options),
    store.listFolder(tarPartitionsFolder(backup.name), options),
  ]);
  if (sentinel === undefined) {
    throw new Failure('notInArchive', {
      message: `${backup.name} is not in the archive any more`,
      remedy: 'It was deleted meanwhile: verify again.',
    });
  }
  const infos = new Map(folder.objects.map((info) => [info.key, info]));
  const parts = (await listTarObjects(store, backup)).flatMap((object): ListedPart[] => {
    const info = infos.get(object.key);
    return info === undefined ? [] : [{ object, info }];
  });
  return { sentinel, list, parts };
}
