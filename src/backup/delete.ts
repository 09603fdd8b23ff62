/**
 * Deletes backups, as a plan says.
 *
 * The plan is a value that can be shown first. Running it lists the objects again; it removes backups in the order of
 * {@link removeBackups}, then of WAL only what {@link mayDeleteSegment} allows. It refuses when the archive's backups have
 * changed since the plan was made, and while the archive is frozen: also in the middle, with what is left then known by its
 * note, so that the next prune goes on.
 *
 * @module
 */

import { listCatalogSnapshots } from '../archive/catalog-snapshots.ts';
import { Failure } from '../base/failure.ts';
import { walSegmentSize, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { INDEX_FOLDER, segmentOfIndexKey } from '../wal-index/index-object.ts';
import { backupFolder, sentinelKey } from '../walg/backup-names.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';
import {
  mayDeleteSegment,
  planDelete,
  planDeleteBroken,
  type DeletePlan,
  type DeleteRequest,
  type WalToDelete,
} from './delete-plan.ts';
import { refuseIfFrozen } from './freeze-note.ts';
import { listUnfinished } from './list-unfinished.ts';
import { readBackupListing } from './list.ts';
import { indexFolder } from './own-objects.ts';
import { refuseIfKept, removeBackups, type RemovalOptions } from './removal.ts';
import { segmentSizeOfBackups } from './segment-size-of-backups.ts';
import { staleNames } from './stale-names.ts';

/** A plan and what it is a plan for. */
export interface PreparedDelete {
  readonly request: DeleteRequest;
  readonly plan: DeletePlan;
  /** All keys that go: sentinels, then the rest of the backups, then WAL, its indexes and names. */
  readonly keys: readonly string[];
  /** Those of {@link keys} that are of no backup. */
  readonly walKeys: readonly string[];
  readonly sizeBytes: number;
}

const KEYS_AT_ONCE = 500;
/** Where no WAL goes, none is counted in segments. */
const ANY_SEGMENT_SIZE = walSegmentSize(16 * 1024 * 1024);

/** Plans a deletion. Nothing is changed. */
export async function prepareDelete(store: ObjectStore, request: DeleteRequest): Promise<PreparedDelete> {
  const { backups, broken } = await readBackupListing(store);
  const [damaged] = broken;
  if (request.kind === 'before' && damaged !== undefined) {
    throw new Failure('refused', {
      message: `cannot tell which WAL is still needed: ${damaged.failure.message}`,
      remedy: `Delete that backup by its name first if it is of no use: walkback backup delete ${damaged.name}`,
    });
  }
  const segmentSizeBytes = request.kind === 'before' ? segmentSizeOfBackups(backups) : ANY_SEGMENT_SIZE;
  const isBroken = request.kind === 'one' && broken.some(({ name }) => name === request.name);
  const listed = new Set([...backups, ...broken].map(({ name }) => name));
  const { unfinished } = await listUnfinished(store, listed, Date.now());
  const running = unfinished.flatMap(({ name, mayBeRunning }) => (mayBeRunning ? [name] : []));
  const plan = isBroken
    ? planDeleteBroken(backups, request.name, running)
    : planDelete(backups, request, segmentSizeBytes, running);
  const ofBackups = await objectsOfBackups(store, namesOf(plan));
  const wal = plan.wal === undefined ? [] : await walObjects(store, plan.wal, segmentSizeBytes);
  const walKeys = wal.map(({ key }) => key);
  return {
    request,
    plan,
    keys: [...namesOf(plan).map(sentinelKey), ...ofBackups.map(({ key }) => key), ...walKeys],
    walKeys,
    sizeBytes: [...ofBackups, ...wal].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

/** What is no longer listed when it is done. */
export function namesOf(plan: DeletePlan): string[] {
  return [...plan.backups.map(({ name }) => name), ...(plan.broken === undefined ? [] : [plan.broken])];
}

type Going = Pick<ObjectInfo, 'key' | 'sizeBytes'>;

async function objectsOfBackups(store: ObjectStore, names: readonly string[]): Promise<Going[]> {
  const going: Going[] = [];
  for (const folder of names.flatMap((name) => [backupFolder(name), indexFolder(name)])) {
    for await (const object of store.list(folder)) going.push(object);
  }
  return going;
}

async function walObjects(
  store: ObjectStore,
  wal: WalToDelete,
  segmentSizeBytes: WalSegmentSizeBytes,
): Promise<Going[]> {
  const going: Going[] = [];
  for await (const object of store.list(WAL_FOLDER)) {
    const file = walFileOf(object.key);
    if (file === undefined || file.kind === 'history' || !mayDeleteSegment(file.fileName, wal)) continue;
    going.push(object);
  }
  // Behind the segments: an index without its segment harms nobody.
  for await (const object of store.list(INDEX_FOLDER)) {
    const segment = segmentOfIndexKey(object.key);
    if (segment !== undefined && mayDeleteSegment(segment, wal)) going.push(object);
  }
  return [...going, ...staleNames(await listCatalogSnapshots(store), wal, segmentSizeBytes)];
}

/**
 * Deletes.
 *
 * @throws {Failure} `conflict` if backups have come, gone or been marked since the plan was made; `refused` if the archive
 *   is frozen, or is meanwhile.
 */
export async function runDelete(store: ObjectStore, prepared: PreparedDelete): Promise<void> {
  await refuseIfFrozen(store, 'delete backups');
  const again = await prepareDelete(store, prepared.request);
  const names = (plan: DeletePlan): string =>
    JSON.stringify([namesOf(plan), plan.kept.map(({ name }) => name), plan.wal?.firstKept]);
  if (names(again.plan) !== names(prepared.plan)) {
    throw new Failure('conflict', {
      message: 'cannot delete as planned: the backups of the archive have changed since',
      remedy: 'Make the plan again and look at it.',
    });
  }
  const { backups, broken } = prepared.plan;
  const going = broken === undefined ? backups : [...backups, { name: broken }];
  await removeBackups(store, going, stopsOf(store, prepared.plan));
  const { walKeys } = prepared;
  for (let at = 0; at < walKeys.length; at += KEYS_AT_ONCE) {
    await refuseIfFrozen(store, 'delete further');
    await store.delete(walKeys.slice(at, at + KEYS_AT_ONCE));
  }
}

/** What ends it in the middle: a freeze, or a backup that is kept meanwhile. One that cannot be read, nobody can keep. */
function stopsOf(store: ObjectStore, { backups }: DeletePlan): RemovalOptions {
  const readable = new Set(backups.map(({ name }) => name));
  const beforeRest = async (): Promise<void> => refuseIfFrozen(store, 'delete further');
  const beforeSentinels = async (names: readonly string[]): Promise<void> => {
    const marked = names.filter((name) => readable.has(name));
    await beforeRest();
    await refuseIfKept(store, marked, 'delete further');
  };
  return { beforeSentinels, beforeRest };
}
