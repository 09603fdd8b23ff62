/**
 * Names of base backups and of the objects of one: sentinel, metadata, tar partitions.
 *
 * A backup is named for the WAL segment that holds its start: `base_<SEG>`; a delta adds its parent's,
 * `base_<SEG>_D_<SEG>`. WAL-E's `base_<SEG>_<OFFSET8>` is read, not written. Nothing else is a backup's name, so that a
 * name typed by hand can never reach outside the backups' folder.
 *
 * Source: WAL-G `internal/databases/postgres/backup_push_handler.go`, `utility/utility.go`.
 *
 * @module
 */

import { compressionOfExtension, extensionOf, type StoredCompression } from '../base/compression-names.ts';
import { BACKUPS_FOLDER } from './object-names.ts';

/** The parts of a backup's name. */
export interface BackupName {
  readonly name: string;
  /** The WAL segment's file name that holds the backup's start. */
  readonly segmentName: string;
  /** The parent's segment; only in a delta's name. */
  readonly parentSegmentName?: string;
  /** Offset in the segment, eight hex digits; only in WAL-E's names. */
  readonly offset?: string;
}

/** What an object in a backup's tar folder is for. The last two are extracted after all parts. */
export type TarObjectKind = 'part' | 'pgControl' | 'backupLabel';

/** One object of a backup's tar folder. */
export interface TarObject {
  readonly objectName: string;
  readonly kind: TarObjectKind;
  readonly compression: StoredCompression;
}

const BACKUP_NAME = /^base_([0-9A-F]{24})(?:_D_([0-9A-F]{24}))?(?:_([0-9A-F]{8}))?$/;
const SENTINEL_SUFFIX = '_backup_stop_sentinel.json';
const TAR_OBJECT = /^([^/]+)\.tar(?:\.([^./]*))?$/;

/** Reads a backup's name; `undefined` if it is none. */
export function parseBackupName(name: string): BackupName | undefined {
  const [, segmentName, parentSegmentName, offset] = BACKUP_NAME.exec(name) ?? [];
  if (segmentName === undefined) return undefined;
  return {
    name,
    segmentName,
    ...(parentSegmentName === undefined ? {} : { parentSegmentName }),
    ...(offset === undefined ? {} : { offset }),
  };
}

/** The name of a full backup that starts in a segment, or of a delta on the backup `parent`. */
export function formatBackupName(segmentName: string, parent?: BackupName): string {
  return `base_${segmentName}${parent === undefined ? '' : `_D_${parent.segmentName}`}`;
}

/** Key of the object whose existence is the backup's existence. */
export function sentinelKey(backupName: string): string {
  return `${BACKUPS_FOLDER}${backupName}${SENTINEL_SUFFIX}`;
}

/** The backup whose sentinel has this key; `undefined` if the key is no sentinel's. */
export function backupOfSentinelKey(key: string): BackupName | undefined {
  if (!key.startsWith(BACKUPS_FOLDER) || !key.endsWith(SENTINEL_SUFFIX)) return undefined;
  return parseBackupName(key.slice(BACKUPS_FOLDER.length, -SENTINEL_SUFFIX.length));
}

/** The key of the sentinel of the backup that an object (or folder) below the backups' folder belongs to; `undefined` for others. */
export function sentinelKeyFor(key: string): string | undefined {
  if (!key.startsWith(BACKUPS_FOLDER)) return undefined;
  const [name = '', ...rest] = key.slice(BACKUPS_FOLDER.length).split('/');
  return rest.length === 0 || parseBackupName(name) === undefined ? undefined : sentinelKey(name);
}

/** Folder of everything of a backup but its sentinel; ends with `/`. */
export function backupFolder(backupName: string): string {
  return `${BACKUPS_FOLDER}${backupName}/`;
}

/** Key of the small metadata, which holds the permanent flag. */
export function metadataKey(backupName: string): string {
  return `${backupFolder(backupName)}metadata.json`;
}

/** Key of the list of files. */
export function filesMetadataKey(backupName: string): string {
  return `${backupFolder(backupName)}files_metadata.json`;
}

/** Folder of a backup's tar objects; ends with `/`. Objects directly in it are all tars; sub-folders are none. */
export function tarPartitionsFolder(backupName: string): string {
  return `${backupFolder(backupName)}tar_partitions/`;
}

function tarObjectName(stem: string, compression: StoredCompression): string {
  const extension = extensionOf(compression);
  return `${stem}.tar${extension === '' ? '' : `.${extension}`}`;
}

/** `part_001.tar.zst`: the name of a part. @param number from 1. */
export function partObjectName(number: number, compression: StoredCompression): string {
  return tarObjectName(`part_${String(number).padStart(3, '0')}`, compression);
}

/** `pg_control.tar.zst`: the tar that holds `global/pg_control` alone. */
export function pgControlObjectName(compression: StoredCompression): string {
  return tarObjectName('pg_control', compression);
}

/** `backup_label.tar.zst`: the tar that holds `backup_label` and `tablespace_map`. */
export function backupLabelObjectName(compression: StoredCompression): string {
  return tarObjectName('backup_label', compression);
}

/** What an object in the tar folder is, by its name there; `undefined` if its name is no tar's, or its extension is not known. */
export function parseTarObjectName(objectName: string): TarObject | undefined {
  const [, stem, extension = ''] = TAR_OBJECT.exec(objectName) ?? [];
  const compression = compressionOfExtension(extension);
  if (stem === undefined || compression === undefined) return undefined;
  return { objectName, kind: tarObjectKind(stem), compression };
}

function tarObjectKind(stem: string): TarObjectKind {
  if (stem.endsWith('pg_control')) return 'pgControl';
  return stem.endsWith('backup_label') ? 'backupLabel' : 'part';
}
