/**
 * The backups of an archive: one for each sentinel, since a backup exists when its sentinel does.
 *
 * One sentinel that cannot be read does not hide the others: it is reported beside them.
 *
 * Source: WAL-G `internal/backup_list_handler.go`; `LATEST` goes by the sentinel's modification time as there.
 *
 * @module
 */

import { Failure, isFailure } from '../base/failure.ts';
import { lsn } from '../postgres/lsn.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { backupOfSentinelKey, metadataKey, sentinelKey, type BackupName } from '../walg/backup-names.ts';
import { parseBackupMetadata, type BackupMetadata } from '../walg/metadata.ts';
import { BACKUPS_FOLDER } from '../walg/object-names.ts';
import { parseSentinel, type DeltaOrigin, type Sentinel } from '../walg/sentinel.ts';
import type { Backup } from './backup.ts';

/** A sentinel that is there and cannot be used. */
export interface BrokenBackup {
  readonly name: string;
  readonly modifiedAt: Date;
  readonly failure: Failure;
}

/** All that an archive has. */
export interface BackupListing {
  /** Oldest sentinel first. */
  readonly backups: readonly Backup[];
  readonly broken: readonly BrokenBackup[];
}

/** A backup's sentinel is small; one that is not was not written as one (an old WAL-G's may list files). */
const MAX_SENTINEL_BYTES = 512 * 1024 * 1024;
const READS_AT_ONCE = 16;
const NS_PER_MS = 1_000_000n;

/** The backups that can be read, oldest sentinel first. */
export async function listBackups(store: ObjectStore, signal?: AbortSignal): Promise<Backup[]> {
  return [...(await readBackupListing(store, signal)).backups];
}

/** The backups, and the sentinels that cannot be read. */
export async function readBackupListing(store: ObjectStore, signal?: AbortSignal): Promise<BackupListing> {
  const { objects } = await store.listFolder(BACKUPS_FOLDER, signal === undefined ? {} : { signal });
  const sentinels = objects.flatMap((object) => {
    const name = backupOfSentinelKey(object.key);
    return name === undefined ? [] : [{ name, object }];
  });
  const backups: Backup[] = [];
  const broken: BrokenBackup[] = [];
  for (let at = 0; at < sentinels.length; at += READS_AT_ONCE) {
    const some = sentinels.slice(at, at + READS_AT_ONCE);
    const read = await Promise.all(some.map(async ({ name, object }) => readOrBroken(store, name, object, signal)));
    for (const one of read) {
      if (one === undefined) continue;
      if ('failure' in one) broken.push(one);
      else backups.push(one);
    }
  }
  const byTime = (a: { modifiedAt: Date; name: string }, b: { modifiedAt: Date; name: string }): number =>
    a.modifiedAt.getTime() - b.modifiedAt.getTime() || (a.name < b.name ? -1 : 1);
  return { backups: backups.toSorted(byTime), broken: broken.toSorted(byTime) };
}

/** One backup by its name, or the newest for `LATEST`. @throws {Failure} `notInArchive` if there is none. */
export async function findBackup(store: ObjectStore, name: string, signal?: AbortSignal): Promise<Backup> {
  const { backups, broken } = await readBackupListing(store, signal);
  const found = name === 'LATEST' ? backups.at(-1) : backups.find((backup) => backup.name === name);
  if (found !== undefined) return found;
  const damaged = broken.find((backup) => backup.name === name);
  if (damaged !== undefined) throw damaged.failure;
  throw new Failure('notInArchive', {
    message:
      name === 'LATEST' ? `no backup in ${store.address}` : `no backup ${JSON.stringify(name)} in ${store.address}`,
    remedy: 'List what there is: walkback backup list',
  });
}

async function readOrBroken(
  store: ObjectStore,
  name: BackupName,
  object: ObjectInfo,
  signal: AbortSignal | undefined,
): Promise<Backup | BrokenBackup | undefined> {
  try {
    return await readBackup(store, name, object, signal);
  } catch (error) {
    if (!isFailure(error, 'corrupt')) throw error;
    return { name: name.name, modifiedAt: object.modifiedAt, failure: error };
  }
}

/** Deleted meanwhile: `undefined`. */
async function readBackup(
  store: ObjectStore,
  name: BackupName,
  object: ObjectInfo,
  signal: AbortSignal | undefined,
): Promise<Backup | undefined> {
  const options = signal === undefined ? {} : { signal };
  const key = sentinelKey(name.name);
  if (object.sizeBytes > MAX_SENTINEL_BYTES) throw incomplete(key, `it has ${object.sizeBytes} bytes`);
  const [sentinelBytes, metadataBytes] = await Promise.all([
    store.get(key, options),
    store.get(metadataKey(name.name), options),
  ]);
  if (sentinelBytes === undefined) return undefined;
  const sentinel = parseSentinel(sentinelBytes, key);
  const metadata = metadataBytes === undefined ? undefined : parseBackupMetadata(metadataBytes, metadataKey(name.name));
  return describeBackup(name, object, sentinel, metadata);
}

/** Joins what sentinel and metadata say. The permanent flag is the metadata's: the sentinel's goes stale. */
export function describeBackup(
  name: BackupName,
  object: Pick<ObjectInfo, 'key' | 'modifiedAt'>,
  sentinel: Sentinel,
  metadata: BackupMetadata | undefined,
): Backup {
  const startLsn = sentinel.startLsn ?? metadata?.startLsn;
  const finishLsn = sentinel.finishLsn ?? metadata?.finishLsn;
  if (startLsn === undefined || finishLsn === undefined) throw incomplete(object.key, 'it tells no start or end');
  const systemIdentifier = sentinel.systemIdentifier ?? metadata?.systemIdentifier;
  return {
    name: name.name,
    timeline: Number.parseInt(name.segmentName.slice(0, 8), 16),
    startLsn: lsn(startLsn),
    finishLsn: lsn(finishLsn),
    startedAt: dateOf(sentinel.startTimeNs ?? metadata?.startTimeNs) ?? object.modifiedAt,
    finishedAt: dateOf(sentinel.finishTimeNs ?? metadata?.finishTimeNs) ?? object.modifiedAt,
    modifiedAt: object.modifiedAt,
    pgVersionNum: sentinel.pgVersionNum,
    ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
    uncompressedSizeBytes: sentinel.uncompressedSizeBytes,
    compressedSizeBytes: sentinel.compressedSizeBytes,
    isPermanent: metadata?.isPermanent ?? false,
    ...(sentinel.delta === undefined ? {} : deltaOf(sentinel.delta)),
    ...(sentinel.dataCatalogSizeBytes === undefined ? {} : { dataCatalogSizeBytes: sentinel.dataCatalogSizeBytes }),
    tablespaces: sentinel.tablespaceSpec?.tablespaces ?? [],
    hostname: sentinel.hostname ?? metadata?.hostname ?? '',
    dataDirectory: sentinel.dataDirectory ?? metadata?.dataDirectory ?? '',
  };
}

function deltaOf({
  backupName,
  startLsn,
  count,
}: DeltaOrigin): Required<Pick<Backup, 'deltaFrom' | 'deltaFromLsn' | 'deltaCount'>> {
  return { deltaFrom: backupName, deltaFromLsn: startLsn, deltaCount: count };
}

function dateOf(timeNs: bigint | undefined): Date | undefined {
  return timeNs === undefined ? undefined : new Date(Number(timeNs / NS_PER_MS));
}

function incomplete(key: string, found: string): Failure {
  return new Failure('corrupt', {
    message: `cannot use ${key}: ${found}`,
    remedy: 'Leave this backup out; if no other tool can read it either, delete it.',
  });
}
