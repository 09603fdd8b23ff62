/**
 * The objects that this program keeps beside a backup of WAL-G's format, and the names they have.
 *
 * ```
 * walkback_001/running/base_00000001-00000000-00000002.json            while a backup is being taken
 * walkback_001/backups/base_00000001-00000000-00000002/part_001.json   index of a part
 * ```
 *
 * No name holds 24 hexadecimal digits in a row: WAL-G's `delete` takes any such object that is older than what it keeps.
 * Everything works without these objects. An index is `{ "version": 1, "object": "part_001.tar.zst", "frames":
 * [[storedBytes, tarBytes], …], "files": [[name, tarOffset, sizeBytes], …] }`: the part is its frames one after another,
 * each decodes alone (zstd), and a file's header is at `tarOffset` of their joined contents.
 *
 * @module
 */

import type { PackedPart } from './part-packer.ts';

/** Folder of everything that is not WAL-G's. */
export const OWN_FOLDER = 'walkback_001/';

/** Folder of the markers of running backups. */
export const RUNNING_FOLDER = `${OWN_FOLDER}running/`;

/** `base_00000001-00000000-00000002`: a backup's name without 24 hexadecimal digits in a row. */
export function dashedName(backupName: string): string {
  return backupName.replaceAll(/[0-9A-F]{24}/g, (digits) => (digits.match(/.{8}/g) ?? []).join('-'));
}

/** Key of the marker that a backup is being taken. */
export function runningKey(backupName: string): string {
  return `${RUNNING_FOLDER}${dashedName(backupName)}.json`;
}

/** Folder of a backup's indexes; ends with `/`. */
export function indexFolder(backupName: string): string {
  return `${OWN_FOLDER}backups/${dashedName(backupName)}/`;
}

/** Key of the index of a part, by the part's object name. */
export function indexKey(backupName: string, objectName: string): string {
  return `${indexFolder(backupName)}${objectName.replace(/\.tar(\..*)?$/, '')}.json`;
}

/** The index of a part. */
export function formatPartIndex(objectName: string, part: PackedPart): Buffer {
  const frames = part.frames.map((frame) => [frame.storedBytes, frame.tarBytes]);
  const files = part.entries.map((entry) => [entry.name, entry.tarOffset, entry.sizeBytes]);
  return Buffer.from(JSON.stringify({ version: 1, object: objectName, frames, files }));
}
