/**
 * The three JSON objects of a finished backup, in the order that makes it exist: metadata, list of files, sentinel.
 *
 * Source: WAL-G `internal/databases/postgres/backup_push_handler.go` (`uploadMetadata`).
 *
 * @module
 */

import { Readable } from 'node:stream';

import type { Compression } from '../base/compression-names.ts';
import type { BackupSession } from '../instance/backup-session.ts';
import type { CatalogSnapshot } from '../postgres/catalog-snapshot.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import {
  backupLabelObjectName,
  filesMetadataKey,
  metadataKey,
  parseBackupName,
  pgControlObjectName,
  sentinelKey,
  tarPartitionsFolder,
} from '../walg/backup-names.ts';
import { formatFilesMetadata, type FileDescription, type FilesMetadata } from '../walg/files-metadata.ts';
import type { JsonValue } from '../walg/json64.ts';
import { formatBackupMetadata } from '../walg/metadata.ts';
import { formatSentinel, type DeltaOrigin, type WrittenSentinel } from '../walg/sentinel.ts';
import type { Backup } from './backup.ts';
import type { DeltaParent } from './choose-parent.ts';
import { confirmStored, unconfirmed, type ExpectedObjects } from './confirm-stored.ts';
import type { DataDirectoryContents, StoredEntry } from './data-directory.ts';
import { databasesByNames } from './databases-by-names.ts';
import { describeBackup } from './list.ts';
import { corruptBlocksOf, type CorruptFile } from './page-report.ts';
import type { UploadedParts } from './upload-parts.ts';

/** All that is to be told about a backup. */
export interface FinishedBackup {
  readonly store: ObjectStore;
  readonly backupName: string;
  readonly session: BackupSession;
  readonly stopLsn: Lsn;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly hostname: string;
  readonly dataDirectory: string;
  readonly isPermanent: boolean;
  readonly compression: Compression;
  readonly contents: DataDirectoryContents;
  readonly parts: UploadedParts;
  /** Of a delta: what it builds on, and the files that are as they were there. */
  readonly parent?: DeltaParent;
  readonly skippedFiles?: readonly StoredEntry[];
  readonly userData?: JsonValue;
  /** What is in which database, by name; absent if it could not be read. */
  readonly names?: CatalogSnapshot | undefined;
  readonly corruptFiles: readonly CorruptFile[];
  readonly uncompressedSizeBytes: bigint;
  readonly compressedSizeBytes: bigint;
  readonly signal: AbortSignal;
  /** Called right before the sentinel: what it throws, and there is no backup. */
  readonly lastLook: () => Promise<void>;
}

/** Writes them. Answers with the backup as a listing will show it. */
export async function writeMetadata(finished: FinishedBackup): Promise<Backup> {
  const { store, backupName, signal } = finished;
  const sentinel = sentinelOf(finished);
  const metadata = {
    startTimeNs: sentinel.startTimeNs,
    finishTimeNs: sentinel.finishTimeNs,
    hostname: sentinel.hostname,
    dataDirectory: sentinel.dataDirectory,
    pgVersionNum: sentinel.pgVersionNum,
    startLsn: sentinel.startLsn,
    finishLsn: sentinel.finishLsn,
    isPermanent: sentinel.isPermanent,
    systemIdentifier: finished.session.systemIdentifier,
    uncompressedSizeBytes: sentinel.uncompressedSizeBytes,
    compressedSizeBytes: sentinel.compressedSizeBytes,
    ...userDataOf(finished),
  };
  await store.put(metadataKey(backupName), Buffer.from(formatBackupMetadata(metadata)), { signal });
  const list = Readable.from(formatFilesMetadata(filesOf(finished)));
  await store.put(filesMetadataKey(backupName), list, { signal });
  await confirmStored(store, expectedOf(finished), signal);
  await finished.lastLook();
  const key = sentinelKey(backupName);
  signal.throwIfAborted();
  // Without it: one that is cut off may be stored a little later, when the parts have been deleted.
  await store.put(key, Buffer.from(formatSentinel(sentinel)));
  const stored = await store.stat(key);
  if (stored === undefined) throw unconfirmed(store, backupName, `does not have ${key}`);
  const name = parseBackupName(backupName) ?? { name: backupName, segmentName: '' };
  return describeBackup(name, { key, modifiedAt: stored.modifiedAt }, sentinel, metadata);
}

function expectedOf({ backupName, compression, parts, compressedSizeBytes }: FinishedBackup): ExpectedObjects {
  const names = [...parts.tarFileSets.keys(), backupLabelObjectName(compression), pgControlObjectName(compression)];
  const tars = names.map((name) => `${tarPartitionsFolder(backupName)}${name}`);
  const keys = [...tars, metadataKey(backupName), filesMetadataKey(backupName)];
  return { backupName, keys, leastBytes: compressedSizeBytes };
}

function sentinelOf(finished: FinishedBackup): WrittenSentinel {
  const { session, contents } = finished;
  const walkedBytes = contents.entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  return {
    version: 2,
    startLsn: session.startLsn,
    finishLsn: finished.stopLsn,
    pgVersionNum: session.versionNum,
    systemIdentifier: session.systemIdentifier,
    uncompressedSizeBytes: finished.uncompressedSizeBytes,
    compressedSizeBytes: finished.compressedSizeBytes,
    dataCatalogSizeBytes: BigInt(walkedBytes),
    ...(contents.tablespaces.length === 0
      ? {}
      : { tablespaceSpec: { basePrefix: finished.dataDirectory, tablespaces: contents.tablespaces } }),
    ...(finished.parent === undefined ? {} : { delta: originOf(finished.parent) }),
    ...userDataOf(finished),
    isFilesMetadataDisabled: false,
    startTimeNs: nanoseconds(finished.startedAt),
    finishTimeNs: nanoseconds(finished.finishedAt),
    hostname: finished.hostname,
    dataDirectory: finished.dataDirectory,
    isPermanent: finished.isPermanent,
  };
}

function filesOf(finished: FinishedBackup): FilesMetadata {
  const corrupt = new Map(finished.corruptFiles.map((file) => [file.name, corruptBlocksOf(file)]));
  const files = new Map<string, FileDescription>();
  for (const { name, mtimeNs } of finished.skippedFiles ?? []) {
    files.set(name, { isIncremented: false, isSkipped: true, mtimeNs, updatesCount: 0 });
  }
  for (const { name, mtimeNs, isIncremented = false } of finished.parts.entries) {
    const corruptBlocks = corrupt.get(name);
    files.set(name, {
      isIncremented,
      isSkipped: false,
      mtimeNs,
      updatesCount: 0,
      ...(corruptBlocks === undefined ? {} : { corruptBlocks }),
    });
  }
  const tarFileSets = new Map(finished.parts.tarFileSets);
  tarFileSets.set(backupLabelObjectName(finished.compression), ['backup_label', 'tablespace_map']);
  const { names } = finished;
  return { files, tarFileSets, ...(names === undefined ? {} : { databasesByNames: databasesByNames(names) }) };
}

function userDataOf({ userData }: FinishedBackup): { userData?: JsonValue } {
  return userData === undefined ? {} : { userData };
}

function originOf({ backup, chain, count }: DeltaParent): DeltaOrigin {
  const [full = backup] = chain;
  return { backupName: backup.name, startLsn: backup.startLsn, fullBackupName: full.name, count };
}

function nanoseconds(time: Date): bigint {
  return BigInt(time.getTime()) * 1_000_000n;
}
