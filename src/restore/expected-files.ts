/**
 * What a backup says it holds, and whether all of it came out.
 *
 * Source: WAL-G `internal/databases/postgres/backup.go`. Newer versions of it restore a backup whose list of files is lost
 * as if it were whole; here that is refused.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { filesMetadataKey, sentinelKey } from '../walg/backup-names.ts';
import { parseFilesMetadata, parseFilesMetadataValue, type FilesMetadata } from '../walg/files-metadata.ts';
import { parseSentinel } from '../walg/sentinel.ts';
import type { UnpackedObject } from './restore-messages.ts';
import { normalizeEntryName } from './restored-path.ts';

const FIRST_VERSION_WITH_LIST = 2;
const NAMED_FILES = 10;

/** Normalized names of what must come out of the parts; `undefined` if the backup has no list. */
export async function expectedFiles(store: ObjectStore, backup: Backup): Promise<ReadonlySet<string> | undefined> {
  const metadata = await readFilesMetadata(store, backup);
  if (metadata === undefined) return undefined;
  const key = filesMetadataKey(backup.name);
  const names = new Set<string>();
  for (const name of metadata.files.keys()) names.add(normalizeEntryName(name, key));
  return names;
}

async function readFilesMetadata(store: ObjectStore, backup: Backup): Promise<FilesMetadata | undefined> {
  const bytes = await store.get(sentinelKey(backup.name));
  if (bytes === undefined) {
    throw new Failure('notInArchive', {
      message: `no backup ${backup.name} in ${store.address}`,
      remedy: 'List what there is: walkback backup list',
    });
  }
  const sentinel = parseSentinel(bytes, sentinelKey(backup.name));
  const key = filesMetadataKey(backup.name);
  const list = await store.get(key);
  if (list !== undefined) return parseFilesMetadata(list, key);
  if (sentinel.embeddedFilesMetadata !== undefined) {
    return parseFilesMetadataValue(sentinel.embeddedFilesMetadata, sentinelKey(backup.name));
  }
  if (sentinel.version < FIRST_VERSION_WITH_LIST || sentinel.isFilesMetadataDisabled) return undefined;
  throw new Failure('corrupt', {
    message: `cannot restore ${backup.name}: its list of files, ${key}, is missing`,
    remedy: 'Restore from another backup; what this one lacks cannot be told.',
  });
}

/** @throws {Failure} `corrupt` if a listed entry has not come out of the parts. Links, which are left out, count as come. */
export function checkComplete(
  backup: Backup,
  expected: ReadonlySet<string> | undefined,
  unpacked: readonly UnpackedObject[],
): void {
  if (expected === undefined) return;
  const present = new Set<string>();
  for (const object of unpacked) {
    for (const [name] of object.files) present.add(name);
    for (const [name] of object.directories) present.add(name);
    for (const name of object.skipped) present.add(name);
  }
  const missing = [...expected].filter((name) => !present.has(name) && !isOfOwnObject(name));
  if (missing.length === 0) return;
  throw new Failure('corrupt', {
    message: `cannot restore ${backup.name}: ${missing.length} of its ${expected.size} listed files are in none of its parts`,
    remedy: 'Restore from another backup; see walkback backup list.',
    facts: missing.slice(0, NAMED_FILES),
  });
}

/** Streaming backups list these too; they are taken from objects of their own, or dropped. */
function isOfOwnObject(name: string): boolean {
  return name === 'global/pg_control' || name === 'backup_label' || name === 'tablespace_map';
}
