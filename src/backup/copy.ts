/**
 * Copying backups with their WAL from one archive to another: a plan first, then objects that are written only where none is.
 *
 * A backup goes with all that it builds on. Its WAL is every object from one segment before the oldest start on (backups may
 * start on a boundary), on all timelines, and every history file; without history only up to one segment behind each
 * backup's end. Sentinels come last, so that a copy that is broken off leaves no backup that cannot be restored; begun
 * again it goes on, and an object that is there with other content is a conflict, never overwritten: what is there is read
 * and compared, since encrypted and uncompressed objects of the same name mostly have the same size.
 *
 * Nothing is copied where WAL of a backup is missing, nor into the archive of another cluster.
 *
 * Objects go from one store to the other as these give them: given as they are stored, neither is decrypted.
 *
 * Source: WAL-G `internal/databases/postgres/backup_copy_handler.go`, `internal/copy`.
 *
 * @module
 */

import { createHash } from 'node:crypto';

import { readSystemIdentifier } from '../archive/archive-identity.ts';
import { Failure } from '../base/failure.ts';
import type { Lsn } from '../postgres/lsn.ts';
import { formatSegmentName, segmentAt, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { backupFolder, sentinelKey } from '../walg/backup-names.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';
import type { Backup } from './backup.ts';
import { withParents } from './chain-members.ts';
import { checkCopiedWal } from './copied-wal.ts';
import { segmentSizeOfBackups } from './segment-size-of-backups.ts';

/** What is copied. */
export interface CopyRequest {
  /** Names of backups; `all`: every one. */
  readonly names: readonly string[] | 'all';
  /** True: all WAL behind the oldest of them, so that any later moment can be reached. False: what each needs by itself. */
  readonly withHistory: boolean;
}

/** What will be copied, in this order. */
export interface CopyPlan {
  readonly backups: readonly Backup[];
  readonly objects: readonly ObjectInfo[];
  readonly sizeBytes: number;
}

/** What became of it. */
export interface CopyOutcome {
  readonly copiedObjects: number;
  readonly copiedBytes: number;
  /** Were there already, with the same content. */
  readonly presentObjects: number;
}

function chosen(backups: readonly Backup[], names: CopyRequest['names']): Backup[] {
  if (names === 'all') return [...backups];
  const unknown = names.find((name) => !backups.some((backup) => backup.name === name));
  if (unknown !== undefined)
    throw new Failure('notInArchive', {
      message: `no backup ${JSON.stringify(unknown)} in the archive that is copied from`,
      remedy: 'List what there is: walkback backup list',
    });
  const all = withParents(backups, names);
  return backups.filter(({ name }) => all.has(name));
}

/** The last 16 digits of the name of the segment that holds `lsn`, or of one beside it. */
function positionOf(lsn: Lsn, segmentSizeBytes: WalSegmentSizeBytes, beside: -1 | 1): string {
  const segment = segmentAt(1, lsn, segmentSizeBytes);
  const index = segment.index + BigInt(beside);
  return formatSegmentName({ ...segment, index: index < 0n ? 0n : index }, segmentSizeBytes).slice(8);
}

/** True for the WAL objects that these backups need. */
function walNeededBy(backups: readonly Backup[], withHistory: boolean): (key: string) => boolean {
  const segmentSizeBytes = segmentSizeOfBackups(backups);
  const spans = backups.map(({ startLsn, finishLsn }) => ({
    first: positionOf(startLsn, segmentSizeBytes, -1),
    last: withHistory ? 'G' : positionOf(finishLsn, segmentSizeBytes, 1),
  }));
  return (key) => {
    const file = walFileOf(key);
    if (file === undefined) return false;
    const position = file.fileName.slice(8, 24);
    return file.kind === 'history' || spans.some(({ first, last }) => position >= first && position <= last);
  };
}

/** Plans. @throws {Failure} `notInArchive` for an unknown name, or a segment of WAL that is missing. */
export async function planCopy(
  from: ObjectStore,
  backups: readonly Backup[],
  request: CopyRequest,
  signal?: AbortSignal,
): Promise<CopyPlan> {
  const options = signal === undefined ? {} : { signal };
  const copied = chosen(backups, request.names);
  const objects: ObjectInfo[] = [];
  if (copied.length > 0) {
    const isNeeded = walNeededBy(copied, request.withHistory);
    for await (const object of from.list(WAL_FOLDER, options)) if (isNeeded(object.key)) objects.push(object);
    const { names, withHistory } = request;
    checkCopiedWal({
      address: from.address,
      backups: names === 'all' ? copied : copied.filter(({ name }) => names.includes(name)),
      keys: objects.map(({ key }) => key),
      withHistory,
      segmentSizeBytes: segmentSizeOfBackups(copied),
    });
  }
  for (const { name } of copied)
    for await (const object of from.list(backupFolder(name), options)) objects.push(object);
  for (const { name } of copied) {
    const sentinel = await from.stat(sentinelKey(name), options);
    if (sentinel !== undefined) objects.push(sentinel);
  }
  return { backups: copied, objects, sizeBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

/** Makes sure that an archive that holds anything holds this cluster. @throws {Failure} `conflict` if it is another's. */
export async function refuseOtherCluster({ from, to }: OpenedStores, signal?: AbortSignal): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  const held = await readSystemIdentifier(to, options);
  const copied = held === undefined ? undefined : await readSystemIdentifier(from, options);
  if (copied === undefined || held === copied) return;
  throw new Failure('conflict', {
    message: `cannot copy to ${to.address}: it holds the system ${held}, and what is copied is of ${copied}`,
    remedy: 'Copy to an archive that is empty, or of the same cluster. What is there stays as it is.',
  });
}

const SENTINEL = /_backup_stop_sentinel\.json$/;

function otherContent(to: ObjectStore, key: string): Failure {
  return new Failure('conflict', {
    message: `cannot copy ${key} to ${to.address}: another object is there under this name`,
    remedy: 'Copy to an archive that is empty, or of the same cluster. What is there stays as it is.',
  });
}

/** The same two stores with what they hold decrypted: an object may have been encrypted at two times. */
export interface OpenedStores {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
}

/** How objects are copied. */
export interface CopyOptions {
  readonly concurrency: number;
  /** Given where objects are encrypted. */
  readonly opened?: OpenedStores;
  readonly onCopied?: (object: ObjectInfo) => void;
  readonly signal?: AbortSignal;
}

type Calls = { readonly signal?: AbortSignal };

async function digestOf(store: ObjectStore, key: string, calls: Calls): Promise<string | undefined> {
  const pieces = await store.open(key, calls);
  if (pieces === undefined) return undefined;
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

async function holdTheSame({ from, to }: OpenedStores, key: string, calls: Calls): Promise<boolean> {
  const [left, right] = await Promise.all([digestOf(from, key, calls), digestOf(to, key, calls)]);
  return left !== undefined && left === right;
}

/** True if both hold the same under `key`, as it is stored or as it is decrypted. */
async function isPresent(stored: OpenedStores, { key, sizeBytes }: ObjectInfo, options: CopyOptions): Promise<boolean> {
  const { opened, signal } = options;
  const calls = signal === undefined ? {} : { signal };
  const isSameSize = (await stored.to.stat(key, calls))?.sizeBytes === sizeBytes;
  if (isSameSize && (await holdTheSame(stored, key, calls))) return true;
  return opened !== undefined && holdTheSame(opened, key, calls);
}

/** Copies one object; false if it was there. */
async function copyOne(from: ObjectStore, to: ObjectStore, object: ObjectInfo, options: CopyOptions): Promise<boolean> {
  const { key } = object;
  const calls = options.signal === undefined ? {} : { signal: options.signal };
  const body = await from.open(key, calls);
  if (body === undefined)
    throw new Failure('conflict', {
      message: `cannot copy ${key} from ${from.address}: it was deleted meanwhile`,
      remedy: 'Find out who else deletes in this archive, then plan again.',
    });
  if ((await to.put(key, body, { ...calls, ifAbsent: true })) === 'written') return true;
  if (!(await isPresent({ from, to }, object, options))) throw otherContent(to, key);
  return false;
}

/** Runs a plan, `concurrency` objects at a time; the sentinels when all else is there. */
export async function runCopy(
  from: ObjectStore,
  to: ObjectStore,
  plan: CopyPlan,
  options: CopyOptions,
): Promise<CopyOutcome> {
  const isLast = ({ key }: ObjectInfo): boolean => SENTINEL.test(key);
  let outcome: CopyOutcome = { copiedObjects: 0, copiedBytes: 0, presentObjects: 0 };
  for (const group of [plan.objects.filter((object) => !isLast(object)), plan.objects.filter(isLast)]) {
    const waiting = group.values();
    let hasFailed = false;
    const worker = async (): Promise<void> => {
      for (const object of waiting) {
        if (hasFailed) return;
        const isNew = await copyOne(from, to, object, options);
        outcome = {
          copiedObjects: outcome.copiedObjects + (isNew ? 1 : 0),
          copiedBytes: outcome.copiedBytes + (isNew ? object.sizeBytes : 0),
          presentObjects: outcome.presentObjects + (isNew ? 0 : 1),
        };
        options.onCopied?.(object);
      }
    };
    // Nothing is copied any more once this has failed.
    const workers = Array.from({ length: options.concurrency }, async () =>
      worker().catch((error: unknown) => {
        hasFailed = true;
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }
  return outcome;
}
