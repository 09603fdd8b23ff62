/**
 * Deletes backups, as a plan says.
 *
 * The plan is a value that can be shown first. Running it lists the objects again; it deletes a backup's sentinel before
 * anything else of it, and of WAL only what {@link mayDeleteSegment} allows. It refuses when the archive's backups have
 * changed since the plan was made.
 *
 * @module
 */

import { listCatalogSnapshots } from '../archive/catalog-snapshots.ts';
import { Failure } from '../base/failure.ts';
import { walSegmentSize, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { INDEX_FOLDER, segmentOfIndexKey } from '../wal-index/index-object.ts';
import { backupFolder, parseBackupName, sentinelKey } from '../walg/backup-names.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';
import type { Backup } from './backup.ts';
import { mayDeleteSegment, planDelete, type DeletePlan, type DeleteRequest } from './delete-plan.ts';
import { readBackupListing } from './list.ts';
import { indexFolder } from './own-objects.ts';
import { staleNames } from './stale-names.ts';

/** A plan and what it is a plan for. */
export interface PreparedDelete {
  readonly request: DeleteRequest;
  readonly plan: DeletePlan;
  /** Keys in the order they go: sentinels, then the rest of the backups, then WAL and its indexes. */
  readonly keys: readonly string[];
  readonly sizeBytes: number;
}

const MIB = 1024 * 1024;
const USUAL_SEGMENT_BYTES = 16 * MIB;
const SEGMENT_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map((sizeMib) => sizeMib * MIB);
const KEYS_AT_ONCE = 500;

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
  const segmentSizeBytes = segmentSizeOf(backups);
  const plan = planDelete(backups, request, segmentSizeBytes);
  const keys: string[] = plan.backups.map(({ name }) => sentinelKey(name));
  let sizeBytes = 0;
  for (const { name } of plan.backups) {
    for (const folder of [backupFolder(name), indexFolder(name)]) {
      for await (const object of store.list(folder)) {
        keys.push(object.key);
        sizeBytes += object.sizeBytes;
      }
    }
  }
  if (plan.wal !== undefined) {
    for await (const object of store.list(WAL_FOLDER)) {
      const file = walFileOf(object.key);
      if (file === undefined || file.kind === 'history' || !mayDeleteSegment(file.fileName, plan.wal)) continue;
      keys.push(object.key);
      sizeBytes += object.sizeBytes;
    }
    // Behind the segments: an index without its segment harms nobody.
    for await (const object of store.list(INDEX_FOLDER)) {
      const segment = segmentOfIndexKey(object.key);
      if (segment === undefined || !mayDeleteSegment(segment, plan.wal)) continue;
      keys.push(object.key);
      sizeBytes += object.sizeBytes;
    }
    for (const place of staleNames(await listCatalogSnapshots(store), plan.wal, segmentSizeBytes)) {
      keys.push(place.key);
      sizeBytes += place.sizeBytes;
    }
  }
  return { request, plan, keys, sizeBytes };
}

/**
 * The segment size of the server: a backup's name tells the segment that holds its start, which fits few sizes.
 *
 * @throws {Failure} `refused` if no one size fits all.
 */
function segmentSizeOf(backups: readonly Backup[]): WalSegmentSizeBytes {
  const fitting = SEGMENT_SIZES.filter((sizeBytes) => backups.every((backup) => fitsName(backup, sizeBytes)));
  const chosen = fitting.includes(USUAL_SEGMENT_BYTES) ? USUAL_SEGMENT_BYTES : fitting[0];
  if (chosen !== undefined) return walSegmentSize(chosen);
  throw new Failure('refused', {
    message: 'cannot tell which WAL is still needed: the backups are of servers with different segment sizes',
    remedy: 'Delete backups one by one, by name; their WAL stays.',
  });
}

function fitsName({ name, startLsn }: Backup, sizeBytes: number): boolean {
  const segmentName = parseBackupName(name)?.segmentName ?? '';
  const high = BigInt(`0x${segmentName.slice(8, 16)}`) << 32n;
  const start = high + BigInt(`0x${segmentName.slice(16)}`) * BigInt(sizeBytes);
  return start <= startLsn && startLsn <= start + BigInt(sizeBytes);
}

/** Deletes. @throws {Failure} `conflict` if backups have come, gone or been marked since the plan was made. */
export async function runDelete(store: ObjectStore, prepared: PreparedDelete): Promise<void> {
  const again = await prepareDelete(store, prepared.request);
  const names = (plan: DeletePlan): string => [...plan.backups, ...plan.kept].map(({ name }) => name).join(' ');
  if (names(again.plan) !== names(prepared.plan) || again.plan.backups.length !== prepared.plan.backups.length) {
    throw new Failure('conflict', {
      message: 'cannot delete as planned: the backups of the archive have changed since',
      remedy: 'Make the plan again and look at it.',
    });
  }
  for (let at = 0; at < prepared.keys.length; at += KEYS_AT_ONCE) {
    await store.delete(prepared.keys.slice(at, at + KEYS_AT_ONCE));
  }
}
