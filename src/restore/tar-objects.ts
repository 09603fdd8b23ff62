/**
 * The objects of one backup's tar folder: which to read for a restore, and in which order.
 *
 * A part is not read when the backup records what each part holds, and nothing wanted is in it. A part that the record does
 * not name is read: whether everything wanted came is proven afterwards by name.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { isReadableCompression } from '../base/compression-names.ts';
import { Failure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { parseTarObjectName, tarPartitionsFolder, type TarObjectKind } from '../walg/backup-names.ts';
import type { RestoreLevel, Taking } from './restore-levels.ts';
import type { ObjectOrder } from './restore-messages.ts';
import { CONTROL_FILE, normalizeEntryName } from './restored-path.ts';

/** One of them. */
export interface BackupObject extends ObjectOrder {
  readonly objectName: string;
  readonly kind: TarObjectKind;
  readonly sizeBytes: number;
}

/** Lists them. @throws {Failure} `refused` for an object that is no tar, `corrupt` if there is no part. */
export async function listTarObjects(store: ObjectStore, backup: Backup): Promise<BackupObject[]> {
  const { objects } = await store.listFolder(tarPartitionsFolder(backup.name));
  const found = objects.map(({ key, sizeBytes }): BackupObject => {
    const objectName = key.slice(key.lastIndexOf('/') + 1);
    const tar = parseTarObjectName(objectName);
    if (tar === undefined) throw unknownObject(backup, key, 'its name is no tar object’s');
    const { compression, kind } = tar;
    if (!isReadableCompression(compression)) throw unknownObject(backup, key, `${compression} is not supported`);
    return { key, objectName, compression, kind, isPart: kind === 'part', sizeBytes, wanted: undefined };
  });
  if (!found.some(({ kind }) => kind === 'part')) throw lacks(backup, 'parts');
  return found;
}

function unknownObject(backup: Backup, key: string, why: string): Failure {
  return new Failure('refused', {
    message: `cannot restore ${backup.name}: its object ${key} cannot be read: ${why}`,
    remedy: 'Restore from another backup; see walkback backup list.',
  });
}

/** The failure of a backup without something that every backup has. */
export function lacks(backup: Backup, what: string): Failure {
  return new Failure('corrupt', {
    message: `cannot restore ${backup.name}: the archive holds no ${what} of it`,
    remedy: 'Restore from another backup; see walkback backup list.',
  });
}

/**
 * What is not taken from parts: `pg_control` and `backup_label` when they have an object of their own. (A streaming backup of WAL-G's has the label in a part only, and `pg_control` in both.)
 */
export function leftOutOfParts(objects: readonly BackupObject[]): ReadonlySet<string> {
  const names: string[] = [];
  if (objects.some(({ kind }) => kind === 'pgControl')) names.push(CONTROL_FILE);
  if (objects.some(({ kind }) => kind === 'backupLabel')) names.push('backup_label');
  return new Set(names);
}

/** Those of a kind, largest first. */
export function largestFirst(objects: readonly BackupObject[], kind: TarObjectKind): BackupObject[] {
  return objects.filter((object) => object.kind === kind).toSorted((a, b) => b.sizeBytes - a.sizeBytes);
}

/** The parts that a level needs, each with what is wanted of it, largest first. */
export function neededParts(level: RestoreLevel, objects: readonly BackupObject[]): BackupObject[] {
  const parts = largestFirst(objects, 'part');
  const { wanted, metadata, backup } = level;
  if (wanted === undefined) return parts;
  if (wanted.size === 0) return [];
  return parts.flatMap((part) => {
    const names = metadata?.tarFileSets.get(part.objectName);
    const inPart = names === undefined ? wanted : wantedOf(names, wanted, backup);
    return inPart.size === 0 ? [] : [{ ...part, wanted: inPart }];
  });
}

function wantedOf(
  names: readonly string[],
  wanted: ReadonlyMap<string, Taking>,
  backup: Backup,
): ReadonlyMap<string, Taking> {
  const inPart = new Map<string, Taking>();
  for (const listedName of names) {
    const name = normalizeEntryName(listedName, backup.name);
    const taking = wanted.get(name);
    if (taking !== undefined) inPart.set(name, taking);
  }
  return inPart;
}
