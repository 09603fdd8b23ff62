/**
 * What a backup says it holds, and whether all that is wanted of it came out.
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
import type { Taking } from './restore-levels.ts';
import type { UnpackedObject } from './restore-messages.ts';
import { isOfOwnObject, normalizeEntryName } from './restored-path.ts';

const FIRST_VERSION_WITH_LIST = 2;
const NAMED_FILES = 10;

/** A backup's list of files; `undefined` if it never had one. @throws {Failure} `corrupt` if it had, and has none now. */
export async function readFilesMetadata(store: ObjectStore, backup: Backup): Promise<FilesMetadata | undefined> {
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

/** Normalized names of what must come out of the parts, and how; `undefined` if the backup has no list. */
export function expectedOf(
  backup: Backup,
  metadata: FilesMetadata | undefined,
  wanted: ReadonlyMap<string, Taking> | undefined,
): ReadonlyMap<string, Taking> | undefined {
  if (wanted !== undefined || metadata === undefined) return wanted;
  const key = filesMetadataKey(backup.name);
  return new Map([...metadata.files.keys()].map((name) => [normalizeEntryName(name, key), 'whole']));
}

/**
 * Proves that everything came, and came once.
 *
 * @throws {Failure} `corrupt` if a listed entry has not come out of the parts as it should, or an increment twice. Links,
 *   which are left out, count as come.
 */
export function checkComplete(
  backup: Backup,
  expected: ReadonlyMap<string, Taking> | undefined,
  unpacked: readonly UnpackedObject[],
): void {
  const increments = unpacked.flatMap((object) => object.increments.map(({ name }) => name));
  const applied = new Set(increments);
  if (applied.size < increments.length) throw incomplete(backup, 'an increment is in its parts twice', []);
  if (expected === undefined) return;
  const present = new Set<string>();
  for (const object of unpacked) {
    for (const [name] of object.files) present.add(name);
    for (const [name] of object.directories) present.add(name);
    for (const name of object.skipped) present.add(name);
  }
  const missing = [...expected].filter(
    ([name, taking]) => !(taking === 'increment' ? applied : present).has(name) && !isOfOwnObject(name),
  );
  if (missing.length === 0) return;
  throw incomplete(
    backup,
    `${missing.length} of its ${expected.size} listed files are in none of its parts`,
    missing.slice(0, NAMED_FILES).map(([name]) => name),
  );
}

function incomplete(backup: Backup, found: string, facts: readonly string[]): Failure {
  return new Failure('corrupt', {
    message: `cannot restore ${backup.name}: ${found}`,
    remedy: 'Restore from another backup; see walkback backup list.',
    facts,
  });
}
