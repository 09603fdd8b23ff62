/**
 * Whether a backup is whole, once its objects were read: together they hold everything it lists, and nothing else.
 *
 * @module
 */

import { checkComplete } from '../restore/expected-files.ts';
import { CONTROL_FILE } from '../restore/restored-path.ts';
import type { BackupObject } from '../restore/tar-objects.ts';
import type { FilesMetadata } from '../walg/files-metadata.ts';
import type { ListedPart } from './backup-objects.ts';
import { cannotRestore, fromList, listedNames, type Expectation } from './check-object.ts';
import type { ReadPart } from './read-part.ts';

/** A backup that was read, or parts of which were proven before. */
export interface BackupToJudge {
  readonly expectation: Expectation;
  readonly parts: readonly ListedPart[];
  /** What was read, by the object's name; the others were proven to hold what the list says. */
  readonly read: ReadonlyMap<string, ReadPart>;
}

/** True if what the object holds can be told from the list of files. */
export function isListed({ object }: ListedPart, metadata: FilesMetadata | undefined): boolean {
  return object.kind !== 'part' || metadata?.tarFileSets.has(object.objectName) === true;
}

/** @throws {Failure} `corrupt`, `refused` for what makes it impossible to restore. */
export function judgeBackup({ expectation, parts, read }: BackupToJudge): void {
  const { backup, metadata, takings } = expectation;
  const unpacked = parts.map(
    ({ object }) => read.get(object.objectName)?.contents ?? fromList(listedNames(expectation, object), takings),
  );
  if (metadata !== undefined) checkComplete(backup, takings, unpacked);
  const unread = parts.map(({ object }) => object).filter(({ objectName }) => !read.has(objectName));
  for (const [kind, name, text] of [
    ['pgControl', CONTROL_FILE, 'pg_control'],
    ['backupLabel', 'backup_label', 'backup_label'],
  ] as const) {
    const isRead = [...read.values()].some(({ texts }) => texts.has(name));
    if (!isRead && !isProvenIn(unread, [kind, name], expectation))
      throw cannotRestore(backup, `no object of it holds ${text}`);
  }
}

/** True if one of these, which were proven, was found to hold the text then. */
function isProvenIn(
  objects: readonly BackupObject[],
  [kind, name]: readonly [BackupObject['kind'], string],
  expectation: Expectation,
): boolean {
  if (objects.some((object) => object.kind === kind)) return true;
  return objects.some((object) => listedNames(expectation, object).includes(name));
}
