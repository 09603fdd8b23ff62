/**
 * Whether one object of a backup, once it was read, is what the list of files and the sentinel say.
 *
 * Only such an object counts as proven: the list stands for what it holds when it is not read again.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import { parseBackupLabel } from '../postgres/backup-label.ts';
import { parseControlFile } from '../postgres/control-file.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { Taking } from '../restore/restore-levels.ts';
import type { UnpackedObject } from '../restore/restore-messages.ts';
import { CONTROL_FILE, isOfOwnObject, normalizeEntryName } from '../restore/restored-path.ts';
import { leftOutOfParts, type BackupObject } from '../restore/tar-objects.ts';
import type { FilesMetadata } from '../walg/files-metadata.ts';
import type { ListedPart } from './backup-objects.ts';
import type { ReadPart } from './read-part.ts';

const BACKUP_LABEL = 'backup_label';

/** What the objects of a backup are held against. */
export interface Expectation {
  readonly backup: Backup;
  readonly metadata: FilesMetadata | undefined;
  /** How each file that the backup holds itself is held. */
  readonly takings: ReadonlyMap<string, Taking>;
  /** What is not taken from parts. */
  readonly leftOut: ReadonlySet<string>;
}

/** Puts it together. */
export function expectationOf(
  backup: Backup,
  metadata: FilesMetadata | undefined,
  parts: readonly ListedPart[],
): Expectation {
  const takings = new Map<string, Taking>();
  for (const [listedName, file] of metadata?.files ?? []) {
    const name = normalizeEntryName(listedName, backup.name);
    if (!file.isSkipped && !isOfOwnObject(name)) takings.set(name, file.isIncremented ? 'increment' : 'whole');
  }
  return { backup, metadata, takings, leftOut: leftOutOfParts(parts.map(({ object }) => object)) };
}

/** Normalized names of what the list says that the object holds. */
export function listedNames({ metadata }: Pick<Expectation, 'metadata'>, { objectName, key }: BackupObject): string[] {
  return (metadata?.tarFileSets.get(objectName) ?? []).map((name) => normalizeEntryName(name, key));
}

/** What the list says that an object holds, as if it had been read. */
export function fromList(names: readonly string[], takings: ReadonlyMap<string, Taking>): UnpackedObject {
  const increments = names.filter((name) => takings.get(name) === 'increment');
  return {
    files: names.filter((name) => takings.get(name) !== 'increment').map((name) => [name, 0]),
    increments: increments.map((name) => ({ name, fileSizeBytes: 0, damaged: [] })),
    directories: [],
    skipped: [],
  };
}

/**
 * Compares. False if it holds more than the list says of it, or less than its name: whether that is sound can only be told
 * of all objects together, and not without reading it.
 *
 * @throws {Failure} `corrupt`, `refused` if the backup cannot be restored with it.
 */
export function checkObject(expectation: Expectation, object: BackupObject, part: ReadPart): boolean {
  const areTextsThere = checkTexts(expectation, object, part);
  const names = listedNames(expectation, object);
  checkHolds(expectation.backup, object.key, names, part.contents);
  const isUnlisted = object.isPart && expectation.metadata?.tarFileSets.has(object.objectName) !== true;
  return areTextsThere && (isUnlisted || holdsNoMore(names, part.contents, expectation.takings));
}

function checkHolds(backup: Backup, key: string, listed: readonly string[], contents: UnpackedObject): void {
  const held = new Set([
    ...contents.files.map(([name]) => name),
    ...contents.increments.map(({ name }) => name),
    ...contents.directories.map(([name]) => name),
    ...contents.skipped,
  ]);
  const missing = listed.filter((name) => !held.has(name));
  if (missing.length === 0) return;
  throw cannotRestore(
    backup,
    `${key} does not hold ${missing.length} of the files that the list says it does`,
    missing,
  );
}

/** True if {@link fromList} gives all that counts of it. */
function holdsNoMore(names: readonly string[], held: UnpackedObject, takings: ReadonlyMap<string, Taking>): boolean {
  const listed = fromList(names, takings);
  const whole = new Set(listed.files.map(([name]) => name));
  const increments = new Set(listed.increments.map(({ name }) => name));
  const files = held.files.map(([name]) => name).filter((name) => !isOfOwnObject(name));
  // Directories and links need not be listed; those that are count as there.
  const others = [...held.directories.map(([name]) => name), ...held.skipped].filter((name) => takings.has(name));
  return (
    [...files, ...others].every((name) => whole.has(name)) &&
    held.increments.every(({ name }) => increments.has(name)) &&
    held.increments.length === listed.increments.length
  );
}

/** False if it is the object of a text that it does not hold. */
function checkTexts({ backup, leftOut }: Expectation, object: BackupObject, { texts }: ReadPart): boolean {
  const textOf = (name: string): Buffer | undefined =>
    object.isPart && leftOut.has(name) ? undefined : texts.get(name);
  const control = textOf(CONTROL_FILE);
  const label = textOf(BACKUP_LABEL);
  if (control !== undefined) checkControl(backup, control);
  if (label !== undefined) checkLabel(backup, label);
  const needed = { part: true, pgControl: control !== undefined, backupLabel: label !== undefined };
  return needed[object.kind];
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

/** The failure of a backup in which that was found. */
export function cannotRestore(backup: Backup, found: string, facts: readonly string[] = []): Failure {
  return new Failure('corrupt', {
    message: `cannot restore ${backup.name}: ${found}`,
    remedy: 'Restore from another backup; take a new one.',
    facts: facts.slice(0, 10),
  });
}
