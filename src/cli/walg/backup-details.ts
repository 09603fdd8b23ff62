/**
 * What `backup-list` and `wal-show` tell of backups: by their sentinel's name and time alone, or with their metadata.
 *
 * Source: WAL-G `internal/backup_list_handler.go`, `internal/databases/postgres/backup_detail.go`.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { backupOfSentinelKey, metadataKey } from '../../walg/backup-names.ts';
import type { JsonObject } from '../../walg/json64.ts';
import { backupMetadataJson, parseBackupMetadata, type BackupMetadata } from '../../walg/metadata.ts';
import { BACKUPS_FOLDER } from '../../walg/object-names.ts';
import { goTimeOf } from './walg-times.ts';

/** A backup by its sentinel's name and time. */
export interface ListedBackup {
  readonly name: string;
  readonly walFileName: string;
  readonly modifiedAt: Date;
  readonly json: JsonObject;
}

/** With its metadata. */
export interface BackupDetails extends ListedBackup {
  readonly metadata: BackupMetadata;
  /** As columns show it. */
  readonly shown: {
    readonly startTime: Date;
    readonly finishTime: Date;
    readonly hostname: string;
    readonly dataDirectory: string;
    readonly pgVersionNum: number;
    readonly startLsn: string;
    readonly finishLsn: string;
    readonly isPermanent: boolean;
  };
}

const READS_AT_ONCE = 16;
const NS_PER_MS = 1_000_000n;

/** All sentinels, oldest first. */
export async function listedBackups(store: ObjectStore, signal: AbortSignal): Promise<ListedBackup[]> {
  const { objects } = await store.listFolder(BACKUPS_FOLDER, { signal });
  const found = objects.flatMap(({ key, modifiedAt }): ListedBackup[] => {
    const name = backupOfSentinelKey(key);
    if (name === undefined) return [];
    const json = {
      backup_name: name.name,
      time: goTimeOf(modifiedAt),
      wal_file_name: name.segmentName,
      storage_name: 'default',
    };
    return [{ name: name.name, walFileName: name.segmentName, modifiedAt, json }];
  });
  return found.toSorted((a, b) => a.modifiedAt.getTime() - b.modifiedAt.getTime() || (a.name < b.name ? -1 : 1));
}

function dateOf(timeNs: bigint): Date {
  return new Date(Number(timeNs / NS_PER_MS));
}

async function detailsOf(store: ObjectStore, backup: ListedBackup, signal: AbortSignal): Promise<BackupDetails> {
  const key = metadataKey(backup.name);
  const bytes = await store.get(key, { signal });
  if (bytes === undefined) {
    throw new Failure('corrupt', {
      message: `cannot tell details of ${backup.name}: it has no ${key}`,
      remedy: 'List without --detail.',
    });
  }
  const metadata = parseBackupMetadata(bytes, key);
  const json = { ...backup.json, ...backupMetadataJson(metadata) };
  const shown = {
    startTime: dateOf(metadata.startTimeNs),
    finishTime: dateOf(metadata.finishTimeNs),
    hostname: metadata.hostname,
    dataDirectory: metadata.dataDirectory,
    pgVersionNum: metadata.pgVersionNum,
    startLsn: formatLsn(metadata.startLsn),
    finishLsn: formatLsn(metadata.finishLsn),
    isPermanent: metadata.isPermanent,
  };
  return { ...backup, metadata, json, shown };
}

/** Reads the metadata of backups; oldest start first. @throws {Failure} `corrupt` if one has none, as WAL-G does. */
export async function detailsOfAll(
  store: ObjectStore,
  backups: readonly ListedBackup[],
  signal: AbortSignal,
): Promise<BackupDetails[]> {
  const details: BackupDetails[] = [];
  for (let at = 0; at < backups.length; at += READS_AT_ONCE) {
    const some = backups.slice(at, at + READS_AT_ONCE);
    details.push(...(await Promise.all(some.map(async (backup) => detailsOf(store, backup, signal)))));
  }
  return details.toSorted((a, b) => Number(a.metadata.startTimeNs - b.metadata.startTimeNs));
}
