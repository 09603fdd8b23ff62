/**
 * The one backup that was pushed with some user data (`--add-user-data`), compared as JSON values.
 *
 * Source: WAL-G `internal/backup_selector.go` (`UserDataBackupSelector`).
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util';

import { Failure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { backupOfSentinelKey, metadataKey } from '../walg/backup-names.ts';
import { parseJson64, type JsonValue } from '../walg/json64.ts';
import { parseBackupMetadata } from '../walg/metadata.ts';
import { BACKUPS_FOLDER } from '../walg/object-names.ts';

/** User data as a flag or a variable gives it: JSON, and any other text stands for itself. */
export function parseUserData(text: string): JsonValue {
  try {
    return parseJson64(Buffer.from(text), 'the user data');
  } catch {
    return text;
  }
}

/** The name of the backup with this user data. @throws {Failure} `notInArchive` for none, `usage` for more than one. */
export async function findByUserData(store: ObjectStore, wanted: JsonValue, signal?: AbortSignal): Promise<string> {
  const options = signal === undefined ? {} : { signal };
  const found: string[] = [];
  const { objects } = await store.listFolder(BACKUPS_FOLDER, options);
  for (const { name } of objects.flatMap(({ key }) => backupOfSentinelKey(key) ?? [])) {
    const key = metadataKey(name);
    const bytes = await store.get(key, options);
    if (bytes === undefined) continue;
    if (isDeepStrictEqual(parseBackupMetadata(bytes, key).userData, wanted)) found.push(name);
  }
  const [name, other] = found;
  if (name !== undefined && other === undefined) return name;
  if (name === undefined) {
    throw new Failure('notInArchive', {
      message: `no backup in ${store.address} has the given user data`,
      remedy: 'See what they have: wal-g backup-list --detail --json',
    });
  }
  throw new Failure('usage', {
    message: `${found.length} backups have the given user data`,
    remedy: 'Give the name of one of them.',
    facts: found,
  });
}
