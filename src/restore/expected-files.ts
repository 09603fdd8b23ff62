/**
 * What a backup says it holds, and whether all that is wanted of it came out.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import { filesMetadataKey } from '../walg/backup-names.ts';
import type { FilesMetadata } from '../walg/files-metadata.ts';
import type { Taking } from './restore-levels.ts';
import type { UnpackedObject } from './restore-messages.ts';
import { isOfOwnObject, normalizeEntryName } from './restored-path.ts';

const NAMED_FILES = 10;

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
 * Proves that everything came, and came once, and nothing else. Directories need not be listed: WAL-G's streaming backups
 * list none.
 *
 * @throws {Failure} `corrupt` if a listed entry has not come out of the parts as it should, or an increment twice, or a file
 *   that no list has. Links, which are left out, count as come.
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
  if (missing.length > 0) {
    throw incomplete(
      backup,
      `${missing.length} of its ${expected.size} listed files are in none of its parts`,
      missing.slice(0, NAMED_FILES).map(([name]) => name),
    );
  }
  const unlisted = unpacked
    .flatMap(({ files }) => files.map(([name]) => name))
    .filter((name) => !expected.has(name) && !isOfOwnObject(name));
  if (unlisted.length === 0) return;
  throw incomplete(
    backup,
    `its parts hold ${unlisted.length} files that its list of files does not name`,
    unlisted.slice(0, NAMED_FILES),
  );
}

function incomplete(backup: Backup, found: string, facts: readonly string[]): Failure {
  return new Failure('corrupt', {
    message: `cannot restore ${backup.name}: ${found}`,
    remedy: 'Restore from another backup; see walkback backup list.',
    facts,
  });
}
