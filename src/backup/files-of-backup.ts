/**
 * A backup's list of files, wherever its version keeps it.
 *
 * Source: WAL-G `internal/databases/postgres/backup.go`. Newer versions of it take a backup whose list of files is lost for a
 * whole one; here that is refused.
 *
 * @module
 */

import { getHeapStatistics } from 'node:v8';

import { Failure } from '../base/failure.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { filesMetadataKey, sentinelKey } from '../walg/backup-names.ts';
import {
  limitsOfHeap,
  parseFilesMetadata,
  parseFilesMetadataValue,
  type FilesMetadata,
  type FilesMetadataLimits,
} from '../walg/files-metadata.ts';
import { parseSentinel } from '../walg/sentinel.ts';
import type { Backup } from './backup.ts';

const FIRST_VERSION_WITH_LIST = 2;

/** What this process has memory for. */
export const LIST_LIMITS = limitsOfHeap(getHeapStatistics().heap_size_limit);

/** How a list is asked for; with what there is memory for unless told. */
export interface ReadListOptions extends CallOptions {
  readonly limits?: FilesMetadataLimits;
}

/** A backup's list of files; `undefined` if it never had one. @throws {Failure} `corrupt` if it had, and has none now. */
export async function readFilesMetadata(
  store: ObjectStore,
  backup: Pick<Backup, 'name'>,
  { limits = LIST_LIMITS, ...options }: ReadListOptions = {},
): Promise<FilesMetadata | undefined> {
  const bytes = await store.get(sentinelKey(backup.name), options);
  if (bytes === undefined) {
    throw new Failure('notInArchive', {
      message: `no backup ${backup.name} in ${store.address}`,
      remedy: 'List what there is: walkback backup list',
    });
  }
  const sentinel = parseSentinel(bytes, sentinelKey(backup.name));
  const key = filesMetadataKey(backup.name);
  const list = await store.get(key, options);
  if (list !== undefined) return parseFilesMetadata(list, key, limits);
  if (sentinel.embeddedFilesMetadata !== undefined) {
    return parseFilesMetadataValue(sentinel.embeddedFilesMetadata, sentinelKey(backup.name), limits);
  }
  if (sentinel.version < FIRST_VERSION_WITH_LIST || sentinel.isFilesMetadataDisabled) return undefined;
  throw new Failure('corrupt', {
    message: `cannot restore ${backup.name}: its list of files, ${key}, is missing`,
    remedy: 'Restore from another backup; what this one lacks cannot be told.',
  });
}
