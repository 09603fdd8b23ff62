/**
 * Whether a backup is whole, once its objects were read: everything it lists is there, and what says whose it is agrees.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { parseBackupLabel } from '../postgres/backup-label.ts';
import { parseControlFile } from '../postgres/control-file.ts';
import { checkComplete } from '../restore/expected-files.ts';
import type { Taking } from '../restore/restore-levels.ts';
import type { UnpackedObject } from '../restore/restore-messages.ts';
import { isOfOwnObject, normalizeEntryName } from '../restore/restored-path.ts';
import type { FilesMetadata } from '../walg/files-metadata.ts';
import type { ListedPart } from './backup-objects.ts';
import type { ReadPart } from './read-part.ts';

/** A backup that was read, or parts of which were proven before. */
export interface BackupToJudge {
  readonly backup: Backup;
  readonly metadata: FilesMetadata | undefined;
  readonly parts: readonly ListedPart[];
  /** What was read, by the object's name; the others were proven to hold what the list says. */
  readonly read: ReadonlyMap<string, ReadPart>;
}

/** True if what the object holds can be told from the list of files. */
export function isListed({ object }: ListedPart, metadata: FilesMetadata | undefined): boolean {
  return object.kind !== 'part' || metadata?.tarFileSets.has(object.objectName) === true;
}

/** @throws {Failure} `corrupt`, `refused` for what makes it impossible to restore. */
export function judgeBackup({ backup, metadata, parts, read }: BackupToJudge): void {
  const takings = takingsOf(backup, metadata);
  for (const { object } of parts) {
    const part = read.get(object.objectName);
    const listed = metadata?.tarFileSets.get(object.objectName);
    if (part !== undefined && listed !== undefined) checkHolds(backup, object.key, listed, part.contents);
  }
  const unpacked = parts.flatMap(({ object }): UnpackedObject[] => {
    const part = read.get(object.objectName);
    if (part !== undefined) return [part.contents];
    const listed = metadata?.tarFileSets.get(object.objectName) ?? [];
    return [
      fromList(
        listed.map((name) => normalizeEntryName(name, object.key)),
        takings,
      ),
    ];
  });
  if (metadata !== undefined) checkComplete(backup, takings, unpacked);
  checkTexts(backup, parts, read);
}

/** How each file that the backup holds itself is held. */
function takingsOf(backup: Backup, metadata: FilesMetadata | undefined): ReadonlyMap<string, Taking> {
  const takings = new Map<string, Taking>();
  for (const [listedName, file] of metadata?.files ?? []) {
    const name = normalizeEntryName(listedName, backup.name);
    if (!file.isSkipped && !isOfOwnObject(name)) takings.set(name, file.isIncremented ? 'increment' : 'whole');
  }
  return takings;
}

function fromList(names: readonly string[], takings: ReadonlyMap<string, Taking>): UnpackedObject {
  const increments = names.filter((name) => takings.get(name) === 'increment');
  return {
    files: names.filter((name) => takings.get(name) !== 'increment').map((name) => [name, 0]),
    increments: increments.map((name) => ({ name, fileSizeBytes: 0, damaged: [] })),
    directories: [],
    skipped: [],
  };
}

function checkHolds(backup: Backup, key: string, listed: readonly string[], contents: UnpackedObject): void {
  const held = new Set([
    ...contents.files.map(([name]) => name),
    ...contents.increments.map(({ name }) => name),
    ...contents.directories.map(([name]) => name),
    ...contents.skipped,
  ]);
  const missing = listed.map((name) => normalizeEntryName(name, key)).filter((name) => !held.has(name));
  if (missing.length === 0) return;
  throw cannotRestore(
    backup,
    `${key} does not hold ${missing.length} of the files that the list says it does`,
    missing,
  );
}

function checkTexts(backup: Backup, parts: readonly ListedPart[], read: ReadonlyMap<string, ReadPart>): void {
  const textOf = (name: string): Buffer | undefined =>
    [...read.values()].map(({ texts }) => texts.get(name)).findLast((text) => text !== undefined);
  const isAllRead = parts.every(({ object }) => read.has(object.objectName));
  const control = textOf('global/pg_control');
  const label = textOf('backup_label');
  for (const [kind, text, name] of [
    ['pgControl', control, 'pg_control'],
    ['backupLabel', label, 'backup_label'],
  ] as const) {
    const isThere = text !== undefined || (!isAllRead && parts.some(({ object }) => object.kind === kind));
    if (!isThere) throw cannotRestore(backup, `no object of it holds ${name}`);
  }
  if (control !== undefined) checkControl(backup, control);
  if (label !== undefined) checkLabel(backup, label);
}

function checkControl(backup: Backup, text: Buffer): void {
  const { systemIdentifier } = parseControlFile(text);
  if (backup.systemIdentifier === undefined || systemIdentifier === backup.systemIdentifier) return;
  throw cannotRestore(
    backup,
    `its control file is of system ${systemIdentifier}, and its sentinel of ${backup.systemIdentifier}`,
  );
}

function checkLabel(backup: Backup, text: Buffer): void {
  const { startLsn } = parseBackupLabel(text.toString('utf8'));
  if (startLsn === backup.startLsn) return;
  throw cannotRestore(
    backup,
    `its label begins at ${formatLsn(startLsn)}, and its sentinel says ${formatLsn(backup.startLsn)}`,
  );
}

function cannotRestore(backup: Backup, found: string, facts: readonly string[] = []): Failure {
  return new Failure('corrupt', {
    message: `cannot restore ${backup.name}: ${found}`,
    remedy: 'Restore from another backup; take a new one.',
    facts: facts.slice(0, 10),
  });
}
