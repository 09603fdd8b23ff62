/**
 * Which objects of an archive are encrypted, where a key is set.
 *
 * WAL-G's: everything below `wal_005/` and the tars of backups, but no JSON. Ours: what tells about the data, which is
 * the indexes of segments and parts and the names from the catalogs. What says who owns the archive and what is going on
 * there stays readable to everybody who may read the archive at all.
 *
 * Source: WAL-G `internal/uploader.go` (`Upload`, `UploadFile` compress and encrypt; `UploadDto` does not).
 *
 * @module
 */

import { BACKUPS_FOLDER, WAL_FOLDER } from '../walg/object-names.ts';
import { NAMES_FOLDER } from './catalog-snapshots.ts';

const TAR_FOLDER = /^[^/]+\/tar_partitions\//;
/** Indexes of segments (`wal-index/index-object.ts`), of parts (`backup/own-objects.ts`), and names. */
const OWN_FOLDERS = ['walkback_001/history/', 'walkback_001/backups/', NAMES_FOLDER];
const OWN_FOLDER = 'walkback_001/';

/** True if the object of this key is encrypted. */
export function isEncryptedKey(key: string): boolean {
  if (OWN_FOLDERS.some((folder) => key.startsWith(folder))) return true;
  if (key.endsWith('.json')) return false;
  if (key.startsWith(WAL_FOLDER)) return true;
  return key.startsWith(BACKUPS_FOLDER) && TAR_FOLDER.test(key.slice(BACKUPS_FOLDER.length));
}

/** True if the object of this key is part of an archive, and stays readable: any other that somebody puts there is encrypted. */
export function isPlainKey(key: string): boolean {
  if (isEncryptedKey(key)) return false;
  if (key.startsWith(OWN_FOLDER)) return true;
  return key.endsWith('.json') && (key.startsWith(BACKUPS_FOLDER) || key.startsWith(WAL_FOLDER));
}
