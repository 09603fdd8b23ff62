/**
 * Takes a base backup of a running server, full or delta, in WAL-G's format.
 *
 * The sentinel is written last, when all parts, the metadata and every segment of WAL that the backup needs are in the
 * archive; until then there is no backup. Whatever goes wrong before, everything written is deleted again, and what a
 * killed run left is deleted by the next one; where nothing may be deleted it stays, and backups are taken all the same.
 *
 * A backup from a standby works the same way; if the standby is promoted meanwhile, the server refuses to stop the backup
 * and it is given up.
 *
 * Source: WAL-G `internal/databases/postgres/backup_push_handler.go`; PostgreSQL manual, "Making a Base Backup Using the
 * Low Level API".
 *
 * @module
 */

import { hostname } from 'node:os';

import type { Compression } from '../base/compression-names.ts';
import { Failure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import type { BackupEnd, BackupSession } from '../instance/backup-session.ts';
import { formatSegmentName, segmentAt, walSegmentSize } from '../postgres/wal-segment.ts';
import { limitedStore } from '../storage/limited-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import {
  backupFolder,
  backupLabelObjectName,
  formatBackupName,
  parseBackupName,
  sentinelKey,
} from '../walg/backup-names.ts';
import type { JsonValue } from '../walg/json64.ts';
import type { Backup } from './backup.ts';
import { archiverFacts, checkBackupSource, type BackupSource } from './backup-source.ts';
import type { DeltaParent, DeltaWish } from './choose-parent.ts';
import { copyFiles } from './copy-files.ts';
import { keepParent } from './keep-parent.ts';
import { leftUndeletedWords } from './left-undeleted.ts';
import { corruptFiles, corruptPagesFailure, type CorruptFile } from './page-report.ts';
import { refuseIfGoing } from './removal.ts';
import { markRunning, type OwnMarker } from './running-marker.ts';
import { baseOn, chooseBase, type Base } from './take-base.ts';
import { cleanFirst, removeMarker, takeBack, type Leftovers } from './tidy-up.ts';
import { uploadSmallTar, type SmallTarOptions } from './upload-parts.ts';
import { waitForWal } from './wait-for-wal.ts';
import { describeChanges } from './what-changed.ts';
import { writeMetadata } from './write-metadata.ts';
import { readNames, writeNames } from './write-names.ts';

/** How to take a backup. */
export interface TakeBackupOptions {
  /** As who writes sees it: without failover storages that are away. */
  readonly store: ObjectStore;
  /** All of the archive, by which is decided what was left behind and goes. `store` unless told. */
  readonly whole?: ObjectStore;
  readonly instance: BackupSource;
  /** The server's data directory, on this host. */
  readonly dataDirectory: string;
  readonly compression: Compression;
  /** zstd's level; 1 unless told. */
  readonly level?: number;
  /** How many files are read and compressed at once. */
  readonly concurrency: number;
  /** How many bytes a second may be read from the disk; as many as it can unless told. */
  readonly diskBytesPerS?: number;
  /** How fast the store is written and read; as fast as it goes unless told. */
  readonly limiter?: RateLimiter | undefined;
  readonly isPermanent?: boolean;
  /** Only what has changed since another backup, where that can be; a full backup unless told. */
  readonly delta?: DeltaWish;
  /** Anything the user wants to find the backup by; kept in its sentinel and metadata. */
  readonly userData?: JsonValue;
  /** Keep the backup although pages do not carry their checksum; they are recorded in it. */
  readonly allowCorruptPages?: boolean;
  /** How long to wait for WAL to reach the archive while nothing new arrives; ten minutes unless told. */
  readonly walTimeoutMs?: number;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

/** A backup that was just taken, and what there is to say about it. */
export interface TakenBackup extends Backup {
  readonly corruptFiles: readonly CorruptFile[];
  /** False if the cluster has no checksums (or pages of an unusual size): nothing was verified. */
  readonly arePagesVerified: boolean;
  /** Entries that a backup cannot hold: links, sockets, devices. */
  readonly skipped: readonly string[];
  /** Directories that are links on the server; the backup has them as plain ones. */
  readonly followed: readonly string[];
  /** Names of killed backups whose objects were deleted first. */
  readonly cleanedUp: readonly string[];
  /** What went wrong beside the backup, which is whole. */
  readonly warnings: readonly string[];
  /** Why it is a full backup although a delta was asked for. */
  readonly fullBecause?: string;
  /** Of a delta: what told which blocks have changed, in words. */
  readonly changesFrom?: string;
}

const DEFAULT_WAL_TIMEOUT_MS = 600_000;
const DEFAULT_LEVEL = 1;

/**
 * Takes a backup.
 *
 * @throws {Failure} `refused` when the server does not archive WAL, `conflict` when the archive has one of that name,
 * `corrupt` when pages are and must not be, `unavailable` when the WAL does not arrive.
 */
export async function takeBackup(given: TakeBackupOptions): Promise<TakenBackup> {
  const options = { ...given, store: limitedStore(given.store, given.limiter) };
  await checkBackupSource(options.instance, options.dataDirectory);
  const leftovers = await cleanFirst(options.whole ?? options.store, new Date());
  const chosen = await chooseBase(options);
  // Behind what may take long: what is committed from here to the checkpoint is in the backup, and a time in between is not reached from it.
  const startedAt = new Date();
  const label = `walkback ${startedAt.toISOString()}`;
  await using session = await options.instance.openBackupSession({ label });
  // Right behind the checkpoint that the backup begins with: the WAL of whatever changes later shows whole pages first.
  const naming = readNames((database) => options.instance.connect(database));
  try {
    const base = await baseOn(session, chosen, options);
    const running = { backupName: nameFor(session, base.parent), startedAt, ...base };
    return await takeMarked(session, { ...running, leftovers }, naming, options);
  } catch (error) {
    throw session.lost.aborted ? connectionLost(error) : error;
  } finally {
    await naming;
  }
}

/** Under a marker that says it is being taken; whatever goes wrong, nothing of it stays that may be deleted. */
async function takeMarked(
  session: BackupSession,
  { leftovers, ...running }: Running & { readonly leftovers: Leftovers },
  naming: ReturnType<typeof readNames>,
  options: TakeBackupOptions,
): Promise<TakenBackup> {
  const { store, whole = store, signal } = options;
  const { backupName, startedAt, parent } = running;
  await refuseTakenName(store, backupName, session.isInRecovery);
  const marker = await markRunning(store, backupName, startedAt, parent?.backup.name);
  try {
    const chain = parent?.chain.map(({ name }) => name) ?? [];
    await refuseIfGoing(store, chain, signal === undefined ? {} : { signal });
    const taken = await copyAndFinish(session, { ...running, marker }, naming, options);
    const warnings = await writeNames(await naming, store, signal === undefined ? {} : { signal });
    const problem = (await removeMarker(marker)) ?? leftovers.problem;
    const said = problem === undefined ? warnings : [...warnings, leftUndeletedWords(problem)];
    return { ...taken, cleanedUp: leftovers.cleanedUp, warnings: said };
  } catch (error) {
    await takeBack(whole, backupName, marker);
    throw error;
  }
}

function nameFor(session: BackupSession, parent: DeltaParent | undefined): string {
  const size = walSegmentSize(session.walSegmentSizeBytes);
  const segmentName = formatSegmentName(segmentAt(session.timeline, session.startLsn, size), size);
  return formatBackupName(segmentName, parent && parseBackupName(parent.backup.name));
}

async function refuseTakenName(store: ObjectStore, backupName: string, isStandby: boolean): Promise<void> {
  const { objects, folders } = await store.listFolder(backupFolder(backupName));
  const sentinel = await store.stat(sentinelKey(backupName));
  if (sentinel === undefined && objects.length + folders.length === 0) return;
  throw new Failure('conflict', {
    message: `cannot take backup ${backupName}: ${store.address} already has ${sentinel === undefined ? 'objects' : 'a backup'} of that name`,
    remedy:
      sentinel === undefined
        ? `If no other backup is running, delete what is under ${backupFolder(backupName)}; then run this again.`
        : isStandby
          ? 'This standby has had no new restart point since: run CHECKPOINT on the primary, and take the backup again a little later.'
          : 'Look whether two clusters write to the same archive.',
  });
}

type Taken = Omit<TakenBackup, 'cleanedUp' | 'warnings'>;

/** The backup that is being taken. */
interface Running extends Base {
  readonly backupName: string;
  readonly startedAt: Date;
}

async function copyAndFinish(
  session: BackupSession,
  running: Running & { readonly marker: OwnMarker },
  naming: ReturnType<typeof readNames>,
  options: TakeBackupOptions,
): Promise<Taken> {
  const { store, dataDirectory, compression } = options;
  const { backupName, startedAt, parent, changes, fullBecause, marker } = running;
  const signal = AbortSignal.any([session.lost, ...(options.signal === undefined ? [] : [options.signal])]);
  const level = options.level ?? DEFAULT_LEVEL;
  const target = { store, backupName, compression, level, signal };
  const copied = await copyFiles(session, running, options, target);
  const end = await session.stop({ waitForArchive: false });
  const corrupt = corruptFiles(copied.parts.entries, end.stopLsn);
  if (corrupt.length > 0 && options.allowCorruptPages !== true) throw corruptPagesFailure(corrupt);
  const labelStored = await uploadLabel(end, target);
  await waitForNeededWal(session, end, signal, options);
  const labelBytes = Buffer.byteLength(end.backupLabel) + Buffer.byteLength(end.tablespaceMap);
  const backup = await writeMetadata({
    ...target,
    session,
    stopLsn: end.stopLsn,
    startedAt,
    finishedAt: new Date(),
    hostname: hostname(),
    dataDirectory,
    isPermanent: options.isPermanent ?? false,
    contents: copied.contents,
    parts: copied.parts,
    ...(parent === undefined ? {} : { parent, skippedFiles: copied.skippedFiles }),
    ...(options.userData === undefined ? {} : { userData: options.userData }),
    corruptFiles: corrupt,
    names: (await naming).snapshot,
    uncompressedSizeBytes: BigInt(copied.parts.payloadBytes + copied.controlBytes + labelBytes),
    compressedSizeBytes: BigInt(copied.parts.storedBytes + copied.controlStoredBytes + labelStored),
    lastLook: async () => {
      if (parent !== undefined) await keepParent(store, parent, options.isPermanent ?? false);
      await marker.confirm();
    },
  });
  const { skipped, followed } = copied.contents;
  const said = {
    ...(fullBecause === undefined ? {} : { fullBecause }),
    ...(changes === undefined ? {} : { changesFrom: describeChanges(changes) }),
  };
  return { ...backup, ...said, corruptFiles: corrupt, arePagesVerified: copied.arePagesVerified, skipped, followed };
}

async function uploadLabel(end: BackupEnd, upload: SmallTarOptions): Promise<number> {
  const files = [
    { name: 'backup_label', bytes: Buffer.from(end.backupLabel), mtimeSeconds: 0 },
    { name: 'tablespace_map', bytes: Buffer.from(end.tablespaceMap), mtimeSeconds: 0 },
  ];
  return uploadSmallTar(files, backupLabelObjectName(upload.compression), upload);
}

async function waitForNeededWal(
  session: BackupSession,
  end: BackupEnd,
  signal: AbortSignal,
  options: TakeBackupOptions,
): Promise<void> {
  await waitForWal({
    store: options.store,
    timeline: session.timeline,
    startLsn: session.startLsn,
    stopLsn: end.stopLsn,
    segmentSizeBytes: walSegmentSize(session.walSegmentSizeBytes),
    timeoutMs: options.walTimeoutMs ?? DEFAULT_WAL_TIMEOUT_MS,
    onProgress: options.onProgress,
    signal,
    explain: () => archiverFacts(session.connection),
  });
}

function connectionLost(cause: unknown): Failure {
  return new Failure('unavailable', {
    message: 'cannot finish the backup: the connection to the server, and with it the backup, is gone',
    remedy: "Look at the server's log, then take the backup again.",
    cause,
  });
}
