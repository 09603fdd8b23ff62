/**
 * A lived archive as objects in a folder, and back.
 *
 * Sentinels, metadata and history files are as wal-g writes them; segments hold the first page's header and nothing else.
 *
 * @module
 */

import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { catalogSnapshotKey } from '../../../src/archive/catalog-snapshots.ts';
import { segmentBytes } from '../../../src/archive/testing/segment-bytes.ts';
import { indexFolder, indexKey } from '../../../src/backup/own-objects.ts';
import { formatLsn } from '../../../src/postgres/lsn.ts';
import { formatHistoryName } from '../../../src/postgres/timeline-history.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { backupLedgerKey } from '../../../src/verify/ledger-object.ts';
import { segmentIndexKey } from '../../../src/wal-index/index-object.ts';
import {
  backupFolder,
  metadataKey,
  partObjectName,
  sentinelKey,
  tarPartitionsFolder,
} from '../../../src/walg/backup-names.ts';
import { formatBackupMetadata } from '../../../src/walg/metadata.ts';
import { formatSentinel, type WrittenSentinel } from '../../../src/walg/sentinel.ts';
import { walObjectKey } from '../../../src/walg/object-names.ts';
import {
  SEGMENT_SIZE,
  SYSTEM_IDENTIFIER,
  ancestorsOf,
  backupName,
  backupOf,
  positionOf,
  segmentName,
  timeOf,
  unfinishedName,
} from './as-facts.ts';
import { nameOf, type ModelKeeps, type ModelState } from './keep-model.ts';
import type { LivedArchive, LivedBackup } from './lived-archive.ts';

const HEADER_BYTES = 64;
const NS_PER_MS = 1_000_000n;

async function write(folder: string, key: string, body: string | Buffer, hour: number): Promise<void> {
  const path = join(folder, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, body);
  const at = new Date(timeOf(hour));
  await utimes(path, at, at);
}

/** Writes it. */
export async function writeArchive(folder: string, archive: LivedArchive): Promise<void> {
  for (const { timeline, index, archivedHour } of archive.segments) {
    const name = segmentName(timeline, index);
    const bytes = segmentBytes({ name, sizeBytes: SEGMENT_SIZE, systemIdentifier: SYSTEM_IDENTIFIER });
    await write(folder, walObjectKey(name, 'none'), bytes.subarray(0, HEADER_BYTES), archivedHour);
    if (index % 3 === 0) await write(folder, segmentIndexKey(name), 'index', archivedHour);
  }
  for (const [timeline, { toldHour }] of archive.forks) {
    const lines = ancestorsOf(archive, timeline).map(
      (one) => `${one.timeline}\t${formatLsn(one.switchLsn)}\t${one.reason}\n`,
    );
    await write(folder, walObjectKey(formatHistoryName(timeline), 'none'), lines.join(''), toldHour);
  }
  for (const backup of archive.backups) await writeBackup(folder, backup);
  for (const one of archive.unfinished) {
    await write(
      folder,
      `${tarPartitionsFolder(unfinishedName(one))}${partObjectName(1, 'zstd')}`,
      'part',
      one.newestHour,
    );
  }
}

/** A backup's sentinel. */
export function sentinelOf(lived: LivedBackup): WrittenSentinel {
  const backup = backupOf(lived);
  const { deltaFrom, deltaFromLsn } = backup;
  return {
    version: 2,
    startLsn: backup.startLsn,
    finishLsn: backup.finishLsn,
    pgVersionNum: backup.pgVersionNum,
    systemIdentifier: SYSTEM_IDENTIFIER,
    uncompressedSizeBytes: backup.uncompressedSizeBytes,
    compressedSizeBytes: backup.compressedSizeBytes,
    isFilesMetadataDisabled: false,
    startTimeNs: BigInt(backup.startedAt.getTime()) * NS_PER_MS,
    finishTimeNs: BigInt(backup.finishedAt.getTime()) * NS_PER_MS,
    hostname: backup.hostname,
    dataDirectory: backup.dataDirectory,
    isPermanent: false,
    ...(deltaFrom === undefined || deltaFromLsn === undefined
      ? {}
      : { delta: { backupName: deltaFrom, startLsn: deltaFromLsn, fullBackupName: deltaFrom, count: 1 } }),
  };
}

async function writeBackup(folder: string, lived: LivedBackup): Promise<void> {
  const backup = backupOf(lived);
  const { name } = backup;
  const hour = lived.finishedHour;
  const sentinel = sentinelOf(lived);
  await write(folder, sentinelKey(name), formatSentinel(sentinel), hour);
  const metadata = formatBackupMetadata({ ...sentinel, isPermanent: lived.isPermanent });
  await write(folder, metadataKey(name), metadata, hour);
  const part = partObjectName(1, 'zstd');
  await write(folder, `${tarPartitionsFolder(name)}${part}`, 'part', hour);
  await write(folder, indexKey(name, part), 'index', hour);
  await write(folder, catalogSnapshotKey(lived.timeline, positionOf(lived.start + 0.1)), 'names', hour);
  const broken = lived.isDamaged ? { broken: 'a part is damaged' } : {};
  await write(folder, backupLedgerKey(name), JSON.stringify({ version: 1, proven: {}, ...broken }), hour);
}

async function keysOf(store: ObjectStore, prefix: string): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const { key } of store.list(prefix)) keys.add(key);
  return keys;
}

/** What is listed now. */
export async function readState(store: ObjectStore, archive: LivedArchive): Promise<ModelState> {
  const keys = await keysOf(store, '');
  return {
    archive,
    backups: new Set(archive.backups.filter((one) => keys.has(sentinelKey(backupName(one))))),
    segments: new Set(
      archive.segments
        .filter(({ timeline, index }) => keys.has(walObjectKey(segmentName(timeline, index), 'none')))
        .map(nameOf),
    ),
  };
}

/** Objects that are there and are of nothing, or are not there and are of something. */
export async function leftOverKeys(store: ObjectStore, archive: LivedArchive, keeps: ModelKeeps): Promise<string[]> {
  const keys = await keysOf(store, '');
  const differences: string[] = [];
  const expect = (key: string, isThere: boolean): void => {
    if (keys.has(key) !== isThere) differences.push(`${key} is ${isThere ? 'gone' : 'left'}`);
  };
  for (const segment of archive.segments.filter(({ index }) => index % 3 === 0)) {
    expect(segmentIndexKey(segmentName(segment.timeline, segment.index)), keeps.segments.has(nameOf(segment)));
  }
  for (const one of archive.backups) {
    const name = backupName(one);
    for (const key of [
      metadataKey(name),
      `${tarPartitionsFolder(name)}${partObjectName(1, 'zstd')}`,
      backupLedgerKey(name),
    ]) {
      expect(key, keeps.backups.has(one));
    }
    expect(indexKey(name, partObjectName(1, 'zstd')), keeps.backups.has(one));
    if (keeps.backups.has(one)) expect(catalogSnapshotKey(one.timeline, positionOf(one.start + 0.1)), true);
  }
  for (const timeline of archive.forks.keys()) expect(walObjectKey(formatHistoryName(timeline), 'none'), true);
  for (const one of archive.unfinished) {
    expect(`${tarPartitionsFolder(unfinishedName(one))}${partObjectName(1, 'zstd')}`, true);
  }
  const known = archive.backups.flatMap((one) => [backupFolder(backupName(one)), indexFolder(backupName(one))]);
  const gone = archive.backups.filter((one) => !keeps.backups.has(one));
  for (const key of keys) if (key.startsWith('walkback_001/removing/')) differences.push(`${key} is left`);
  for (const folder of known.filter((one) => gone.some((backup) => one.includes(`/${backupName(backup)}/`)))) {
    for (const key of keys) if (key.startsWith(folder)) differences.push(`${key} is left`);
  }
  return differences;
}
